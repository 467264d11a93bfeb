"""Verify: checks of stored shards, recomputation and comparison with published manifests."""
