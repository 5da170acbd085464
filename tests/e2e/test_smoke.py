"""The main job, end to end."""

import hashlib
from io import BytesIO

from PIL import Image

from tests.running import Server


def test_a_photo_goes_in_and_comes_out(server: Server) -> None:
    output = BytesIO()
    Image.effect_noise((640, 480), 90).convert("RGB").save(output, "JPEG")
    photo = output.getvalue()
    begun = server.request("POST", "/api/v2/media/upload/chunk/", files={"image": ("my photo.jpg", photo)})
    assert begun.status_code == 201, begun.text
    fields = {"upload_id": begun.json()["upload_id"], "type": "image", "md5": hashlib.md5(photo).hexdigest()}
    media = server.request("POST", "/api/v2/media/upload/complete/", data=fields)
    assert media.status_code == 201, media.text
    assert server.request("GET", media.json()["url"].removeprefix(server.url)).content == photo
