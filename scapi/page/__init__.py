"""The page at `/`, for a person with a browser. Its sources are in `web/`; `make page` builds them into `static/`."""
