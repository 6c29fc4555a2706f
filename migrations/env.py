"""How Alembic runs Sayso's migrations: on the connection, and in the transaction, that bot.store.schema gives it."""

from alembic import context

from bot.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
