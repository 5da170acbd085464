"""scapi: chunked uploads that become media. Start reading here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scapi.http.application import Application
    from scapi.settings import Settings


def create_app(settings: Settings | None = None) -> Application:
    """Return the application that the settings describe; without any, those of the environment.

    Raises ConfigurationError for settings that cannot work, NotReady for a storage that cannot be reached now.
    """
    # Not at the top of the file: gunicorn's master imports scapi.server, which must not load all other modules.
    from scapi import database, logs, storage
    from scapi.checks import checking
    from scapi.events import delivery
    from scapi.http import (
        auth,
        callers,
        cors,
        errors,
        incoming,
        openapi,
        paths,
        rates,
        read_only,
        request_notes,
        urls,
    )
    from scapi.http.application import Application
    from scapi.http.openapi import api
    from scapi.inspection import room
    from scapi.media import places, settling
    from scapi.media.files import STORED
    from scapi.media.renditions import asking, maker
    from scapi.media.serving import blueprint as files
    from scapi.media.views import blueprint as media
    from scapi.page.views import blueprint as page
    from scapi.previews import setup as previews
    from scapi.resumable import views as resumable_views
    from scapi.resumable.views import blueprint as resumable
    from scapi.settings import read_settings
    from scapi.settings.first_run import with_data_dir, with_keys
    from scapi.tags.views import blueprint as tags
    from scapi.tus.views import blueprint as tus
    from scapi.uploads import caps
    from scapi.uploads.views import blueprint as uploads
    from scapi.watching import health
    from scapi.watching.endpoints import blueprint as watching

    settings = with_keys(with_data_dir(settings or read_settings(os.environ)))
    app = Application(__name__, static_folder=None)
    app.settings = settings

    logs.set_up(settings.log_level, request_notes.FILTER)
    request_notes.register(app, settings.storage)
    callers.trust_proxies(app, settings.trusted_proxies)
    database.set_up(app, settings)
    cors.set_up(app, settings)
    storage.set_up(app, settings)
    health.set_up(app)
    room.set_up(app)
    settling.set_up(app)
    maker.set_up(app)
    asking.set_up(app)
    previews.set_up(app, settings)
    incoming.register(app, settings)
    read_only.register(app, settings)
    auth.register(app, settings)
    rates.set_up(app, settings)
    caps.set_up(app, settings, STORED)
    checking.set_up(app, settings)
    delivery.check(settings)
    errors.register(app)
    paths.set_up(app)
    openapi.set_up(app, settings, urls.API)
    for blueprint in (uploads, media, tags, tus, resumable):
        api.register_blueprint(blueprint, url_prefix=urls.API)
    resumable_views.register(app)
    for plain in (page, files, watching):
        app.register_blueprint(plain)
    places.check(app)  # last: it connects to the database, and an error after it would leave the connection open
    return app
