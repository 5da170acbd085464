"""tus 1.0.0 (tus.io/protocols/resumable-upload), another protocol for uploads, for any tus client."""
