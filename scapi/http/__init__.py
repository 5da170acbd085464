"""How scapi speaks HTTP: bodies, errors, paging, tokens, limits. It knows no upload and no media."""
