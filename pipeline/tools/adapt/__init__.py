"""Test-time adaptation: statistics of the source, evaluation of a method, its result file."""
