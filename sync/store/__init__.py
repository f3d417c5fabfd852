"""What attitre remembers: tables, transactions, and small functions a table."""
