"""Uploads: chunks, their order, their hash, and the row in the database that says what is stored."""
