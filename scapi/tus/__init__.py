"""tus 1.0.0 (tus.io/protocols/resumable-upload): one more door to the uploads, for any client that speaks it."""
