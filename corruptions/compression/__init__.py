"""Corruptions of the coded stream: encoders at low quality, bit errors, packet loss."""
