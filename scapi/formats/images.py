"""An uploaded image: one full decode proves that it is complete, and makes its thumbnail."""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import AvifImagePlugin, Image, ImageCms, ImageMath

from scapi.formats import outlines, placeholders
from scapi.formats.containers import BrokenFileError
from scapi.formats.outlines import MAX_ICC_PROFILE_BYTES, Outline
from scapi.formats.sizes import THUMBNAIL_SIZE

THUMBNAIL_JPEG_QUALITY = 80

# The process that decodes may not start threads.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP", "image/avif": "AVIF"}

# EXIF orientation (Exif 3.0, 4.6.5.1.6) -> the operation that turns the stored pixels upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)

# The gamma of most screens, and the largest difference from it that is not visible (libpng: 5 %).
_SCREEN_GAMMA = 2.2
_SAME_GAMMA = 0.05

# Decoders skip these bytes after the last pixel of a JPEG. They contain no FF; the second ones differ from the first
# ones in every bit.
_NOISE = bytes(number * 167 % 254 + 1 for number in range(512))
_OTHER_NOISE = bytes(byte ^ 0xFF for byte in _NOISE)
_ROWS = 256

# What Pillow's plugins raise for broken files.
UNREADABLE = (
    OSError,
    SyntaxError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class InvalidImage(Exception):
    """An image that is refused: `code` for programs, the message for the person who uploaded it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Limits of an image: pixels per frame, frames, pixels of all frames together.

    Raises ValueError when max_pixels is above Pillow's own PIL.Image.MAX_IMAGE_PIXELS (89 million by default), above
    which Pillow warns or refuses.
    """

    max_pixels: int = 50_000_000
    max_frames: int = 1_000
    max_animation_pixels: int = 200_000_000

    def __post_init__(self) -> None:
        if Image.MAX_IMAGE_PIXELS is not None and self.max_pixels > Image.MAX_IMAGE_PIXELS:
            raise ValueError(f"max_pixels is above PIL.Image.MAX_IMAGE_PIXELS, {Image.MAX_IMAGE_PIXELS}")


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small upright sRGB version, JPEG or (with transparency) PNG.

    `color` is its average colour as #rrggbb, `blurhash` a placeholder of 28 characters (https://blurha.sh).
    """

    data: bytes
    mimetype: str
    width: int
    height: int
    color: str
    blurhash: str


@dataclass(frozen=True, slots=True)
class InspectedImage:
    """Facts about an image: width and height as a viewer shows it, number of frames, thumbnail of the first frame."""

    width: int
    height: int
    frames: int
    thumbnail: Thumbnail


def inspect(data: bytes, mimetype: str, limits: ImageLimits | None = None) -> InspectedImage:
    """Decode all of an image once and return the facts about it.

    `mimetype` is what the first bytes showed: image/jpeg, image/png, image/gif, image/webp or image/avif (anything else
    is a KeyError). Limits are checked against the file's structure before anything is decoded. An MPO counts as the
    JPEG that it begins with. All frames of an animation are decoded. Raises InvalidImage with the code `invalid_image`
    (broken, cut off, another type), `too_many_pixels` or `too_many_frames`.
    """
    return decode(outline_of(data, mimetype, limits or ImageLimits()), mimetype)


def outline_of(data: bytes, mimetype: str, limits: ImageLimits) -> Outline:
    """Return an image's outline after checking the limits. The first half of `inspect`; raises InvalidImage."""
    try:
        outline = outlines.read(data, mimetype)
    except BrokenFileError as error:
        raise InvalidImage("invalid_image", f"This image cannot be read: {error}.") from error
    check(outline, limits)
    return outline


def decode(outline: Outline, mimetype: str) -> InspectedImage:
    """Decode an image and return the facts about it. The second half of `inspect`; raises InvalidImage."""
    try:
        return _decode(outline, FORMATS[mimetype])
    except UNREADABLE as error:
        raise InvalidImage("invalid_image", "This image cannot be read: it is damaged or incomplete.") from error


def check(outline: Outline, limits: ImageLimits) -> None:
    """Check the limits before an image is decoded. Raises InvalidImage."""
    across, down = outline.canvas
    pixels = across * down
    if not pixels:
        raise InvalidImage("invalid_image", "This image has no pixels.")
    if pixels > limits.max_pixels:
        raise InvalidImage(
            "too_many_pixels",
            f"This image is {across} x {down} pixels; at most {limits.max_pixels} pixels are allowed.",
        )
    if outline.frames > limits.max_frames:
        raise InvalidImage(
            "too_many_frames", f"This image has {outline.frames} frames; at most {limits.max_frames} are allowed."
        )
    if outline.frames > 1 and outline.frames * pixels > limits.max_animation_pixels:
        raise InvalidImage(
            "too_many_pixels",
            f"The {outline.frames} frames of this animation are {outline.frames * pixels} pixels together; "
            f"at most {limits.max_animation_pixels} are allowed.",
        )


def _decode(outline: Outline, format_name: str) -> InspectedImage:
    if not outline.ended:
        scans, end = outline.data[:-2], outline.data[-2:]
        if _pixels(scans + _NOISE + end) != _pixels(scans + _OTHER_NOISE + end):
            raise ValueError("the file ends before its pixels do")
    with Image.open(BytesIO(outline.data), formats=[format_name]) as image:
        if image.size != (outline.width, outline.height):
            raise ValueError("the decoder sees another size than the file's structure shows")
        # Decoding at 1/2, 1/4 or 1/8 still reads every byte; twice the thumbnail's size keeps it sharp.
        across, down = _thumbnail_size(image)
        image.draft(None, (2 * across, 2 * down))
        for frame in range(outline.frames):
            image.seek(frame)
            image.load()
            if frame == outline.first:
                thumbnail = thumbnail_of(image, outline)
    width, height = outline.width, outline.height
    if outline.orientation in SIDEWAYS:
        width, height = height, width
    return InspectedImage(width, height, outline.frames - outline.first, thumbnail)


def _pixels(jpeg: bytes) -> bytes:
    """Return a digest of all pixels."""
    digest = hashlib.sha256()
    with Image.open(BytesIO(jpeg), formats=["JPEG"]) as image:
        for top in range(0, image.height, _ROWS):
            digest.update(image.crop((0, top, image.width, min(top + _ROWS, image.height))).tobytes())
    return digest.digest()


def thumbnail_of(image: Image.Image, outline: Outline | None = None) -> Thumbnail:
    """Return the thumbnail of a decoded image. Without an outline, the image must be small, upright and in sRGB."""
    small = image
    if outline:
        scaled = scalable(image, outline).resize(_thumbnail_size(image), Image.Resampling.BICUBIC, reducing_gap=3.0)
        small = upright(in_srgb(scaled, outline), outline)
    average = small.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    if not isinstance(average, tuple):
        raise TypeError("an RGB image has a tuple for a pixel")
    output = BytesIO()
    if small.mode == "RGBA":
        small.save(output, "PNG")
    else:
        small.save(output, "JPEG", quality=THUMBNAIL_JPEG_QUALITY, optimize=True)
    return Thumbnail(
        output.getvalue(),
        "image/png" if small.mode == "RGBA" else "image/jpeg",
        small.width,
        small.height,
        "#" + bytes(int(band) for band in average[:3]).hex(),
        placeholders.of(small),
    )


def upright(image: Image.Image, outline: Outline) -> Image.Image:
    """Return the image turned as viewers show it."""
    return image.transpose(_UPRIGHT[outline.orientation]) if outline.orientation in _UPRIGHT else image


def _thumbnail_size(image: Image.Image) -> tuple[int, int]:
    scale = min(1, THUMBNAIL_SIZE / max(image.size))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def scalable(image: Image.Image, outline: Outline) -> Image.Image:
    """Return the image in L, RGB, RGBA or CMYK, 8 bits per sample: these can be scaled and can have ICC profiles."""
    if image.mode.startswith("I;16"):
        return _in_8_bits(image)
    if outline.bits == 16 and image.mode == "RGB" and "transparency" in image.info:
        # Pillow keeps the upper 8 bits of the samples, but all 16 bits of the transparent colour.
        image.info["transparency"] = tuple(sample >> 8 for sample in image.info["transparency"])
    if outline.box not in (None, (0, 0, *image.size)):
        # Browsers show the area around a frame that is smaller than the canvas as transparent.
        canvas = Image.new("RGBA", image.size)
        canvas.paste(image.convert("RGBA").crop(outline.box), outline.box)
        return canvas
    if image.mode == "RGBA":
        return image  # a copy of a large one would be too large
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Return a grey image of 16 bits as L, or as RGBA if one grey is transparent."""
    deep = image.convert("I")
    # convert() would clip values at 255 instead of taking the upper eight bits.
    grey = deep.point([value >> 8 for value in range(1 << 16)], "L")
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey
    alpha = ImageMath.lambda_eval(lambda of: of["convert"]((of["deep"] != transparent) * 255, "L"), deep=deep)
    return Image.merge("RGBA", (grey, grey, grey, alpha))


def in_srgb(image: Image.Image, outline: Outline) -> Image.Image:
    """Return the image as RGB, or RGBA if it has transparency, converted by its ICC profile or its gamma."""
    if outline.profile and len(outline.profile) <= MAX_ICC_PROFILE_BYTES:
        image = by_profile(image, outline.profile)
    elif outline.gamma and abs(outline.gamma * _SCREEN_GAMMA - 1) > _SAME_GAMMA:
        image = _by_gamma(image, outline.gamma)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
        return image
    return image.convert("RGB")


def _by_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """Return an image whose samples are light to the power of `gamma`, converted to sRGB (IEC 61966-2-1)."""
    table = []
    for sample in range(256):
        light = (sample / 255) ** (1 / gamma)
        shown = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
        table.append(round(255 * shown))
    alpha = list(range(256)) if image.mode == "RGBA" else []
    return image.point(table * len(image.mode.removesuffix("A")) + alpha)


def by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the image in sRGB; unchanged if the profile is broken or is for another colour mode."""
    modes = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        # A profile for another colour mode, say grey on an RGB image, is ignored, as browsers do.
        if modes.get(source.profile.xcolor_space) != image.mode.removesuffix("A"):
            return image
        output = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=output)
    except (ImageCms.PyCMSError, OSError):
        # The pixels are still good if the profile is broken; browsers show such an image as sRGB.
        return image
    return converted or image
