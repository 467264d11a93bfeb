"""Examples: methods of test-time adaptation, a file each."""
