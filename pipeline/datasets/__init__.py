"""Datasets: listed clips, source videos and corrupted clips."""
