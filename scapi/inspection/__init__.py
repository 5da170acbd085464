"""The room in which files are looked at, a client's or a link's: apart from the web process. docs/inspection.md."""
