"""One file a format; see `pipeline.export`."""
