"""Check: the installation, and the inputs of a dataset before a run."""
