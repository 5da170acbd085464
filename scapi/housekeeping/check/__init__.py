"""`scapi check`: checks that every row has its file, and every file has a row."""
