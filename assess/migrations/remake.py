"""Make the one migration anew from the tables: `python -m assess.migrations.remake`, until the first release."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

import assess.app  # noqa: F401 importing the application declares all tables
from assess.db import open_database
from assess.paths import MIGRATIONS


def remake() -> None:
    """Write the migration that takes an empty database to the tables as they are."""
    for old in (MIGRATIONS / "versions").glob("*.py"):
        old.unlink()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with open_database(None).begin() as connection:
        config.attributes["connection"] = connection
        command.revision(config, "Make all tables", autogenerate=True, rev_id="0001")


if __name__ == "__main__":
    remake()
