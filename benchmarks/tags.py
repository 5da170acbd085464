"""Measures requests for tags with 100,000 tags: python -m benchmarks.tags [sqlite|postgresql]

Times whole requests inside one process, without a network. Prints the median of each in milliseconds and as a multiple
of the first page's, and the query plans.
"""

import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import insert

from benchmarks.in_process import application, plan, statements, tidy_up
from scapi.database import db
from scapi.tags.models import Tag
from scapi.tags.rows import columns_of
from tests import databases

TAGS = 100_000
FEW, MANY = 7, TAGS // 2
"""The number of tags that each of the two search terms finds."""

REPEATS = 15

WORDS = "music travel food garden history science football cinema theatre poetry Ελλάδα القاهرة İstanbul Straße"

REQUESTS = {
    "first page": "/tag/",
    "offset 90,000": "/tag/?offset=90000",
    "offset 90,000, by name": "/tag/?offset=90000&ordering=name",
    "offset 40,000, active": "/tag/?offset=40000&active=true",
    f"search, {FEW} hits": "/tag/?search=needle",
    f"search, {MANY:,} hits": "/tag/?search=common",
    f"search, {MANY:,} hits, offset 40,000": "/tag/?search=common&offset=40000",
    "search, no hits": "/tag/?search=nothing like it",
    "search, 2 characters": "/tag/?search=qz",
    "one tag": "/tag/50000/",
}


def fill() -> None:
    """Insert the tags."""
    chance = random.Random(1)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    rows = []
    for number in range(TAGS):
        words = chance.choices(WORDS.split(), k=12)
        words += ["common"] if number % 2 else []
        words += ["needle"] if number % (TAGS // FEW) == 1 else []
        chance.shuffle(words)
        fields = {"name": f"{words[0]} {chance.randrange(10**9)}-{number}", "description": " ".join(words)}
        moment = began + timedelta(seconds=number)
        rows.append({**columns_of(fields), "created_at": moment, "active": number % 10 != 0})
    db.session.execute(insert(Tag), rows)
    db.session.commit()
    tidy_up()


def measure(app: Flask) -> None:
    """Print the table and the plans."""
    client = app.test_client()
    plans, first = [], None
    for name, path in REQUESTS.items():
        times = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            answer = client.get("/api/v2" + path)
            times.append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, answer.text
        median = statistics.median(times)
        first = first or median
        with statements() as sent:
            client.get("/api/v2" + path)
        print(f"  {name:40} {median:8.1f} ms  {median / first:6.1f} x  {len(sent)} queries")
        plans.append(f"\n  {name}\n" + "\n      --\n".join(plan(*query) for query in sent))
    print(*plans, sep="\n")


def main() -> None:
    """Run on the database named, or on both."""
    for kind in sys.argv[1:] or databases.KINDS:
        print(f"\n{kind}")
        with application(kind) as app:
            began = time.perf_counter()
            fill()
            print(f"{TAGS:,} tags inserted in {time.perf_counter() - began:.1f} s")
            measure(app)


if __name__ == "__main__":
    main()
