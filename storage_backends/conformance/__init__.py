"""The suite that every storage backend must pass, scapi's and plug-ins': see `storage_backends.conformance.suite`."""

from storage_backends.conformance.faults import FaultTests, InterleavingTests, WriterTests
from storage_backends.conformance.suite import STATE_LIMIT, Conformance, LeftoverTests, ObjectTests, UploadTests

__all__ = [
    "STATE_LIMIT",
    "Conformance",
    "FaultTests",
    "InterleavingTests",
    "LeftoverTests",
    "ObjectTests",
    "UploadTests",
    "WriterTests",
]
