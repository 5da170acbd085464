"""HEIC, the format of iPhones and other phones: decoded, and converted to a JPEG that every browser shows."""

from importlib import import_module
from io import BytesIO
from typing import Any

from PIL import Image

from scapi.formats import images, outlines
from scapi.formats.containers import BrokenFileError
from scapi.formats.filetypes import HEIC, HEIC_DECODERS
from scapi.formats.images import ImageLimits, InvalidImage

JPEG_QUALITY = 88


def decoder() -> Any:
    """Return the module that decodes HEIC: pi_heif or pillow_heif. Raises ImportError if none is installed."""
    for name in HEIC_DECODERS[:-1]:
        try:
            return _set_up(import_module(name))
        except ImportError:
            continue
    return _set_up(import_module(HEIC_DECODERS[-1]))


def as_jpeg(data: bytes, limits: ImageLimits) -> bytes:
    """Return the primary image as a JPEG: upright, in its own colour space, without metadata except its ICC profile.

    Transparent pixels become white. Size and tiles are checked before anything is decoded. Raises InvalidImage.
    """
    try:
        outline = outlines.read(data, HEIC)
    except BrokenFileError as error:
        raise InvalidImage("invalid_image", f"This image cannot be read: {error}.") from error
    images.check(outline, limits)
    try:
        image = decoder().open_heif(BytesIO(outline.data), convert_hdr_to_8bit=True).to_pillow()
        image.load()
    except MemoryError as error:  # the encoded picture is larger than the boxes say
        raise InvalidImage("image_too_complex", "This image takes too much memory to decode.") from error
    except images.UNREADABLE as error:
        raise InvalidImage("invalid_image", "This image cannot be read: it is damaged or incomplete.") from error
    sideways = outline.orientation in images.SIDEWAYS
    if image.size != ((outline.height, outline.width) if sideways else (outline.width, outline.height)):
        raise InvalidImage("invalid_image", "This image cannot be read: its size is not the one that it states.")
    profile, image = image.info.get("icc_profile"), _opaque(image)
    if outline.profile and not profile:  # the file has no profile, but names a colour space other than sRGB
        image = images.by_profile(image, outline.profile)
    output = BytesIO()
    image.save(output, "JPEG", quality=JPEG_QUALITY, progressive=True, icc_profile=profile)
    return output.getvalue()


def _set_up(module: Any) -> Any:
    """Configure the module to read the primary image only."""
    module.options.THUMBNAILS = module.options.DEPTH_IMAGES = module.options.AUX_IMAGES = False
    # Tiles are decoded one after another.
    module.options.DECODE_THREADS = 0
    return module


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        background = Image.new("RGB", image.size, "white")
        background.paste(image, mask=image.getchannel("A"))
        return background
    return image if image.mode in ("RGB", "L") else image.convert("RGB")
