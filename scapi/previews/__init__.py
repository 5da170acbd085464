"""Previews of links: the page is fetched safely, and what it says about itself is read."""
