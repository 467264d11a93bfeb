"""Files: atomic writing, hashes, locks, and text formats."""
