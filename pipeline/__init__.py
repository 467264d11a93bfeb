"""The pipeline: one module a stage, in the order of the data flow."""

__version__ = "1.0.0"
