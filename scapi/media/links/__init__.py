"""Media of links: the preview, the embed, and the media made from them."""
