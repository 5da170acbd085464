"""A soak test: all kinds of requests at once for some minutes."""
