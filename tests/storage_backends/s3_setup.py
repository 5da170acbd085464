"""Shared by tests of S3Backend: backends on a server, the content of its bucket, a way to make its requests fail."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.loaders import Loader, create_loader

from storage_backends.conformance.steps import Faults
from storage_backends.s3 import S3Backend
from tests.servers import Server

PATIENCE = 30


@cache
def _loader() -> Loader:
    return create_loader()


def s3_backend(server: Server, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> S3Backend:
    """Return a backend with a unique prefix, and with credentials from boto3's own chain."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    # A new session reads megabytes of JSON for its first client; all tests share one.
    monkeypatch.setattr("botocore.session.create_loader", lambda _: _loader())
    return S3Backend.from_settings(server.settings(SCAPI_S3_PREFIX=f"{secrets.token_hex(6)}/") | settings)


def client_of(backend: S3Backend) -> Any:
    """Return the backend's own client."""
    return backend._bucket.client


def s3_inventory(server: Server, backend: S3Backend) -> Callable[[], list[str]]:
    """Return a function that lists objects and multipart uploads under the backend's prefix, with a separate client."""
    client, prefix = server.client(), backend._bucket.prefix

    def names() -> list[str]:
        objects = client.get_paginator("list_objects_v2").paginate(Bucket=server.bucket, Prefix=prefix)
        uploads = client.get_paginator("list_multipart_uploads").paginate(Bucket=server.bucket, Prefix=prefix)
        found = [one["Key"].removeprefix(prefix) for page in objects for one in page.get("Contents", ())]
        return found + [f"multipart upload {one['Key']}" for page in uploads for one in page.get("Uploads", ())]

    return names


def s3_faults(backend: S3Backend) -> Faults:
    """Return a Faults for every request of the backend; a failing request fails after all retries."""
    faults = Faults()
    client = client_of(backend)
    real = client._make_api_call

    def call(operation: str, parameters: dict[str, Any]) -> Any:
        error = ReadTimeoutError(endpoint_url=client.meta.endpoint_url)
        return faults.call(partial(real, operation, parameters), error)

    client._make_api_call = call
    return faults


Answer = Callable[[str, dict[str, Any], Callable[[], Any]], Any]
"""Takes an operation, its parameters and a function that makes the request; returns the answer or raises an error."""


def intercept(backend: S3Backend, answer: Answer) -> None:
    """Put `answer` between the backend and its client."""
    client = client_of(backend)
    real = client._make_api_call
    client._make_api_call = lambda name, parameters: answer(name, parameters, partial(real, name, parameters))


def record(backend: S3Backend) -> list[tuple[str, dict[str, Any]]]:
    """Return a list that gets the operation and the parameters of every request of the backend."""
    made: list[tuple[str, dict[str, Any]]] = []

    def note(name: str, parameters: dict[str, Any], request: Callable[[], Any]) -> Any:
        made.append((name, parameters))
        return request()

    intercept(backend, note)
    return made


def refusal(code: str, status: int, operation: str = "AnyOperation") -> ClientError:
    """Return the exception that botocore raises for such an answer."""
    answer: Any = {"Error": {"Code": code, "Message": "made up"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def operations(made: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return the operations of the requests, sorted: some run in parallel."""
    return sorted(name for name, _ in made)


def published(backend: S3Backend, server: Server, key: str) -> dict[str, Any]:
    """Return the answer of HEAD for an object."""
    answer: dict[str, Any] = server.client().head_object(Bucket=server.bucket, Key=backend._bucket.prefix + key)
    return answer


@contextmanager
def held_back(backend: S3Backend, operation: str) -> Iterator[Event]:
    """Make requests of an operation wait; yield an event that is set when one waits."""
    waits, go_on = Event(), Event()

    def answer(name: str, _: dict[str, Any], request: Callable[[], Any]) -> Any:
        if name == operation:
            waits.set()
            go_on.wait(PATIENCE)
        return request()

    intercept(backend, answer)
    try:
        yield waits
    finally:
        go_on.set()


@contextmanager
def broken(backend: S3Backend, *kinds: str) -> Iterator[None]:
    """Make requests of these operations fail; all requests if none are given."""
    is_over = Event()

    def answer(name: str, _: dict[str, Any], request: Callable[[], Any]) -> Any:
        if not is_over.is_set() and (name in kinds or not kinds):
            raise ReadTimeoutError(endpoint_url="http://s3")
        return request()

    intercept(backend, answer)
    try:
        yield
    finally:
        is_over.set()
