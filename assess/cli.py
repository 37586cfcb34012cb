"""The `assess` command: run the parts, make accounts, audit instruments, look after what is kept."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assess.errors import AssessError
from assess.settings import Settings

if TYPE_CHECKING:
    from assess.transactions import Installation

_OPTIONS = (
    click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of database, keys, outbox."),
    click.option("--database", help="Address of a PostgreSQL database instead of the embedded one."),
)


def with_installation(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which installation is meant."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(data: Path | None, database: str | None, **more: Any) -> Settings:
    """Return the settings of the environment, with what the command line says on top."""
    settings = Settings.from_environment(os.environ)
    given = {"data": data, "database": database, **more}
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


class _Commands(click.Group):
    """`assess` without a command serves."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `serve` before options that stand alone."""
        if not args or (args[0].startswith("-") and args[0] not in {"--help", "--version"}):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Commands)
@click.version_option(package_name="assess")
def commands() -> None:
    """Self-hosted administration of validated questionnaires in coaching programmes."""


@commands.command()
@with_installation
@click.option("--port", type=click.IntRange(1, 65535), help="Port on this machine (8000).")
@click.option("--empty", is_flag=True, help="Do not load the demonstration into an empty database.")
def serve(data: Path | None, database: str | None, port: int | None, empty: bool) -> None:
    """Set up what is missing, load the demonstration, and serve on this machine."""
    from assess.serving import serve as serve_installation

    settings = settings_of(data, database, port=port)
    check_port(settings)
    _occupy(settings)
    serve_installation(settings, empty=empty, write=click.echo)


def check_port(settings: Settings) -> None:
    """Say plainly when something else listens already, before anything else is done."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise AssessError(
                f"Port {settings.port} is in use. Stop what runs there, or choose another: --port {settings.port + 1}"
            ) from None


def prepare_folder(settings: Settings) -> None:
    """Make the data folder, readable by its owner only."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = settings.data / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise AssessError(
            f"{settings.data.resolve()} cannot be written ({error.strerror}). Give another folder: --data FOLDER"
        ) from None


def _occupy(settings: Settings) -> None:
    """Make the data folder if needed, and keep a restore out of it while this process lives."""
    from assess.privacy.backup import occupy

    prepare_folder(settings)
    occupy(settings.data)


@commands.command()
@with_installation
@click.option("--demonstration", is_flag=True, help="Load the demonstration if there is no programme yet.")
def init(data: Path | None, database: str | None, demonstration: bool) -> None:
    """Make keys and tables, or bring them up to date."""
    settings = settings_of(data, database)
    prepare_folder(settings)
    from assess.transactions import open_installation

    installation = open_installation(settings)
    if demonstration:
        from assess.demonstration import is_wanted, load

        if is_wanted(installation):
            click.echo("Loading a demonstration with simulated people …")
            load(installation)


@commands.command()
@with_installation
@click.option("--once", is_flag=True, help="Stop when nothing waits.")
def worker(data: Path | None, database: str | None, once: bool) -> None:
    """Do the long work: audits, new scores, the daily purge."""
    from assess.jobs import run_forever, run_next
    from assess.transactions import open_installation
    from assess.work import handlers, plan

    settings = settings_of(data, database)
    _occupy(settings)
    installation = open_installation(settings)
    work = handlers(installation)
    if once:
        plan(installation)
        while run_next(installation.sessions, work):
            pass
        return
    parent, stopped = os.getppid(), []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
    run_forever(
        installation.sessions,
        work,
        stop=lambda: bool(stopped) or os.getppid() != parent,
        plan=lambda: plan(installation),
    )


@commands.command()
@with_installation
@click.argument("mail")
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, required=True,
              type=click.Choice(["client", "coach", "lead", "supervisor", "administrator"]))  # fmt: skip
@click.option("--locale", default="en")
def user(data: Path | None, database: str | None, mail: str, name: str, roles: tuple[str, ...], locale: str) -> None:
    """Make an account for MAIL and print its first sign-in link."""
    from assess.people.models import Role
    from assess.people.service import create_person, issue_link
    from assess.transactions import open_installation

    with open_installation(settings_of(data, database)).transaction() as tx:
        person = create_person(tx, name=name, mail=mail, roles=[Role(role) for role in roles], locale=locale)
        link = issue_link(tx, person)
    click.echo(link)


@commands.command()
@with_installation
@click.argument("mail")
def link(data: Path | None, database: str | None, mail: str) -> None:
    """Print a new sign-in link for the account of MAIL: where no e-mail is sent and no lead can pass one on."""
    from assess.audit import Event
    from assess.people.service import find_by_mail, issue_link

    with _installation(data, database).transaction(actor="command") as tx:
        person = find_by_mail(tx, mail)
        if person is None:
            raise AssessError("No open account has this address.")
        address = issue_link(tx, person)
        tx.record(Event.INVITED, subject=person.id)
    click.echo(address)


@commands.command()
@with_installation
def doctor(data: Path | None, database: str | None) -> None:
    """Say whether keys, database, log, instruments and consent texts are in order."""
    from assess.privacy.commands import examine

    if not examine(_installation(data, database), click.echo):
        raise SystemExit(1)


@commands.command()
@with_installation
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@click.option("--certificates", is_flag=True, help="Show what was deleted so far, and delete nothing.")
def purge(data: Path | None, database: str | None, dry_run: bool, certificates: bool) -> None:
    """Delete what was kept long enough; the worker does it every day by itself."""
    from assess.privacy import commands as privacy

    act = privacy.show_certificates if certificates else privacy.preview if dry_run else privacy.purge
    act(_installation(data, database), click.echo)


@commands.command()
@with_installation
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def backup(data: Path | None, database: str | None, folder: Path) -> None:
    """Write an encrypted copy of the database, without any key, into FOLDER."""
    from assess.privacy.backup import backup as write_copy

    click.echo(write_copy(_installation(data, database), folder))


@commands.command()
@with_installation
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(data: Path | None, database: str | None, file: Path) -> None:
    """Put a copy that `backup` made in the database's place; whoever was erased since is erased again."""
    from assess.privacy.commands import restore as put_back

    settings = settings_of(data, database)
    prepare_folder(settings)
    put_back(settings, file, click.echo)


@commands.group("audit-log")
def audit_log() -> None:
    """Look at the record of who did what."""


@audit_log.command()
@with_installation
def verify(data: Path | None, database: str | None) -> None:
    """Say whether anything in the log was altered or removed."""
    from assess.privacy.commands import verify_log

    if not verify_log(_installation(data, database), click.echo):
        raise SystemExit(1)


@commands.group()
def instruments() -> None:
    """Check, list and show instrument files."""


@instruments.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """List every fault of every instrument file at once; PATHS default to the shipped instruments."""
    from assess.instruments.commands import check as check_files
    from assess.paths import INSTRUMENTS

    if check_files(paths or (INSTRUMENTS,), click.echo):
        raise SystemExit(1)


@instruments.command("list")
def list_all() -> None:
    """List the instruments with their languages and the evidence state of each."""
    from assess.instruments.catalogue import load_catalogue
    from assess.instruments.commands import list_instruments
    from assess.paths import INSTRUMENTS

    list_instruments(load_catalogue(INSTRUMENTS), click.echo)


@instruments.command()
@click.argument("instrument_id")
@click.option("--version", help="Version; the latest if left out.")
def show(instrument_id: str, version: str | None) -> None:
    """Show everything about one instrument but its wording."""
    from assess.instruments.catalogue import load_catalogue
    from assess.instruments.commands import show as show_instrument
    from assess.paths import INSTRUMENTS

    catalogue = load_catalogue(INSTRUMENTS)
    instrument = catalogue.get(instrument_id, version) if version else catalogue.latest(instrument_id)
    show_instrument(instrument, click.echo)


@instruments.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def schema(folder: Path) -> None:
    """Write the JSON Schemas of the instrument files, for editors, into FOLDER."""
    from assess.instruments.commands import schema as write_schema

    write_schema(folder, click.echo)


@commands.group()
def responses() -> None:
    """Import response files."""


@responses.command("import")
@with_installation
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--instrument", default="", metavar="ID[/VERSION]", help="An installed instrument.")
@click.option("--instrument-file", type=click.Path(exists=True, path_type=Path), help="One that is not installed.")
@click.option(
    "--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TOML: columns of items and groups."
)
@click.option("--item", "items", multiple=True, metavar="COLUMN=ITEM", help="ITEM: an id, or its place from 1.")
@click.option("--group", "groups", multiple=True, metavar="COLUMN[=NAME]", help="A column of group labels.")
@click.option("--language", default="", help="The language of all rows, such as en.")
@click.option("--missing", multiple=True, metavar="TEXT", help="Besides an empty cell: not answered.")
@click.option("--source", default="", help="Where the answers come from; the file's name if left out.")
@click.option("--licence", default="", help="What their owner permits.")
@click.option("--programme", default="", help="Id or name; without it every programme may use the answers.")
@click.option("--simulated", is_flag=True, help="The answers are not those of people.")
def import_responses(data: Path | None, database: str | None, file: Path, **wanted: Any) -> None:
    """Import a CSV FILE (plain or gzipped), checked line by line: all of it, or nothing."""
    from assess.analysis.commands import Wanted
    from assess.analysis.commands import import_responses as import_file

    with click.progressbar(length=100, label="reading", file=sys.stderr) as bar:
        import_file(_installation(data, database), file, Wanted(**wanted), write=click.echo,
                    tell=lambda done: bar.update(int(100 * done) - bar.pos))  # fmt: skip


@commands.command()
@with_installation
@click.argument("about", default="", metavar="[SET|RUN]")
@click.option("--instrument", default="", metavar="ID[/VERSION]", help="With --programme: its clients' own answers.")
@click.option("--programme", default="", help="Id or name of the programme that may use the evidence.")
@click.option("--scale", "scales", multiple=True, help="Scales to look at; all if left out.")
@click.option("--group", "groupings", multiple=True, help="Groupings to compare; all if left out.")
@click.option(
    "--reference", "references", multiple=True, metavar="GROUPING=LABEL", help="The group others are compared with."
)
@click.option("--seed", type=int, help="For the same intervals again.")
@click.option(
    "--json", type=click.Path(dir_okay=False, path_type=Path), help="Also write the whole evidence to this file."
)
def audit(data: Path | None, database: str | None, about: str, groupings: tuple[str, ...], **wanted: Any) -> None:
    """Audit a response SET and print the verdicts with their reasons; or print a finished RUN again."""
    from assess.release.commands import Wanted
    from assess.release.commands import audit as audit_answers

    def tell(done: float, stage: str) -> None:
        click.echo(f"{done:4.0%} {stage}", err=True)

    audit_answers(_installation(data, database), about, Wanted(groupings=groupings or None, **wanted),
                  write=click.echo, tell=tell)  # fmt: skip


def _installation(data: Path | None, database: str | None) -> Installation:
    from assess.transactions import open_installation

    settings = settings_of(data, database)
    _occupy(settings)
    return open_installation(settings)


def main() -> None:
    """Run a command; a fault a person can mend is one clear line."""
    try:
        commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    except AssessError as error:
        raise SystemExit(f"assess: {error}") from None
    except Exception as error:
        if not _is_operational(error):
            raise
        raise SystemExit(f"assess: {_unreachable(error)}") from None


_NOT_OURS = "file is not a database"  # what SQLCipher says when the key does not fit


def _is_operational(error: Exception) -> bool:
    from sqlalchemy.exc import DatabaseError, OperationalError

    return isinstance(error, OperationalError) or (isinstance(error, DatabaseError) and _NOT_OURS in str(error.orig))


def _unreachable(error: Exception) -> str:
    reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
    if _NOT_OURS in reason:
        return "the database file and the key folder do not belong together: restore the keys that go with it"
    return f"the database does not answer ({reason})"


if __name__ == "__main__":
    main()
