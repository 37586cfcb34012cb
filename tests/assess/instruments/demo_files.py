"""A small made-up instrument as files; tests change one thing in them."""

from __future__ import annotations

from pathlib import Path

INSTRUMENT = """\
id = "demo-scale"
version = "1"
kind = "self-report"
construct = "How somebody likes demonstrations."
citation = "Nobody (2026)."
source_language = "en"
contexts = ["coaching"]
ages = [18]
minutes = [1, 2]
items_per_page = 2

items = [
    { id = "d1" },
    { id = "d2", sensitive = true },
    { id = "d3" },
    { id = "d4" },
    { id = "d5", scored = false },
]

[licence]
statement = "Free."
source = "tests"
redistribution = true

[missing]
prorate = true
source = "house"
both_directions = true
note = "Three of four."

[[response_scales]]
id = "agree5"
options = [
    { code = 1, id = "no" },
    { code = 2, id = "rather-no" },
    { code = 3, id = "both" },
    { code = 4, id = "rather-yes" },
    { code = 5, id = "yes" },
]

[[scales]]
id = "liking"
group = "tastes"
range = [4, 20]
min_answered = 3
bands_source = "tests"
bands = [
    { id = "little", lower = 4, upper = 11 },
    { id = "much", lower = 12, upper = 20 },
]
keys = { d1 = 1, d2 = 1, d3 = -1, d4 = -1 }

[[evidence]]
statistic = "alpha"
language = "en"
population = "nobody"
n = 100
source = "tests"
values = { liking = 0.8 }

[[norms]]
population = "women of 20 to 40"
language = "en"
sex = "female"
ages = [20, 40]
n = 300
source = "tests"
figures = { liking = [12.5, 3.5] }

[[safety]]
item = "d2"
at_least = 4
level = 1
text_key = "care"
without_duty_roster = true
source = "house"

[[careless]]
kind = "longest_run"
limits = { 1 = 9, 3 = 8 }
source = "tests"
"""

ENGLISH = """\
locale = "en"
direction = "ltr"
answerable = true
reportable = true
state = "validated"
translator = "nobody"
method = "original"
source = "tests"
options_source = "tests"
instructions_source = "tests"
name = "Demo"
short_description = "A demonstration."
instructions = "Say how well each sentence fits."

[items]
d1 = "I like to see how things work."
d2 = "I like to be shown."
d3 = "Showing bores me."
d4 = "I look away."
d5 = "I have seen this before."

[options.agree5]
no = "No"
rather-no = "Rather not"
both = "Both"
rather-yes = "Rather"
yes = "Yes"

[scales.liking]
name = "Liking"
low = "Likes it little."
high = "Likes it much."

[bands.liking]
little = "Little"
much = "Much"

[groups]
tastes = "Tastes"

[safety]
care = "Take care."
"""

ARABIC = """\
locale = "ar"
direction = "rtl"
answerable = true
reportable = false
state = "draft"
translator = "nobody"
method = "made up for a test"
source = "tests"
options_source = "tests"
instructions_source = "tests"
source_digest = "0000000000000000000000000000000000000000000000000000000000000000"
name = "تجربة"
short_description = "تجربة قصيرة."
instructions = "اختر ما يناسبك."

[items]
d1 = "واحد"
d2 = "اثنان"
d3 = "ثلاثة"
d4 = "أربعة"
d5 = "خمسة"

[options.agree5]
no = "لا"
rather-no = "ربما لا"
both = "بين بين"
rather-yes = "ربما نعم"
yes = "نعم"
"""


def write_demo(
    folder: Path,
    *changes: tuple[str, str],
    instrument: str = INSTRUMENT,
    texts: tuple[tuple[str, str], ...] = (("en", ENGLISH),),
    id_folder: str = "demo-scale",
    version_folder: str = "1",
) -> Path:
    """Write the files below `folder/instruments`, each change made wherever its old text stands; return that folder."""
    target = folder / "instruments" / id_folder / version_folder
    target.mkdir(parents=True)
    files = {"instrument.toml": instrument, **{f"text.{locale}.toml": text for locale, text in texts}}
    used = dict.fromkeys((old for old, _ in changes), False)
    for name, text in files.items():
        for old, new in changes:
            used[old] |= old in text
            text = text.replace(old, new, 1)
        (target / name).write_text(text, encoding="utf-8")
    assert all(used.values()), f"the demo files have no {[old for old, found in used.items() if not found]}"
    return folder / "instruments"
