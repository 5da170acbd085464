"""scapi: chunked uploads that become media. Start reading here."""

from pathlib import Path

from flask import Flask

from scapi import (
    auth,
    cli,
    configuration,
    cross_origin,
    database,
    documentation,
    errors,
    incoming,
    paths,
    rates,
    storage,
)
from scapi.bodies import JSONProvider
from scapi.checks import checking
from scapi.configuration import ConfigurationError, NotReady
from scapi.events import delivery as webhooks
from scapi.extensions import api, db, migrate
from scapi.media.files import STORED
from scapi.media.serving import blueprint as files
from scapi.media.views import blueprint as media
from scapi.page.views import blueprint as page
from scapi.previews import setup as previews
from scapi.tags.views import blueprint as tags
from scapi.uploads import caps
from scapi.uploads.views import blueprint as uploads
from scapi.watching import health, logs, per_request
from scapi.watching.endpoints import blueprint as watching

__all__ = ["ConfigurationError", "NotReady", "create_app"]

API_PREFIX = "/api/v2"


def create_app(config: object) -> Flask:
    """Return the application that `config` describes: an object with the attributes of `config.Config`.

    Raises ConfigurationError for settings that cannot work, NotReady for a storage that cannot be reached now.
    """
    app = logs.LoggedFlask(__name__, static_folder=None)
    app.json = JSONProvider(app)
    app.config.from_object(config)

    logs.set_up(app)
    per_request.register(app)
    configuration.trust_proxies(app)
    configuration.set_up_database(app)
    configuration.set_up_secret(app)
    database.set_up(app, db)
    migrate.init_app(app, db, directory=str(Path(__file__).parent / "migrations"))
    cross_origin.set_up(app)
    storage.set_up(app)
    health.set_up(app)
    previews.set_up(app)
    incoming.register(app)
    auth.register(app)
    rates.set_up(app)
    caps.set_up(app, STORED)
    checking.set_up(app)
    webhooks.set_up(app)
    errors.register(app)
    paths.set_up(app)
    documentation.set_up(app, API_PREFIX)
    for blueprint in (uploads, media, tags):
        api.register_blueprint(blueprint, url_prefix=API_PREFIX)
    app.register_blueprint(page)
    app.register_blueprint(files)
    app.register_blueprint(watching)
    cli.register(app)
    return app
