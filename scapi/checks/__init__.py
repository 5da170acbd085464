"""What a file must pass before anyone can see it."""
