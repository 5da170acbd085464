"""`scapi doctor`: what is wrong with an installation, why it matters, and the line that mends it."""
