"""The table of purge certificates."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped

from assess.db import Base, column


class PurgeCertificate(Base):
    """What was deleted of a programme because it was kept long enough: ids, days and counts, nothing of anyone.

    `digest` is that of `content` and stands in the audit log, so that a certificate cannot be rewritten unseen.
    """

    __tablename__ = "purge_certificate"

    digest: Mapped[str] = column("internal", primary_key=True)
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), index=True)
    content: Mapped[str] = column("pseudonym")
    made_at: Mapped[datetime] = column("internal")
