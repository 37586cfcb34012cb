"""What can be wrong in a response file: kept as a code with its figures, worded in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assess.i18n import gettext as _
from assess.i18n import lazy_gettext

_WORDS = {
    "unknown_answer": lazy_gettext("is none of the answers %(answers)s"),
    "unknown_label": lazy_gettext("is no label that the mapping names"),
    "no_group": lazy_gettext(
        "cannot be a group: at most %(most)s labels of at most %(longest)s characters are kept; put numbers such as "
        "ages into bands first"
    ),
    "twice": lazy_gettext("stands in line %(before)s already"),
    "width": lazy_gettext("has %(found)s cells, the header has %(expected)s"),
    "no_rows": lazy_gettext("the file has a header but no rows"),
    "no_header": lazy_gettext("the file has no header: its first line must name the columns"),
    "too_many_rows": lazy_gettext("the file has more than %(most)s rows: cut it up"),
    "too_large": lazy_gettext("the file holds more than %(most)s megabytes of text: cut it up"),
    "long_row": lazy_gettext("the row is longer than a megabyte: look for a quotation mark that is never closed"),
    "long_line": lazy_gettext("is longer than a megabyte: this is no CSV file"),
    "not_csv": lazy_gettext("is not CSV (%(problem)s)"),
    "not_text": lazy_gettext("is not UTF-8 text (byte %(byte)s): save the file as CSV UTF-8"),
    "zero_byte": lazy_gettext("holds a zero byte: this is no CSV file"),
    "damaged": lazy_gettext("the compressed file is damaged or cut off"),
}
CODES = tuple(_WORDS)

Figures = Mapping[str, str | int]


def words(code: str, figures: Figures) -> str:
    """Return what is wrong, in the language being spoken."""
    return str(_WORDS[code]) % figures


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: the line as an editor counts it, the column, what stands there and why it cannot."""

    line: int
    column: str
    value: str
    code: str
    figures: Figures = field(default_factory=dict)

    def __str__(self) -> str:
        """One line that says where to look."""
        reason = words(self.code, self.figures)
        if not self.column:
            return _("line %(line)s: %(reason)s", line=self.line, reason=reason)
        return _('line %(line)s, column %(column)s: "%(value)s" %(reason)s', line=self.line, column=self.column,
                 value=self.value, reason=reason)  # fmt: skip
