"""Tests of the project.

Every process of them computes with one thread: pytest-xdist already uses all cores, and threads
that wait for each other take CPU time.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and torch are imported
