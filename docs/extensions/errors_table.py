"""Every error as Markdown, from the one table of them."""

from scapi.refusals import ERRORS, PHRASES


def errors_table() -> str:
    """Return a table for each status: the codes, what they mean and what a client can do."""
    lines = []
    for status in sorted({error.status for error in ERRORS.values()}):
        lines += [f"## {status} {PHRASES[status]}\n", "| code | meaning | what to do |\n|---|---|---|"]
        lines += [
            f"| `{code}` | {one.meaning} | {one.remedy} |" for code, one in ERRORS.items() if one.status == status
        ]
        lines.append("")
    return "\n".join(lines)
