"""HTTP's own resumable uploads (draft-ietf-httpbis-resumable-upload): one more door to the uploads."""
