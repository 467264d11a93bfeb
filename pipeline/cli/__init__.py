"""Command line: option parsing and printing."""
