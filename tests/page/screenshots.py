"""Makes the pictures of the page for README: `make screenshots` writes them into docs/images."""

import random
import tempfile
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, expect

from tests import files
from tests.browser import chromium
from tests.client import upload
from tests.conftest import token as bearer
from tests.databases import SQLite
from tests.page import desk
from tests.running import ROOT, Server, scapi

IMAGES = ROOT / "docs" / "images"

WINDOW = {"width": 1100, "height": 980}

SPEED = 300_000
"""Bytes per second of the uploads, so slow that all of them are shown running."""

NAMES = (
    "Ridge at dawn",
    "Above the clouds",
    "Last snow",
    "Path to the hut",
    "Evening",
    "Valley",
    "First light",
    "North face",
    "Summit",
    "Scree",
    "Far hills",
    "Noon",
    "Way back",
    "Dusk",
)

PATIENCE = 15_000
"""Milliseconds to wait for the page to show something."""

MOST_BYTES = 150_000
"""The most bytes of a picture."""


def landscape(seed: int, width: int = 900, height: int = 600, grain: float = 0) -> bytes:
    """Return a generated photo of mountains as a JPEG. `grain` makes it large, like those of cameras."""
    chance = random.Random(seed)
    hue = [chance.randint(50, 210) for _ in range(3)]
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for y in range(height):
        fade = y / height
        draw.line([(0, y), (width, y)], tuple(int(part * (1 - fade) + (255 - part * 0.4) * fade) for part in hue))
    x = width * chance.uniform(0.2, 0.8)
    draw.ellipse((x, height * 0.14, x + width * 0.09, height * 0.14 + width * 0.09), (255, 243, 214))
    for ridge in range(5):
        top = height * (0.42 + 0.12 * ridge)
        line = [(across, top + chance.uniform(-70, 50)) for across in range(0, width + 60, 60)]
        shade = tuple(int(part * (0.85 - 0.15 * ridge)) for part in hue)
        draw.polygon([(0, height), *line, (width, height)], shade)
    output = BytesIO()
    image = image.filter(ImageFilter.GaussianBlur(1))
    noise = Image.effect_noise(image.size, 100).convert("RGB")
    Image.blend(image, noise, grain).save(output, "JPEG", quality=92)
    return output.getvalue()


def picture(browser: Browser, service: Server, folder: Path, scheme: str, user: int) -> Path:
    """Make a picture of the page with running uploads of a user, in light or dark, and return it."""
    for seed, name in enumerate(NAMES):
        upload(service, landscape(seed), filename=f"{name}.jpg", headers=bearer(user))
    page = browser.new_context(viewport=WINDOW, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(service.url)
    desk.set_token(page, desk.token(user))
    expect(page.locator(".tile")).to_have_count(len(NAMES))
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    expect(page.get_by_role("status")).to_be_empty(timeout=PATIENCE)
    desk.Line(page, SPEED)
    chosen = [folder / "Lake in the morning.jpg", folder / "Crossing.jpg", folder / "Route and timetable.pdf"]
    for seed, path in enumerate(chosen[:2]):
        desk.written(path, landscape(100 + seed, 2400, 1600, grain=0.05))
    desk.written(chosen[2], files.pdf(4, size=900_000, title="Route and timetable"))
    desk.choose(page, *chosen)
    desk.wait_for_bytes(page, chosen[0].name, 500_000)
    expect(page.get_by_text("left")).to_be_visible()
    page.mouse.move(0, 0)
    output = BytesIO(page.screenshot())
    path = IMAGES / f"page-{scheme}.png"
    with Image.open(output) as image:
        image.convert("RGB").quantize(200, dither=Image.Dither.NONE).save(path, "PNG", optimize=True)
    page.context.close()
    return path


def serving(folder: Path) -> AbstractContextManager[Server]:
    """Serve scapi with an empty database."""
    return scapi(folder, workers=1, SCAPI_DATABASE_URL=SQLite(folder).create())


def main() -> None:
    """Make both pictures on a separate server."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser, serving(Path(name)) as service:
        for user, scheme in enumerate(("light", "dark"), 7):
            path = picture(browser, service, Path(name), scheme, user)
            size = path.stat().st_size
            print(f"{path.relative_to(ROOT)}: {size} bytes")
            if size > MOST_BYTES:
                raise SystemExit(f"{path.name} has more than {MOST_BYTES} bytes")


if __name__ == "__main__":
    main()
