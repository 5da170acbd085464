"""exiftool's tags of files, and the tags that a served file may have."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

_ALLOWED = re.compile(
    r"""(File|Composite|JFIF|ICC[\w-]*|Adobe|APP14|RIFF|VP8\w*|MPF\w*|MPImage\w*|XMP-hdrgm|XMP-GContainer):\w+
    |PNG:(ImageWidth|ImageHeight|BitDepth|ColorType|Compression|Filter|Interlace|Gamma|SRGBRendering|ProfileName
        |WhitePoint[XY]|(Red|Green|Blue)[XY]|BackgroundColor|Transparency|Palette|Animation\w+)
    |PNG-pHYs:\w+|PNG-cICP:\w+
    |GIF:(GIFVersion|ImageWidth|ImageHeight|HasColorMap|ColorResolutionDepth|BitsPerPixel|BackgroundColor
        |AnimationIterations|FrameCount|Duration|PixelAspectRatio|TransparentColor)
    |IFD0:(Orientation|XResolution|YResolution|ResolutionUnit)""",
    re.VERBOSE,
)
# Tags about the file on this machine and about exiftool itself.
_NOT_IN_THE_FILE = re.compile(r"System:\w+|ExifTool:ExifToolVersion")


def tags(folder: Path, made: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Return the tags of each file, group and name; `folder` is where they are written to."""
    for name, data in made.items():
        (folder / name).write_bytes(data)
    command = ["exiftool", "-a", "-G1", "-s", *(str(folder / name) for name in made)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    found: dict[str, set[str]] = {}
    current = next(iter(made))
    for line in said.splitlines():
        if line.startswith("======== "):
            current = Path(line.removeprefix("======== ")).name
        elif match := re.match(r"\[([^\]]+)\]\s+(\S+)", line):
            found.setdefault(current, set()).add(f"{match[1].strip()}:{match[2]}")
    return found


def private(found: set[str]) -> set[str]:
    """Return the tags that must not be in a served file."""
    return {tag for tag in found if not _ALLOWED.fullmatch(tag) and not _NOT_IN_THE_FILE.fullmatch(tag)}


def dates(file: Path) -> list[str]:
    """Return exiftool's lines about dates in a file."""
    command = ["exiftool", "-a", "-G1", "-s", "-time:all", "--System:all", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
