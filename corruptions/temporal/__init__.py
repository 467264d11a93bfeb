"""Corruptions across frames: what is blurred over time, dropped, repeated or put out of order."""
