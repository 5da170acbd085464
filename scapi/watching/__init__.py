"""What an operator sees of scapi: whether it is alive and ready, its metrics, and its log."""

BLUEPRINT = "watching"
"""Name of the blueprint of the operator's endpoints: no user asks them, and no user's token is looked at there."""
