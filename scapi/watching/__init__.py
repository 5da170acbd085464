"""What an operator sees of scapi: whether it is alive and ready, its metrics, and its log."""
