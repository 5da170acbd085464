"""scapi: chunked uploads that become media. Start reading here."""

from pathlib import Path

from flask import Flask

from scapi import auth, cli, configuration, database, documentation, errors, storage
from scapi.bodies import FORM_OVERHEAD, Request
from scapi.extensions import api, cors, db, migrate
from scapi.media.serving import blueprint as files
from scapi.media.views import blueprint as media
from scapi.uploads.views import blueprint as uploads

API_PREFIX = "/api/v2"


def create_app(config: object) -> Flask:
    """Return the application that `config` describes: an object with the attributes of `config.Config`.

    Raises ConfigurationError, which ends the process with its message, for settings that cannot work.
    """
    app = Flask(__name__, static_folder=None)
    app.request_class = Request
    app.json.sort_keys = False
    app.config.from_object(config)
    app.config["MAX_CONTENT_LENGTH"] = app.config["SCAPI_MAX_CHUNK_BYTES"] + FORM_OVERHEAD
    app.url_map.strict_slashes = False  # both forms of a path work: browsers do not follow a redirected preflight
    app.url_map.merge_slashes = False

    configuration.set_up_database(app)
    configuration.set_up_secret(app)
    database.set_up(app, db)
    migrate.init_app(app, db, directory=str(Path(__file__).parent / "migrations"))
    cors.init_app(app, **configuration.cors_options(app))
    storage.set_up(app)
    auth.register(app)
    errors.register(app)
    documentation.set_up(app, API_PREFIX)
    for blueprint in (uploads, media):
        api.register_blueprint(blueprint, url_prefix=API_PREFIX)
    app.register_blueprint(files)
    cli.register(app)
    return app
