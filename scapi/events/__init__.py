"""Events: signals for code in this process, webhooks for other services."""
