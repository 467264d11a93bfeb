"""Everything that touches disk, container formats or processes."""
