"""What happens without a request: sweeping, checking, moving, and the commands for it."""
