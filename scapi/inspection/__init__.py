"""Inspects files, of clients and of links, apart from the web process. See docs/inspection.md."""
