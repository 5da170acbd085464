"""What a link becomes: its preview, its embed, and the media made of them."""
