"""A soak: everything at once for some minutes."""
