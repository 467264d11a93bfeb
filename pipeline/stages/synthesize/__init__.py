"""Synthesize stage: the demo dataset."""
