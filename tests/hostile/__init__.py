"""Hostile input: every file results in a row with a reason or in one clear error."""
