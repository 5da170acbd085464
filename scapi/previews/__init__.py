"""Previews of links: fetches the page safely and reads its metadata."""
