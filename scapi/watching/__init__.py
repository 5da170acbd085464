"""Monitoring: health, readiness, metrics and log."""
