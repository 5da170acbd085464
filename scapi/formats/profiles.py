"""ICC profiles made from the code points that describe a file's colours (ICC.1:2022, ITU-T H.273)."""

import struct

Point = tuple[float, float]
"""Chromaticity, x and y (CIE 1931)."""

Primaries = tuple[Point, Point, Point, Point]
"""The points of red, green, blue and white."""

_D65 = (0.3127, 0.3290)
# D50, the white of the profile connection space, and the Bradford matrix that adapts to it (ICC.1:2022, annex E).
_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))

SRGB: Primaries = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
# H.273, table 2: BT.709 as in sRGB, BT.2020, Display P3.
_PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
# H.273, table 3: the exponent of the curve. None: the curve of sRGB, which is used for BT.709 too.
_CURVES: dict[int, float | None] = {1: None, 4: 2.2, 5: 2.8, 6: None, 8: 1.0, 13: None, 14: None, 15: None}
# IEC 61966-2-1, as parameters g, a, b, c, d.
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]


def coded(primaries: int, transfer: int) -> bytes | None:
    """Return the profile for H.273 code points; None for sRGB, for HDR, and for unknown code points."""
    if primaries not in _PRIMARIES or transfer not in _CURVES:
        return None
    curve = _CURVES[transfer]
    return None if _PRIMARIES[primaries] == SRGB and curve is None else display(_PRIMARIES[primaries], curve)


def display(primaries: Primaries, power: float | None) -> bytes | None:
    """Return the profile of a display with these primaries and this gamma exponent; None: the curve of sRGB.

    Returns None if the primaries do not span a colour space.
    """
    try:
        colours = _adapted(primaries)
    except ZeroDivisionError:
        return None
    parameters = _SRGB_CURVE if power is None else (power,)
    curve = b"para" + bytes(4) + struct.pack(">HH", 0 if power else 3, 0) + _fixed(*parameters)
    tags = {f"{name}XYZ".encode(): b"XYZ " + bytes(4) + _fixed(*colours[index]) for index, name in enumerate("rgb")}
    tags |= {f"{name}TRC".encode(): curve for name in "rgb"}
    tags[b"wtpt"] = b"XYZ " + bytes(4) + _fixed(*_D50)
    table, data, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(body))
        data += body
    # Size, version 4.3, monitor, RGB to XYZ, signature, illuminant (7.2).
    header = struct.pack(">I4x4s4s4s4s12x4s28x", start + len(data), b"\4\x30\0\0", b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (header + _fixed(*_D50)).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _adapted(primaries: Primaries) -> tuple[Vector, Vector, Vector]:
    """Return X, Y and Z of red, green and blue, whose sum is D50. Raises ZeroDivisionError."""
    red, green, blue, white = (_xyz(point) for point in primaries)
    columns: Matrix = ((red[0], green[0], blue[0]), (red[1], green[1], blue[1]), (red[2], green[2], blue[2]))
    shares = _solved(columns, white)
    cone_white, cone_d50 = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    adapted = []
    for colour, share in zip((red, green, blue), shares, strict=True):
        cones = _times(_BRADFORD, (colour[0] * share, colour[1] * share, colour[2] * share))
        scaled = (
            cones[0] * cone_d50[0] / cone_white[0],
            cones[1] * cone_d50[1] / cone_white[1],
            cones[2] * cone_d50[2] / cone_white[2],
        )
        adapted.append(_solved(_BRADFORD, scaled))
    return adapted[0], adapted[1], adapted[2]


def _xyz(point: Point) -> Vector:
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _times(matrix: Matrix, vector: Vector) -> Vector:
    rows = [sum(one * other for one, other in zip(row, vector, strict=True)) for row in matrix]
    return rows[0], rows[1], rows[2]


def _solved(matrix: Matrix, result: Vector) -> Vector:
    """Return the vector x with matrix * x = result, by Cramer's rule. Raises ZeroDivisionError."""
    whole = _determinant(matrix)
    found = []
    for column in range(3):
        rows = [
            tuple(result[at] if index == column else value for index, value in enumerate(row))
            for at, row in enumerate(matrix)
        ]
        found.append(_determinant(rows) / whole)
    return found[0], found[1], found[2]


def _determinant(rows: Matrix | list[tuple[float, ...]]) -> float:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _fixed(*numbers: float) -> bytes:
    """Return s15Fixed16Numbers; values that are out of range are clamped."""
    return b"".join(struct.pack(">i", round(min(max(number, -32_000.0), 32_000.0) * 65_536)) for number in numbers)
