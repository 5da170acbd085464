"""From bytes to facts: what a file is, by its bytes alone. Imports nothing of scapi, Flask or SQLAlchemy."""
