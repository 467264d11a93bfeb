"""Tools: commands that change nothing that a stage wrote."""
