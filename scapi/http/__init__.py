"""HTTP: bodies, errors, paging, tokens, limits. Independent of uploads and media."""
