"""Errors between S3Backend and a server, and their results."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from botocore.exceptions import BotoCoreError, NoCredentialsError, ParamValidationError, ReadTimeoutError

from storage_backends import CheckedBackend
from storage_backends.base import MiB, Misconfigured, NoSpace, NotFound, StorageError, Unavailable
from storage_backends.conformance.steps import add, data, read, save, upload
from storage_backends.s3 import client, errors
from tests.servers import Server, free_ports
from tests.storage_backends.fault_proxy import CUT_SHORT, HANG_UP, fault_proxy, puts
from tests.storage_backends.s3_setup import intercept, refusal, s3_backend, s3_inventory


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchKey", 404, NotFound),
        ("NoSuchUpload", 404, NotFound),
        ("404", 404, NotFound),
        ("NoSuchBucket", 404, Unavailable),
        ("SlowDown", 503, Unavailable),
        ("InternalError", 500, Unavailable),
        ("RequestTimeout", 400, Unavailable),
        ("BadDigest", 400, Unavailable),
        ("TooManyRequests", 429, Unavailable),
        ("QuotaExceeded", 403, NoSpace),
        ("EntityTooLarge", 400, NoSpace),
        ("XMinioStorageFull", 507, NoSpace),
        ("InsufficientStorage", 507, NoSpace),
        ("AccessDenied", 403, Unavailable),
        ("403", 403, Unavailable),
        ("400", 400, Unavailable),
        ("ExpiredToken", 400, Unavailable),
        ("InvalidAccessKeyId", 403, Unavailable),
        ("SignatureDoesNotMatch", 403, Unavailable),
        ("RequestTimeTooSkewed", 403, Unavailable),
        ("AuthorizationHeaderMalformed", 400, Unavailable),
        ("InvalidPart", 400, StorageError),
    ],
)
def test_what_a_server_says_becomes_our_error(
    moto: Server, monkeypatch: pytest.MonkeyPatch, code: str, status: int, expected: type[StorageError]
) -> None:
    known = s3_backend(moto, monkeypatch).translate(refusal(code, status))
    assert type(known) is expected
    assert code in str(known)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ReadTimeoutError(endpoint_url="http://s3"), Unavailable),
        (NoCredentialsError(), Unavailable),
        (ParamValidationError(report="made up"), StorageError),
    ],
)
def test_what_botocore_says_becomes_our_error(
    moto: Server, monkeypatch: pytest.MonkeyPatch, error: BotoCoreError, expected: type[StorageError]
) -> None:
    assert type(s3_backend(moto, monkeypatch).translate(error)) is expected


def test_a_bug_stays_a_bug(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert s3_backend(moto, monkeypatch).translate(KeyError("a bug")) is None


def test_a_refusal_that_passes_is_tried_again(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with fault_proxy(moto.endpoint_url) as proxy:
        backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=proxy.url)
        answers: list[tuple[int, str] | int] = [(503, "SlowDown"), HANG_UP]
        proxy.choose = lambda method, _: answers.pop() if answers and method == "PUT" else None
        save(backend, "ab/cd", b"content")
        assert len([one for one in proxy.seen if one.startswith("PUT")]) == client.ATTEMPTS
        assert read(backend, "ab/cd") == b"content"


@pytest.mark.parametrize("answer", [(503, "SlowDown"), (500, "InternalError"), HANG_UP], ids=str)
def test_a_refusal_that_lasts_is_unavailable_and_the_chunk_can_be_sent_again(
    moto: Server, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    with fault_proxy(moto.endpoint_url) as proxy:
        backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=proxy.url)
        state = upload(backend, "ab/cd", data(3 * MiB), data(3 * MiB))
        for refused in ("partNumber=1", ".parked/"):
            proxy.seen.clear()
            proxy.choose = puts(refused, answer)
            with pytest.raises(Unavailable):
                add(CheckedBackend(backend), state, b"the end", offset=6 * MiB)
            assert sum(one.startswith("PUT") and refused in one for one in proxy.seen) == client.ATTEMPTS
        proxy.choose = lambda _method, _path: None
        backend.finish(add(backend, state, b"the end", offset=6 * MiB))
        assert read(backend, "ab/cd") == data(3 * MiB) * 2 + b"the end"


def test_an_answer_that_breaks_off_is_unavailable(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with fault_proxy(moto.endpoint_url) as proxy:
        backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=proxy.url)
        save(backend, "ab/one", data(1 * MiB))
        state = upload(backend, "ab/cd", data(3 * MiB), data(3 * MiB))
        proxy.choose = lambda method, _: CUT_SHORT if method == "GET" else None
        store = CheckedBackend(backend)
        with pytest.raises(Unavailable):
            read(store, "ab/one")
        with store.open("ab/one") as stream:
            assert stream.read(1000) == data(1 * MiB)[:1000]
            with pytest.raises(Unavailable):
                stream.read()
        with pytest.raises(Unavailable):
            add(store, state, b"the end", offset=6 * MiB)


def complete_then(raised: Exception) -> Callable[..., Any]:
    """Return an interceptor that completes an upload, and then raises an error."""

    def answer(name: str, _: dict[str, Any], request: Callable[[], Any]) -> Any:
        if name == "CompleteMultipartUpload":
            request()
            raise raised
        return request()

    return answer


def complete_instead(raised: Exception) -> Callable[..., Any]:
    """Return an interceptor that raises an error instead of completing an upload."""

    def answer(name: str, _: dict[str, Any], request: Callable[[], Any]) -> Any:
        if name == "CompleteMultipartUpload":
            raise raised
        return request()

    return answer


@pytest.mark.parametrize(("code", "status"), [("NoSuchUpload", 404), ("NoSuchKey", 404), ("InternalError", 500)])
def test_a_racing_complete_is_recognized_by_its_object(
    s3_server: Server, monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    backend = s3_backend(s3_server, monkeypatch)
    state = upload(backend, "ab/cd", data(5 * MiB), b"end")
    state = add(backend, state, b"!", offset=5 * MiB + 3)
    intercept(backend, complete_then(refusal(code, status)))
    backend.finish(state)
    assert read(backend, "ab/cd") == data(5 * MiB) + b"end!"
    assert s3_inventory(s3_server, backend)() == ["ab/cd"]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [("InvalidPart", 400, StorageError), ("InternalError", 500, Unavailable), ("NoSuchUpload", 404, NotFound)],
)
def test_a_complete_that_is_refused_leaves_the_upload_as_it_was(
    moto: Server, monkeypatch: pytest.MonkeyPatch, code: str, status: int, expected: type[StorageError]
) -> None:
    backend = s3_backend(moto, monkeypatch)
    state = upload(backend, "ab/cd", data(5 * MiB), b"end", b"!")
    client: Any = backend._bucket.client
    real = client._make_api_call
    intercept(backend, complete_instead(refusal(code, status)))
    with pytest.raises(StorageError, match=code) as caught:
        CheckedBackend(backend).finish(state)
    assert type(caught.value) is expected
    client._make_api_call = real
    backend.finish(state)
    assert read(backend, "ab/cd") == data(5 * MiB) + b"end!"


def test_a_multipart_upload_that_a_lifecycle_rule_took_is_not_found(
    s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = s3_backend(s3_server, monkeypatch)
    state = upload(backend, "ab/cd", data(5 * MiB), data(5 * MiB))
    where = {"Bucket": s3_server.bucket, "Key": f"{backend._bucket.prefix}ab/cd", "UploadId": state["upload_id"]}
    s3_server.client().abort_multipart_upload(**where)
    store = CheckedBackend(backend)
    with pytest.raises(NotFound):  # moto answers 500 to such a part
        add(store, state, b"the end", offset=10 * MiB)
    with pytest.raises(NotFound):
        store.finish(state)


def test_a_part_of_another_size_is_noticed(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    # SeaweedFS keeps both parts with the same number, lists both, and uses the one whose ETag is named.
    backend = s3_backend(moto, monkeypatch)
    state = upload(backend, "ab/cd", data(5 * MiB), b"end", b"!")
    where = {"Bucket": moto.bucket, "Key": f"{backend._bucket.prefix}ab/cd", "UploadId": state["upload_id"]}
    moto.client().upload_part(**where, PartNumber=1, Body=data(6 * MiB))
    with pytest.raises(NotFound, match="expected 2 of 5242884 bytes, found 2 of 6291460"):
        backend.finish(state)
    with pytest.raises(NotFound):
        CheckedBackend(backend).size("ab/cd")


def test_a_body_that_was_changed_on_its_way_is_refused(seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(seaweed, monkeypatch, SCAPI_S3_CHECKSUMS="when_required")
    monkeypatch.setattr("storage_backends.s3.bucket.content_md5", lambda _: client.content_md5(b"what was meant"))
    with pytest.raises(Unavailable, match="BadDigest"):
        upload(CheckedBackend(backend), "ab/cd", b"what came")
    assert s3_inventory(seaweed, backend)() == []


class TestCheck:
    """At the start, the operator gets a message about the problem."""

    def test_an_unknown_bucket(self, s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        backend = s3_backend(s3_server, monkeypatch, SCAPI_S3_BUCKET="no-such-bucket")
        with pytest.raises(Misconfigured, match="bucket 'no-such-bucket': there is no such bucket"):
            backend.check()

    def test_nobody_there(self, moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        endpoint = f"http://127.0.0.1:{free_ports(1)[0]}"
        backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=endpoint)
        with pytest.raises(Unavailable, match=f"{endpoint} cannot be reached"):
            backend.check()

    @pytest.mark.parametrize(("key", "secret"), [("nobody", "scapi-secret"), ("scapi-key", "wrong")])
    def test_wrong_credentials(self, seaweed: Server, monkeypatch: pytest.MonkeyPatch, key: str, secret: str) -> None:
        monkeypatch.setattr(
            Server, "environment", lambda _: {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        )
        with pytest.raises(Misconfigured, match="the credentials are not accepted"):
            s3_backend(seaweed, monkeypatch).check()

    def test_no_permission_to_write(self, seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        reader = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "reader-secret"}
        monkeypatch.setattr(Server, "environment", lambda _: reader)
        with pytest.raises(Misconfigured, match=r"no permission for it .*PutObject"):
            s3_backend(seaweed, monkeypatch).check()

    def test_no_credentials(self, moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Server, "environment", lambda _: {"AWS_EC2_METADATA_DISABLED": "true"})
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            monkeypatch.setenv(name, "/nonexistent")
        with pytest.raises(Misconfigured, match="no credentials for S3: set AWS_ACCESS_KEY_ID"):
            s3_backend(moto, monkeypatch).check()

    def test_a_clock_that_is_wrong(self, seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        late = datetime.now(UTC) - timedelta(hours=2)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: late.replace(tzinfo=None))
        with pytest.raises(Misconfigured, match="clock and the server's are too far apart"):
            s3_backend(seaweed, monkeypatch).check()

    @pytest.mark.parametrize(
        ("request_line", "missing"),
        [
            ("POST .*uploads", r"multipart uploads \(CreateMultipartUpload: NotImplemented\); listing .*; aborting"),
            ("POST .*uploadId=", r"multipart uploads \(CompleteMultipartUpload: NotImplemented\)$"),
            ("GET .*uploads", r"listing multipart uploads \(ListMultipartUploads: NotImplemented\)"),
            ("DELETE .*uploadId=", r"aborting multipart uploads \(AbortMultipartUpload: NotImplemented\)$"),
            ("GET [^?]*/check/[^?]*$", r"ranges \(GetObject: NotImplemented\)$"),
        ],
    )
    def test_what_a_server_cannot_do_is_said_in_one_line(
        self, moto: Server, monkeypatch: pytest.MonkeyPatch, request_line: str, missing: str
    ) -> None:
        with fault_proxy(moto.endpoint_url) as proxy:
            backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=proxy.url)
            refused = re.compile(request_line)
            proxy.choose = lambda method, path: (501, "NotImplemented") if refused.match(f"{method} {path}") else None
            with pytest.raises(Misconfigured, match=f"this server does not support: {missing}") as caught:
                backend.check()
            assert "\n" not in str(caught.value)

    def test_what_has_a_slower_way_is_only_logged(
        self, moto: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        with fault_proxy(moto.endpoint_url) as proxy:
            backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=proxy.url)
            proxy.choose = lambda _, path: (501, "NotImplemented") if path.endswith("?delete") else None
            backend.check()
            assert "deleting several objects at once (DeleteObjects: NotImplemented)" in caplog.text
        assert not s3_inventory(moto, backend)()

    def test_a_permission_that_is_missing(self, moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        with fault_proxy(moto.endpoint_url) as proxy:
            backend = s3_backend(moto, monkeypatch, SCAPI_S3_ENDPOINT_URL=proxy.url)
            proxy.choose = lambda _, path: (403, "AccessDenied") if "uploads" in path else None
            with pytest.raises(Misconfigured, match=r"no permission for it .*CreateMultipartUpload"):
                backend.check()

    def test_another_region(self) -> None:
        error = refusal("PermanentRedirect", 301)
        error.response["ResponseMetadata"]["HTTPHeaders"] = {"x-amz-bucket-region": "eu-north-1"}
        text = str(errors.explain(error, "bucket", "https://s3.example"))
        assert "it is in eu-north-1, set SCAPI_S3_REGION" in text

    def test_a_server_that_is_busy_is_not_misconfigured(self) -> None:
        assert isinstance(errors.explain(refusal("SlowDown", 503), "bucket", "https://s3.example"), Unavailable)
