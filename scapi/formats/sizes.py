"""Sizes of the pictures that are made from files, in pixels. They are never larger than their source."""

PREVIEW_SIZE = 1200
"""The longer side of a document's first page."""

THUMBNAIL_SIZE = 400
"""The side of the square that a thumbnail fits into."""
