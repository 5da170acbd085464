from collections.abc import Callable

import pytest

from storage_backends.conformance import Conformance
from storage_backends.conformance.steps import Faults
from storage_backends.s3 import S3Backend
from tests.servers import Server
from tests.storage_backends.s3_setup import s3_backend, s3_faults, s3_inventory


class TestMoto(Conformance):
    @pytest.fixture
    def backend(self, moto: Server, monkeypatch: pytest.MonkeyPatch) -> S3Backend:
        return s3_backend(moto, monkeypatch)

    @pytest.fixture
    def inventory(self, moto: Server, backend: S3Backend) -> Callable[[], list[str]]:
        return s3_inventory(moto, backend)

    @pytest.fixture
    def faults(self, backend: S3Backend) -> Faults:
        return s3_faults(backend)
