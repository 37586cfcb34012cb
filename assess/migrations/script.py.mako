"""${message}."""

import sqlalchemy as sa
from alembic import op

import assess.db
from assess.consent.models import locks
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    ${upgrades if upgrades else "pass"}
    for statement in locks(op.get_bind().dialect.name):
        op.execute(statement)
