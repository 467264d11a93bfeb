"""Tools: commands that are not stages of dvc.yaml."""
