"""`scapi check`: whether the files that rows name are there, and the files that are there have rows."""
