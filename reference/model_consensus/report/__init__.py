"""Claims, tables, pages and pictures."""
