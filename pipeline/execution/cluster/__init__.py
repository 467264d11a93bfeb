"""Clusters: joblib backends over Dask or Ray workers."""
