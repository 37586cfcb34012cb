"""Runs the parts of the benchmark, all or those named: `python -m tests.bench [answering …]`.

Absolute times only orient: they are those of the machine it runs on. Let nothing else run beside it.
"""

from __future__ import annotations

import sys

from tests.bench import answering, audit, growth, starting, statistics
from tests.bench.figures import Part

PARTS: dict[str, Part] = {
    "answering": answering.figures,
    "audit": audit.figures,
    "starting": starting.figures,
    "psychometrics": statistics.figures,  # beside R
    "growth": growth.figures,  # takes minutes; draws docs/growth.svg
}


def main(names: list[str]) -> int:
    """Print every figure of these parts; an unknown part ends with the list of those there are."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"No such part: {', '.join(unknown)}. There are: {', '.join(PARTS)}.")
        return 2
    for name in names or PARTS:
        print(name)
        for figure in PARTS[name]():
            print(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
