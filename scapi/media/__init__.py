"""What an uploaded file becomes: an image or a document that a page can show."""
