"""Settings: one frozen dataclass, read once, all faults reported together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assess.errors import SettingsFault


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs; see README for the environment variable of each."""

    data: Path = Path("var")
    database: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    address: str = ""
    smtp: str | None = None
    sender: str = "assess@localhost"
    help_contact: str = ""
    link_hours: int = 72
    session_hours: int = 12
    smallest_group: int = 10

    @property
    def base_address(self) -> str:
        """The address people reach the service at, without a slash at the end."""
        return self.address.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are kept off plain HTTP."""
        return self.base_address.startswith("https://")

    @property
    def database_file(self) -> Path:
        """The embedded database; not there where PostgreSQL is used."""
        return self.data / "assess.db"

    @property
    def keys(self) -> Path:
        """The folder of keys, apart from the database and never in its backups."""
        return self.data / "keys"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read every ASSESS_… variable; unknown names and bad values are reported all at once."""
        readers = {
            "data": Path, "database": str, "host": str, "port": int, "address": str, "smtp": str, "sender": str,
            "help_contact": str, "link_hours": int, "session_hours": int, "smallest_group": int,
        }  # fmt: skip
        values, faults = {}, []
        for name, text in environment.items():
            if not name.startswith("ASSESS_"):
                continue
            key = name.removeprefix("ASSESS_").lower()
            try:
                values[key] = readers[key](text)
            except KeyError:
                faults.append(f"{name}: no such setting")
            except ValueError:
                faults.append(f"{name}: {text!r} is not a whole number")
        faults += _faults(values)
        if faults:
            raise SettingsFault("These settings need mending:\n  " + "\n  ".join(faults))
        return cls(**values)


def _faults(values: Mapping[str, object]) -> list[str]:
    """Return what is wrong with values that could be read."""
    faults = []
    if not int(str(values.get("smallest_group", 10))) >= 8:
        faults.append("ASSESS_SMALLEST_GROUP: groups of fewer than 8 people are never shown; give 8 or more")
    if not 1 <= int(str(values.get("port", 8000))) <= 65535:
        faults.append("ASSESS_PORT: give a port from 1 to 65535")
    database = values.get("database")
    if database is not None and urlsplit(str(database)).scheme.split("+")[0] not in {"postgresql", "postgres"}:
        faults.append("ASSESS_DATABASE: give a postgresql:// address, or leave it out for the embedded database")
    return faults
