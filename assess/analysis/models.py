"""Tables of uploaded response files, imported response sets and audit runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, deferred

from assess.db import Base, column, id_column


class ResponseFile(Base):
    """A file that was uploaded and not imported yet; its content goes as soon as it is imported or given up."""

    __tablename__ = "response_file"

    id: Mapped[str] = id_column()
    programme_id: Mapped[str] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), index=True)
    instrument_id: Mapped[str] = column("internal")
    instrument_version: Mapped[str] = column("internal")
    name: Mapped[str] = column("internal")
    header: Mapped[list[str]] = column("internal", JSON)
    source: Mapped[str] = column("internal", default="")
    licence: Mapped[str] = column("internal", default="")
    simulated: Mapped[bool] = column("internal", default=False)
    mapping: Mapped[dict[str, Any] | None] = column("internal", JSON)
    faults: Mapped[dict[str, Any] | None] = column("internal", JSON)
    job_id: Mapped[str | None] = column("internal", ForeignKey("job.id"))
    response_set_id: Mapped[str | None] = column("internal", ForeignKey("response_set.id"))
    uploaded_by: Mapped[str] = column("pseudonym")
    uploaded_at: Mapped[datetime] = column("internal")
    content: Mapped[bytes | None] = deferred(column("deidentified", LargeBinary))


class ResponseSet(Base):
    """Answers of many people to one instrument, without anything that says who they are.

    `answers` is a zlib-compressed people × items matrix of signed bytes (`importing.NOT_ANSWERED` where there is no
    answer), `labels` likewise people × groups of unsigned bytes: positions in `groups[name]`, `importing.NO_LABEL`
    where none is given. An instrument that is not installed is kept with its answers (`instrument_files`), so that
    the evidence can be made again. A set without a programme belongs to the installation: every programme may use it
    as a source.
    """

    __tablename__ = "response_set"

    id: Mapped[str] = id_column()
    programme_id: Mapped[str | None] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), index=True)
    instrument_id: Mapped[str] = column("internal", index=True)
    instrument_version: Mapped[str] = column("internal")
    instrument_digest: Mapped[str] = column("internal")
    instrument_files: Mapped[dict[str, str] | None] = column("internal", JSON)
    item_ids: Mapped[list[str]] = column("internal", JSON)
    groups: Mapped[dict[str, list[str]]] = column("internal", JSON)
    n: Mapped[int] = column("internal")
    n_without_answer: Mapped[int] = column("internal")
    language: Mapped[str] = column("internal", default="")
    source: Mapped[str] = column("internal", default="")
    licence: Mapped[str] = column("internal", default="")
    simulated: Mapped[bool] = column("internal", default=False)
    digest: Mapped[str] = column("internal")
    imported_by: Mapped[str] = column("pseudonym")
    imported_at: Mapped[datetime] = column("internal")
    answers: Mapped[bytes] = deferred(column("deidentified", LargeBinary))
    labels: Mapped[bytes] = deferred(column("deidentified", LargeBinary))


class AuditRun(Base):
    """One audit: what was looked at, and the evidence it gave with everything needed to make it again.

    `copies` are fingerprints of the clients' own answers it took, so that no later audit differs by a few people.
    """

    __tablename__ = "audit_run"

    id: Mapped[str] = id_column()
    programme_id: Mapped[str | None] = column("internal", ForeignKey("programme.id", ondelete="CASCADE"), index=True)
    response_set_id: Mapped[str | None] = column("internal", ForeignKey("response_set.id"))
    instrument_id: Mapped[str] = column("internal", index=True)
    instrument_version: Mapped[str] = column("internal")
    scale_ids: Mapped[list[str]] = column("internal", JSON)
    groupings: Mapped[list[str]] = column("internal", JSON)
    references: Mapped[dict[str, str]] = column("internal", JSON)
    seed: Mapped[int] = column("internal")
    job_id: Mapped[str | None] = column("internal", ForeignKey("job.id"))
    started_by: Mapped[str] = column("pseudonym")
    started_at: Mapped[datetime] = column("internal")
    finished_at: Mapped[datetime | None] = column("internal")
    n: Mapped[int | None] = column("internal")
    simulated: Mapped[bool] = column("internal", default=False)
    evidence: Mapped[dict[str, Any] | None] = deferred(column("deidentified", JSON))
    evidence_digest: Mapped[str] = column("internal", default="")
    copies: Mapped[list[str] | None] = deferred(column("deidentified", JSON(none_as_null=True)))
