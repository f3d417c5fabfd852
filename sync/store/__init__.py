"""What attitre remembers: the tables, the transactions, and a module of small functions for each table."""
