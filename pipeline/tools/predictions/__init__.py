"""Predictions of other programs, as predictions of a model of the leaderboard."""
