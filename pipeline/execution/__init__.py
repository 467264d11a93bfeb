"""Execution: worker pools, clusters, prefetching, progress and retries."""
