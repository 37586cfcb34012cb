"""How Alembic reaches the tables: on the connection it is given."""

from alembic import context

import assess.app  # noqa: F401 importing the application declares all tables
from assess.db import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
