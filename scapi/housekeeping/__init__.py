"""What happens without a request: periodic jobs, sweeping, checking, moving, and the commands for it."""
