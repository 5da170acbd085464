"""Which coefficients the scans of a JPEG contain (ITU-T T.81, B.2.3 and G.1.1)."""

from scapi.formats.containers import BrokenFileError

_COEFFICIENTS = 64


def check_complete(components: bytes, headers: list[bytes]) -> None:
    """Check that the scans contain all bits of all coefficients of each component. Raises BrokenFileError.

    `components` are the identifiers that the frame header names, `headers` the bodies of all SOS segments.
    """
    whole: dict[int, set[int]] = {component: set() for component in components}
    for header in headers:
        count = header[0] if header else 0
        if len(header) < 4 + 2 * count:
            raise BrokenFileError("a scan's header is cut off")
        first, last, approximation = header[1 + 2 * count : 4 + 2 * count]
        for component in header[1 : 1 + 2 * count : 2]:
            coefficients = whole.setdefault(component, set())
            # The low four bits are the number of bits that later scans must bring.
            if not approximation & 0x0F:
                coefficients.update(range(first, min(last, _COEFFICIENTS - 1) + 1))
    if any(len(coefficients) < _COEFFICIENTS for coefficients in whole.values()):
        raise BrokenFileError("the file ends before the image does")
