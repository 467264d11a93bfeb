"""Storage: paths, manifests, shards, parts and payloads."""
