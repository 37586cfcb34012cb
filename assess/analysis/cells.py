"""What the cells of a response file say: answer codes and group labels, each kind a table that grows as it is used."""

from __future__ import annotations

from collections.abc import Mapping

from assess.analysis.faults import Figures

NOT_ANSWERED = -128
NO_LABEL = 255
MOST_LABELS = 30
LONGEST_LABEL = 80
_MOST_SPELLINGS = 1000  # remembered per column; what is spelled yet another way is worked out each time


def _remembered(table: dict[str, int], text: str, meaning: int) -> int:
    """Return what a cell means, and keep it while there is room."""
    if len(table) < _MOST_SPELLINGS:
        table[text] = meaning
    return meaning


class Codes(dict[str, int]):
    """Cell text → answer code of one item; a number written another way ("2.0", " 2") is understood."""

    def __init__(self, codes: tuple[int, ...], missing: tuple[str, ...]) -> None:
        super().__init__({str(code): code for code in codes} | dict.fromkeys(("", *missing), NOT_ANSWERED))
        self._codes = codes

    def __missing__(self, text: str) -> int:
        bare = text.strip()
        if bare != text and bare in self:
            return _remembered(self, text, self[bare])
        try:
            number = float(bare)
        except ValueError:
            raise KeyError(text) from None
        if number not in self._codes:
            raise KeyError(text)
        return _remembered(self, text, int(number))

    @property
    def refusal(self) -> tuple[str, Figures]:
        """Why a text is refused: a code and its figures."""
        return "unknown_answer", {"answers": ", ".join(map(str, self._codes))}


class Labels(dict[str, int]):
    """Cell text → position of its group label in `names`; new labels are added unless the mapping lists them all."""

    def __init__(self, renamed: Mapping[str, str], missing: tuple[str, ...]) -> None:
        super().__init__(dict.fromkeys(("", *missing), NO_LABEL))
        self.names = list(dict.fromkeys(renamed.values()))
        self._closed = bool(renamed)
        self.update({text: self.names.index(name) for text, name in renamed.items()})

    def __missing__(self, text: str) -> int:
        bare = text.strip()
        if bare != text:
            return _remembered(self, text, self[bare])
        if self._closed or len(self.names) >= MOST_LABELS or len(text) > LONGEST_LABEL:
            raise KeyError(text)
        self.names.append(text)
        self[text] = len(self.names) - 1
        return self[text]

    @property
    def refusal(self) -> tuple[str, Figures]:
        """Why a text is refused: a code and its figures."""
        if self._closed:
            return "unknown_label", {}
        return "no_group", {"most": MOST_LABELS, "longest": LONGEST_LABEL}
