"""Stages of dvc.yaml, one module or package each."""
