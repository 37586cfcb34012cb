"""How long it takes to import and to audit both real response files, through the commands a person would type.

Both are wall-clock seconds of one process; the database is an encrypted file that is synchronised to disk.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from assess.analysis import commands as responses
from assess.release import commands
from assess.transactions import Installation
from tests.bench.figures import Figure
from tests.response_files import NHANES, PISA, SHARED, joy_of_reading, nhanes_mapping
from tests.servers import file_installation

IMPORT_SECONDS = 5  # "a few seconds"
AUDIT_SECONDS = 10


def figures() -> Iterator[Figure]:
    """Yield the time of each step for each file."""
    if not (NHANES.exists() and PISA.exists()):
        print(f"  left out: the response files are not in {SHARED}")
        return
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        installation = file_installation(where / "data")
        depression = responses.Wanted(instrument="phq-8", mapping=nhanes_mapping(where))
        joy = responses.Wanted(instrument_file=joy_of_reading(where), groups=("country",))
        yield from _timed(installation, "5,533 people, 8 items, 3 groupings", NHANES, depression)
        yield from _timed(installation, "66,690 people, 11 items, 1 grouping", PISA, joy, "country=United States")


def _timed(
    installation: Installation, what: str, file: Path, wanted: responses.Wanted, *references: str
) -> Iterator[Figure]:
    begun = time.perf_counter()
    set_id = responses.import_responses(installation, file, wanted, write=lambda _: None, tell=lambda _: None)
    yield Figure(f"import: {what}", time.perf_counter() - begun, "s", IMPORT_SECONDS)
    begun = time.perf_counter()
    asked = commands.Wanted(references=references, seed=1)
    commands.audit(installation, set_id, asked, write=lambda _: None, tell=lambda *_: None)
    yield Figure(f"audit: {what}", time.perf_counter() - begun, "s", AUDIT_SECONDS)
