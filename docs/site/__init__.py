"""What the documentation makes from the code: pages, tables, pictures and formulas."""
