"""PostgreSQL: engine and transactions, rows in bulk, the plumbing's tables and their migrations."""
