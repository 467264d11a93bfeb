"""Descriptions of a dataset for people and catalogues: statements, Croissant, dataset card."""
