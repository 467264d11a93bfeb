"""Export: a dataset, or part of its grid, in the formats of other training frameworks."""
