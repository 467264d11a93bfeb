"""Media: reading, preprocessing, encoding and sampling of video frames."""
