"""Errors of resumable uploads: problem details (RFC 9457) of the draft's types, with scapi's fields."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Response

from scapi.http import errors
from scapi.refusals import ERRORS, Refused

Arguments = ParamSpec("Arguments")

REGISTRY = "https://iana.org/assignments/http-problem-types#"

TYPES = {
    "completed_upload": "completed-upload",
    "inconsistent_upload_length": "inconsistent-upload-length",
    "offset_mismatch": "mismatching-upload-offset",
    "superseded": "mismatching-upload-offset",
}
"""The registered problem type, by scapi's code."""


def answered(limit: Callable[[], str]) -> Callable[[Callable[Arguments, Response]], Callable[Arguments, Response]]:
    """Return a decorator for views that turns a Refused into the draft's answer.

    `limit` returns the value of Upload-Limit, which every 413 contains.
    """

    def decorator(view: Callable[Arguments, Response]) -> Callable[Arguments, Response]:
        @wraps(view)
        def wrapped(*arguments: Arguments.args, **options: Arguments.kwargs) -> Response:
            try:
                return view(*arguments, **options)
            except Refused as refusal:
                answer = _problem(refusal) if refusal.code in TYPES else errors.refused(refusal)
                if answer.status_code == 413:
                    answer.headers["Upload-Limit"] = limit()
                return answer

        return wrapped

    return decorator


def _problem(refusal: Refused) -> Response:
    answer = errors.refused(refusal)
    fields: dict[str, Any] = {
        **answer.get_json(),
        "type": REGISTRY + TYPES[refusal.code],
        "title": ERRORS[refusal.code].meaning,
        "status": refusal.status,
        "detail": refusal.message,
    }
    if "offset" in refusal.details:
        answer.headers["Upload-Offset"] = refusal.details["offset"]
        fields["expected-offset"] = int(refusal.details["offset"])
        if "provided" in refusal.details:
            fields["provided-offset"] = fields.pop("provided")
    answer.set_data(errors.as_json(fields))
    answer.mimetype = "application/problem+json"
    return answer
