"""scapi: chunked uploads that become media. Start reading here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

API_PREFIX = "/api/v2"


def create_app(config: object) -> Flask:
    """Return the application that `config` describes: an object with the attributes of `config.Config`.

    Raises ConfigurationError for settings that cannot work, NotReady for a storage that cannot be reached now.
    """
    # Not at the top of the file: gunicorn's master imports scapi.server, which must not load everything else.
    from scapi import database, logs, settings, storage
    from scapi.checks import checking
    from scapi.database import db, migrate
    from scapi.events import delivery as webhooks
    from scapi.http import auth, cors, errors, limits, openapi, paths, rates, request_notes
    from scapi.http.bodies import JSONProvider
    from scapi.http.openapi import api
    from scapi.media.files import STORED
    from scapi.media.serving import blueprint as files
    from scapi.media.views import blueprint as media
    from scapi.page.views import blueprint as page
    from scapi.previews import setup as previews
    from scapi.tags.views import blueprint as tags
    from scapi.uploads import caps
    from scapi.uploads.views import blueprint as uploads
    from scapi.watching import health
    from scapi.watching.endpoints import blueprint as watching

    app = logs.LoggedFlask(__name__, static_folder=None)
    app.json = JSONProvider(app)
    app.config.from_object(config)

    logs.set_up(app)
    request_notes.register(app)
    settings.trust_proxies(app)
    settings.set_up_database(app)
    settings.set_up_secret(app)
    database.set_up(app)
    migrate.init_app(app, db, directory=str(Path(__file__).parent / "migrations"))
    cors.set_up(app)
    storage.set_up(app)
    health.set_up(app)
    previews.set_up(app)
    limits.register(app)
    auth.register(app)
    rates.set_up(app)
    caps.set_up(app, STORED)
    checking.set_up(app)
    webhooks.set_up(app)
    errors.register(app)
    paths.set_up(app)
    openapi.set_up(app, API_PREFIX)
    for blueprint in (uploads, media, tags):
        api.register_blueprint(blueprint, url_prefix=API_PREFIX)
    app.register_blueprint(page)
    app.register_blueprint(files)
    app.register_blueprint(watching)
    return app
