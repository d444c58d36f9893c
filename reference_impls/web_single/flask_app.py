"""The same server with Flask and gunicorn: only the framework differs."""

from __future__ import annotations

import os
import sys

from flask import Flask, Response, jsonify, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from kit.inputs import Records, UnfitInputError, answer
from kit.logs import configure_logs
from kit.models import ModelOutputError, load, refusing, trained
from kit.ports import listen
from kit.settings import read_settings
from kit.web import address
from web_single.app import WebSingleSettings

Answer = tuple[Response, int]


def create_app(settings: WebSingleSettings | None = None) -> Flask:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    settings = settings or read_settings(WebSingleSettings)
    model = load(trained("iris", settings.data_dir), settings.digest)
    app = Flask("web-single-flask")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes

    @app.get("/live")
    def live() -> Answer:
        return jsonify(status="alive"), 200

    @app.get("/ready")
    def ready() -> Answer:
        return jsonify(status="ready"), 200

    @app.post("/predict")
    def predict() -> Answer:
        records = Records.model_validate_json(request.get_data())
        return jsonify(answer(model, records).model_dump()), 200

    @app.errorhandler(ValidationError)
    def invalid(error: ValidationError) -> Answer:
        details = [{"at": ".".join(map(str, e["loc"])), "reason": e["msg"]} for e in error.errors()[:20]]
        return jsonify(error="the request is not valid", details=details), 422

    @app.errorhandler(UnfitInputError)
    def unfit(error: UnfitInputError) -> Answer:
        return jsonify(error=str(error)), 422

    @app.errorhandler(ModelOutputError)
    def no_output(error: ModelOutputError) -> Answer:
        return jsonify(error=str(error)), 500

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Answer:
        return jsonify(error=error.description), error.code or 500

    return app


def main() -> None:
    """Check the model, open the port, and start gunicorn; after SIGTERM, it answers the requests in flight."""
    settings = read_settings(WebSingleSettings)
    configure_logs(settings, "web-single-flask")
    with refusing():
        create_app(settings)
    listener = listen(settings)
    listener.set_inheritable(True)
    where = address(listener)
    announcement = "" if settings.part else f"web-single-flask listens on {where}"
    os.environ["ANNOUNCEMENT"] = announcement
    options = {"bind": f"fd://{listener.fileno()}", "threads": "8", "graceful-timeout": str(round(settings.drain_s)),
               "log-level": "warning", "config": "python:web_single.gunicorn_hooks"}  # fmt: skip
    words = [f"--{key}={value}" for key, value in options.items()]
    application = "web_single.flask_app:create_app()"
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *words, application])


if __name__ == "__main__":
    main()
