"""What others may hear of: signals in this process, webhooks outside of it."""
