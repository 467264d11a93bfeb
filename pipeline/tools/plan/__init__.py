"""Plan: estimate of the cost of a run."""
