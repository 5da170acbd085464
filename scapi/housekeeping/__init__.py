"""Work without a request: periodic jobs, sweeping, checking, moving, and their commands."""
