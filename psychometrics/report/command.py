"""The command line: ``python -m psychometrics audit responses.csv --instrument ipip-50 --group country``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from psychometrics.engines import TaskError
from psychometrics.report import page, record, terminal
from psychometrics.report.faults import Fault, InputFaults
from psychometrics.report.request import study_of

_EXAMPLES = """examples:
  python -m psychometrics audit answers.csv --instrument ipip-50 --group country
  python -m psychometrics audit answers.csv --scale joy=q1,-q2,q3:q9 --codes 1-5 --group gender --group age:30,50
  python -m psychometrics audit answers.csv --instrument phq-8 --mapping columns.toml --html report.html --json all.json

The file holds one row per person and one column per item, with the names of the columns in its first line; an empty
cell means that no answer was given. Exit code 0: done; 2: the input needs mending.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; faults of the input are told all at once, with exit code 2."""
    _speak_unicode()
    options = _parser().parse_args(arguments)
    try:
        _audit(options)
        sys.stdout.flush()
    except InputFaults as wrong:
        count = len(wrong.faults)
        print(f"{count} fault{'s' if count > 1 else ''} to mend:", file=sys.stderr)
        for fault in wrong.faults:
            print(f"  {fault}", file=sys.stderr)
        return 2
    except TaskError as error:
        print(f"A fault of this program, not of the input: {error.reason}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # as with  | head; what is left in the buffer must not complain at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


def _speak_unicode() -> None:
    """Labels of any language are printed; a terminal that cannot show one shows a question mark instead."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m psychometrics", description="Statistics about questionnaires, from a file of answers."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="audit")
    audit = commands.add_parser(
        "audit",
        help="how reliable a questionnaire is, and whether it is fair across groups",
        description="How reliable are these scales, and do they work alike in different groups?",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = audit.add_argument
    add("responses", type=Path, help="CSV file, also compressed (.csv.gz)")
    add("--instrument", metavar="NAME", help="instrument file, its folder, or a name in a folder named instruments")
    add("--mapping", type=Path, metavar="FILE", help="TOML: [items], [scales], [groups], missing, codes")
    add(
        "--scale",
        action="append",
        default=[],
        metavar="NAME=COLUMNS",
        help="columns; -column is reversed, q1:q9 a span",
    )
    add("--reverse", action="append", default=[], metavar="COLUMNS", help="more columns to reverse")
    add("--codes", metavar="LOW-HIGH", help="response scale of --scale, such as 1-5 (default: as found in the data)")
    add("--group", action="append", default=[], metavar="COLUMN", help="compare these groups; age:30,50 makes bands")
    add("--reference", action="append", default=[], metavar="GROUP=LABEL", help="whom to compare with (the largest)")
    add("--missing", action="append", default=[], metavar="TEXT", help="what means no answer besides an empty cell")
    add("--cut", action="append", default=[], metavar="SCALE=SCORES", help="who reaches these sum scores, as 10,15")
    add("--html", type=Path, metavar="FILE", help="write a page with pictures")
    add("--json", type=Path, metavar="FILE", help="write every figure at full precision")
    add("--seed", type=int, default=1, help="of the random numbers behind intervals (1)")
    add("--engine", default="serial", metavar="ENGINE", help="serial, processes, or the address of a Dask scheduler")
    add("--quiet", action="store_true", help="no progress")
    return parser


def _audit(options: argparse.Namespace) -> None:
    study = study_of(options)
    wanted = {options.html: page.report, options.json: record.report}
    written = [_write(path, content(study)) for path, content in wanted.items() if path is not None]
    # Printed last: whoever reads only the beginning, as with  | head, has the files all the same.
    print("\n".join([terminal.report(study), *written]))


def _write(path: Path, content: str) -> str:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputFaults([Fault(str(path), f"cannot be written: {error.strerror}")]) from error
    return f"written: {path}"
