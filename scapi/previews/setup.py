"""Makes the previewer from the settings."""

from time import perf_counter
from typing import TYPE_CHECKING

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from scapi import metrics
from scapi.previews.addresses import Rules
from scapi.previews.fetch import Fetcher, user_agent
from scapi.previews.oembed import known_providers
from scapi.previews.places import Places
from scapi.previews.preview import Preview, Previewer
from scapi.settings import ConfigurationError, Settings


class MeasuredPreviewer(Previewer):
    """A Previewer whose previews are counted and timed."""

    def preview(self, url: str) -> Preview:
        began = perf_counter()
        outcome = "failed"
        try:
            preview = super().preview(url)
            outcome = "ready" if preview.ready else "empty" if preview.tried else "busy"
        finally:
            metrics.PREVIEW_SECONDS.labels(outcome).observe(perf_counter() - began)
        return preview


def set_up(app: Flask, settings: Settings) -> None:
    """Make the previewer. Raises ConfigurationError."""
    try:
        rules = Rules.from_settings(settings.preview_allow, settings.preview_ports)
    except ValueError as error:
        raise ConfigurationError(f"SCAPI_PREVIEW_ALLOW or SCAPI_PREVIEW_PORTS: {error}") from error
    app.extensions["scapi.previewer"] = MeasuredPreviewer(
        Fetcher(
            rules,
            user_agent=user_agent(settings.preview_contact or settings.public_url),
            language=settings.preview_language,
        ),
        known_providers,
        settings.preview_seconds,
        settings.max_image_pixels,
        Places(settings.previews_at_once),
    )


if TYPE_CHECKING:
    previewer: Previewer
else:
    previewer = LocalProxy(lambda: current_app.extensions["scapi.previewer"])
