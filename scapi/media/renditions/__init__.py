"""Pictures in the sizes that pages show: planned with the media, made afterwards. docs/renditions.md."""
