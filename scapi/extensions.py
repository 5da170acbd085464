"""The Flask extensions, made here once and bound to the application in `create_app`."""

import flask_smorest
from flask import Response
from flask_cors import CORS
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from werkzeug.exceptions import HTTPException

from scapi import errors
from scapi.database import Base


class Api(flask_smorest.Api):
    """flask-smorest's Api with scapi's error body."""

    ERROR_SCHEMA = errors.ErrorSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # `scapi.answers` names them all

    def handle_http_exception(self, error: HTTPException) -> Response:
        return errors.http_exception(error)


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
api = Api()
cors = CORS()
