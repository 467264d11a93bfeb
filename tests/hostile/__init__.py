"""Hostile input: whatever a file says, a row with a reason or one clear error comes out."""
