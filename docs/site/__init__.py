"""Documentation generated from the code: pages, tables, pictures and formulas."""
