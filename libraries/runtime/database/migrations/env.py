"""Alembic's environment, the same for the history of each service; the caller brings the connection."""

from alembic import context

LOCK_SECONDS = 5
STATEMENT_SECONDS = 300


def run() -> None:
    connection = context.config.attributes["connection"]
    service = context.config.attributes["service"]
    context.configure(
        connection=connection,
        target_metadata=None,
        version_table="schema_history",
        version_table_schema=service,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        # A migration that cannot get its lock gives up instead of queueing everybody behind it.
        connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        connection.exec_driver_sql(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
        context.run_migrations()


run()
