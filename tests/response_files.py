"""Real response files, where they lie beside the project, and how their columns are read."""

from __future__ import annotations

from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared" / "data"
NHANES = SHARED / "phq9_nhanes_2017_2018.csv.gz"
PISA = SHARED / "pisa2009_north_america.csv.gz"

# Negatively worded items count reversed.
JOY_OF_READING = """
id = "joy-of-reading"
version = "2009"
kind = "self-report"
construct = "Joy of reading"
citation = "OECD (2012). PISA 2009 technical report. Question 24 of the student questionnaire."
source_language = "en"
contexts = ["research"]
ages = [15, 16]
minutes = [2, 3]
items_per_page = 4
items = [{items}]

[licence]
statement = "The wording is the OECD's; only answers are used here."
source = "OECD PISA 2009"
redistribution = false

[missing]
prorate = true
source = "house"
note = "House rule: nine of eleven."

[[response_scales]]
id = "agreement"
options = [
    {{ code = 1, id = "strongly-disagree" }},
    {{ code = 2, id = "disagree" }},
    {{ code = 3, id = "agree" }},
    {{ code = 4, id = "strongly-agree" }},
]

[[scales]]
id = "joy"
range = [11, 44]
min_answered = 9
keys = {{ {keys} }}
"""


def joy_of_reading(folder: Path) -> Path:
    """Write the definition of the eleven items on joy of reading, which is not installed."""
    names = [f"ST24Q{number:02d}" for number in range(1, 12)]
    reversed_items = {"ST24Q01", "ST24Q04", "ST24Q06", "ST24Q08", "ST24Q09"}
    definition = folder / "instrument.toml"
    definition.write_text(
        JOY_OF_READING.format(
            items=", ".join(f'{{ id = "{name}" }}' for name in names),
            keys=", ".join(f"{name} = {-1 if name in reversed_items else 1}" for name in names),
        )
    )
    return definition


def nhanes_mapping(folder: Path) -> Path:
    """Write which column of the NHANES file is which."""
    mapping = folder / "nhanes.toml"
    columns = "\n".join(f'phq{number} = "DPQ0{number}0"' for number in range(1, 9))
    mapping.write_text(
        f'[items]\n{columns}\n[groups]\ngender = "gender"\nethnicity = "ethnicity"\n'
        'language = { column = "interview_language", labels = { English = "en", Spanish = "es" } }\n'
    )
    return mapping
