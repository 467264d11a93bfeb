"""Mirror: the videos of a folder or list, corrupted, below another folder under the same names."""
