"""What a link becomes: its page is fetched safely and asked what it says about itself."""
