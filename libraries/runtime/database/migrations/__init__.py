"""What the migration histories of all services share: Alembic's environment and the plumbing's first shape."""
