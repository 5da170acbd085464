"""HTTP's own resumable uploads (draft-ietf-httpbis-resumable-upload), another protocol for uploads."""
