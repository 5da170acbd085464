"""A file on its way in: chunks, their order, their hash, and the row that is the truth about them."""
