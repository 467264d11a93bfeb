"""Tools: commands that read the outputs of stages and change none of them."""
