"""Publication of a dataset without its clips, and rebuilding it from a publication."""
