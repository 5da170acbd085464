"""All kinds of requests at once for some minutes (uploads, completes, reads, deletes, aborts), and their leftovers.

    python -m benchmarks.soak [--minutes 6] [--database postgresql|sqlite] [--storage local|moto|seaweedfs]
        [--clients 8] [--workers 2] [--kill]

Prints errors, latencies, and the workers' memory, file descriptors, threads and database connections over time. A
worker's memory in the last minute, compared with the second minute, shows whether it grows. With `--kill` a worker is
killed in the middle, and every file is read again at the end. Fails for any error or lost byte.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from collections.abc import Sequence
from statistics import quantiles
from urllib.parse import urlsplit

from benchmarks import places
from benchmarks.soak.clients import PATIENCE, Client, File, Report, make_pool
from benchmarks.soak.looks import Look
from tests import databases
from tests.running import Server
from tests.storehouse import contents

MiB = 1024 * 1024
TAGS = 100
EVERY = 15
"""Seconds between two measurements of the workers."""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--database", choices=databases.KINDS, default="postgresql")
    parser.add_argument("--storage", choices=places.STORAGES, default="local")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    print(options)
    pool = make_pool()
    with places.serve(options.database, options.storage, workers=options.workers) as server:
        for number in range(TAGS):
            server.request("POST", "/api/v2/tag/", json={"name": f"tag {number}"}).raise_for_status()
        report = soak(server, pool, options.clients, options.minutes * 60, kill=options.kill)
        print_report(report)
        check(server, report)
    if report.problems:
        raise SystemExit("\n".join(report.problems))


def soak(server: Server, pool: Sequence[File], count: int, seconds: float, *, kill: bool) -> Report:
    """Let the clients run, print the workers' resources over time, and return the clients' report."""
    report, over, began = Report(), threading.Event(), time.monotonic()
    print("\n| second | RSS MiB | of it private | descriptors | threads | database connections |")
    print("|---|---|---|---|---|---|")
    print(Look.at(server, began))
    port = int(server.url.rpartition(":")[2])
    clients = [Client(port, report, number, pool, over.is_set) for number in range(count)]
    for client in clients:
        client.start()
    while (left := began + seconds - time.monotonic()) > 0 and not report.problems:
        over.wait(min(EVERY, left))
        print(Look.at(server, began), flush=True)
        if kill and time.monotonic() - began > seconds / 2:
            kill = False
            victim = server.workers()[0]
            os.kill(victim, signal.SIGKILL)
            print(f"worker {victim} was killed", flush=True)
    over.set()
    for client in clients:
        client.join(PATIENCE * 2)
    time.sleep(20)  # longer than the keepalive of connections
    print(Look.at(server, began))
    return report


def print_report(report: Report) -> None:
    """Print the numbers of requests and their durations."""
    print("\n| what | times | p50 ms | p90 ms | p99 ms | most ms |\n|---|---|---|---|---|---|")
    for what, seconds in sorted(report.seconds.items()):
        cuts = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
        times = " | ".join(f"{value * 1000:.1f}" for value in (cuts[49], cuts[89], cuts[98], max(seconds)))
        print(f"| {what} | {len(seconds)} | {times} |")
    print(f"\nanswers {json.dumps(dict(sorted(report.answers.items())))}")
    print(f"{report.bytes / MiB:.0f} MiB sent, {report.retries} retries, {len(report.kept)} media kept")


def check(server: Server, report: Report) -> None:
    """Read all kept files, and check that nothing else is in the storage after a sweep."""
    for url, file in report.kept:
        answer = server.request("GET", urlsplit(url).path)
        if answer.status_code != 200 or answer.content != file.data:
            report.problems.append(f"lost: {url}: {answer.status_code}")
    server.scapi("sweep", "--older-than", "0")
    expected, found = sum(file.kept for _, file in report.kept), len(contents(server.settings))
    print(f"{found} files in the storage, {expected} expected")
    if report.retries == 0 and found != expected:
        report.problems.append(f"{found - expected} files too many in the storage")


if __name__ == "__main__":
    main()
