"""Labels for users, categories and contributions."""
