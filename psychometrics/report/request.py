"""From the options of a command to the study: every fault of the input is collected before anything is computed."""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from psychometrics.report.answers import Answers, read_answers
from psychometrics.report.faults import Fault, InputFaults, similar
from psychometrics.report.instruments import (
    ColumnMapping,
    find_instrument,
    mapped_scales,
    read_mapping,
    scales_of_instrument,
)
from psychometrics.report.scales import Grouping, Scale, grouping_of, scales_from_options
from psychometrics.report.study import ScaleStudy, Study, study_scales, versions
from psychometrics.report.table import TextFile, open_table, read_columns

Made = TypeVar("Made")


def study_of(options: argparse.Namespace) -> Study:
    """Read what the options name and audit it; faults of options, mapping, instrument and data are told together."""
    faults = _faults_of_options(options)
    file = _or_fault(faults, lambda: open_table(options.responses))
    mapping = _or_fault(faults, lambda: read_mapping(options.mapping)) if options.mapping else ColumnMapping()
    if file is None or mapping is None:
        raise InputFaults(faults)
    faults += _repeated_columns(file)
    missing = (*mapping.missing, *options.missing)
    scales, notes = _scales(options, mapping, file, faults)
    groupings = _groupings(options, mapping, file, faults)
    reference = _references(options, groupings, faults)
    wanted = dict.fromkeys([*(c for scale in scales for c in scale.columns), *(g.column for g in groupings)])
    answers = _or_fault(
        faults, lambda: read_answers(file.name, read_columns(file, list(wanted)), scales, groupings, missing)
    )
    if answers is not None:
        faults += _unknown_references(reference, answers)
    if answers is None or faults:
        raise InputFaults(dict.fromkeys(faults))
    return Study(
        file=file.name,
        sha256=file.sha256,
        n_rows=answers.n_rows,
        seed=options.seed,
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        versions=versions(),
        scales=_computed(options, answers, reference),
        groupings=tuple(grouping.name for grouping in groupings),
        notes=(*notes, *_read_as_missing(missing)),
    )


def _or_fault(faults: list[Fault], step: Callable[[], Made]) -> Made | None:
    """Return what a step makes; where it cannot, add why and go on to find the other faults."""
    try:
        return step()
    except InputFaults as wrong:
        faults += wrong.faults
        return None


def _computed(options: argparse.Namespace, answers: Answers, reference: dict[str, str]) -> tuple[ScaleStudy, ...]:
    engine = int(options.engine) if options.engine.isdigit() else options.engine
    tell = None if options.quiet or not sys.stderr.isatty() else _tell
    try:
        return study_scales(answers, reference=reference, seed=options.seed, engine=engine, tell=tell)
    except (OSError, ValueError, ModuleNotFoundError) as error:  # no cluster at the address, or no package for it
        raise InputFaults([Fault(f"--engine {options.engine}", str(error))]) from error
    finally:
        if tell:
            print("\r\033[K", end="", file=sys.stderr)


def _faults_of_options(options: argparse.Namespace) -> list[Fault]:
    faults = []
    for option, path in (("--html", options.html), ("--json", options.json)):
        if path is not None and path.resolve() == options.responses.resolve():
            faults.append(Fault(f"{option} {path}", "this is the file of answers", "give another name"))
        elif path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            faults.append(Fault(f"{option} {path}", "cannot be written: no such folder, or a folder itself"))
    if options.html is not None and options.json is not None and options.html.resolve() == options.json.resolve():
        faults.append(Fault(f"--json {options.json}", "--html names the same file", "give another name"))
    if not (re.fullmatch(r"serial|processes|[1-9]\d*", options.engine) or "://" in options.engine):
        remedy = "give serial, processes, a number of processes, or an address such as tcp://host:8786"
        faults.append(Fault(f"--engine {options.engine}", "not understood", remedy))
    return faults


def _repeated_columns(file: TextFile) -> list[Fault]:
    repeated = sorted({name for name in file.header if file.header.count(name) > 1})
    return [
        Fault(f"{file.name}, line 1", f'two columns are named "{name}"', "give every column a name of its own")
        for name in repeated
    ]


def _scales(
    options: argparse.Namespace, mapping: ColumnMapping, file: TextFile, faults: list[Fault]
) -> tuple[list[Scale], list[str]]:
    before = len(faults)
    codes = _codes(options.codes, faults)
    by_hand, wrong = scales_from_options(options.scale, options.reverse, file.header)
    mapped, also_wrong = mapped_scales(mapping, options.mapping, file.header) if mapping.scales else ([], [])
    faults += [*wrong, *also_wrong]
    scales = [replace(scale, codes=codes or mapping.codes) for scale in (*by_hand, *mapped)]
    notes: list[str] = []
    if options.instrument:
        path = _or_fault(faults, lambda: find_instrument(options.instrument, _instrument_folders()))
        own, notes, wrong = scales_of_instrument(path, mapping.items, file.header) if path else ([], [], [])
        scales, faults[:] = own + scales, [*faults, *wrong]
    elif mapping.items:
        faults.append(Fault("[items] of the mapping", "items of which instrument?", "add --instrument NAME"))
    if not scales and len(faults) == before:
        remedy = "add --instrument NAME, or --scale NAME=column,column,-reversed_column"
        faults.append(Fault("no scale", "it is not said which columns belong together", remedy))
    return _with_cuts(options.cut, scales, faults), notes


def _codes(text: str | None, faults: list[Fault]) -> tuple[int, int] | None:
    found = re.fullmatch(r"\s*(-?\d+)\s*(?:-|:|,|to)\s*(-?\d+)\s*", text or "")
    if found is not None and int(found[1]) < int(found[2]):
        return int(found[1]), int(found[2])
    if text is not None:
        faults.append(Fault(f"--codes {text}", "not a range of codes", "write the lowest and the highest, as in 1-5"))
    return None


def _instrument_folders() -> list[Path]:
    """Return where named instruments may stand: here, beside the package, and with the installed service."""
    package = Path(__file__).resolve().parents[2]
    return [Path("instruments"), package / "instruments", package / "assess" / "_data" / "instruments"]


def _with_cuts(wanted: Sequence[str], scales: list[Scale], faults: list[Fault]) -> list[Scale]:
    cuts = {}
    for text in wanted:
        name, _, numbers = text.partition("=")
        try:
            cuts[name.strip()] = tuple(sorted(float(number) for number in numbers.split(",")))
        except ValueError:
            faults.append(Fault(f"--cut {text}", "not understood", "write SCALE=10,15"))
    names = [scale.name for scale in scales]
    faults += [Fault(f"--cut {name}", "no such scale", similar(name, names)) for name in cuts if name not in names]
    return [replace(scale, cuts=cuts.get(scale.name, scale.cuts)) for scale in scales]


def _groupings(
    options: argparse.Namespace, mapping: ColumnMapping, file: TextFile, faults: list[Fault]
) -> list[Grouping]:
    """Groups named by --group; a mapping's groupings are known by name, and all are used where none is named."""
    found: dict[str, Grouping] = {}
    for text in options.group or mapping.groups:
        grouping = mapping.groups.get(text)
        if grouping is None:
            grouping, wrong = grouping_of(text, file.header)
            faults += wrong
        elif grouping.column not in file.header:
            hint = similar(grouping.column, file.header)
            faults.append(Fault(f"[groups] {text}", f'no column "{grouping.column}" in the file', hint))
            continue
        if grouping is not None:
            found.setdefault(grouping.name, grouping)
    return list(found.values())


def _references(options: argparse.Namespace, groupings: Sequence[Grouping], faults: list[Fault]) -> dict[str, str]:
    found = {}
    names = [grouping.name for grouping in groupings]
    for text in options.reference:
        name, equals, label = (part.strip() for part in text.partition("="))
        if not equals or not label:
            faults.append(Fault(f"--reference {text}", "not understood", "write GROUP=LABEL"))
        elif name not in names:
            faults.append(Fault(f"--reference {text}", f'no --group "{name}"', similar(name, names)))
        else:
            found[name] = label
    return found


def _unknown_references(reference: dict[str, str], answers: Answers) -> list[Fault]:
    known = {name: sorted(set(answers.groups[name]) - {""}) for name in reference}
    return [
        Fault(f"--reference {name}={label}", "no such group", similar(label, known[name]))
        for name, label in reference.items()
        if label not in known[name]
    ]


def _read_as_missing(missing: Sequence[str]) -> list[str]:
    return [f"Besides an empty cell, {', '.join(missing)} was read as no answer."] if missing else []


def _tell(fraction: float, stage: str) -> None:
    print(f"\r\033[K{fraction:4.0%} {stage}"[:100], end="", file=sys.stderr, flush=True)
