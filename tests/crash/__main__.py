"""Kills the server at random moments and counts what was lost or doubled.

python -m tests.crash                                              200 tries on the embedded database
python -m tests.crash --tries 20 --database postgresql:///test     fewer on PostgreSQL, in a schema of their own
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash.trial import run


def main() -> int:
    """Run the tries, print what came of them, and fail on anything lost or doubled."""
    options = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    options.add_argument("--tries", type=int, default=200)
    options.add_argument("--database", help="address of a PostgreSQL database; the embedded one otherwise")
    options.add_argument("--seed", type=int, default=20261122)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), tries=chosen.tries, database=chosen.database, seed=chosen.seed)
    print(
        f"{outcome.tries} tries, {outcome.acknowledged} answers acknowledged, {outcome.repeated} sent again after the "
        f"crash: {outcome.lost} lost, {outcome.doubled} doubled, {outcome.torn} pages kept in part"
    )
    return 1 if outcome.lost or outcome.doubled or outcome.torn else 0


if __name__ == "__main__":
    sys.exit(main())
