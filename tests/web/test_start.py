"""What stops the start of the application."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assess.administration.service import InstrumentChanged
from assess.app import create_app
from assess.consent.texts import ConsentTextFaults
from assess.instruments.catalogue import Catalogue
from tests.factories import make_sitting

if TYPE_CHECKING:
    from assess.transactions import Installation


def test_every_fault_of_every_consent_text_is_said_at_once(installation: Installation) -> None:
    folder = installation.settings.data / "consent" / "en"
    folder.mkdir(parents=True)
    (folder / "consent-2.toml").write_text('version = 2\n[[questions]]\nid = "x"\n')
    (folder / "consent-3.toml").write_text("version = ")

    with pytest.raises(ConsentTextFaults) as refused:
        create_app(installation)

    said = str(refused.value)
    assert "en/consent-2.toml: version: should be str" in said
    assert "en/consent-2.toml: sections: is missing" in said
    assert "en/consent-3.toml: cannot be read" in said


def test_an_instrument_edited_after_it_was_answered_is_refused(installation: Installation) -> None:
    with installation.transaction() as tx:
        make_sitting(tx, "mini-ipip")
    create_app(installation)
    edited = [
        replace(instrument, digest="another") if instrument.id in {"mini-ipip", "gad-7"} else instrument
        for instrument in installation.catalogue.all()
    ]

    with pytest.raises(InstrumentChanged) as refused:
        create_app(replace(installation, catalogue=Catalogue(edited)))

    assert str(refused.value).startswith("instrument mini-ipip version 1: its files were edited")
    assert len(str(refused.value).splitlines()) == 1


def test_an_instrument_that_was_answered_and_is_gone_is_refused(installation: Installation) -> None:
    with installation.transaction() as tx:
        make_sitting(tx, "phq-8")
    left = [instrument for instrument in installation.catalogue.all() if instrument.id != "phq-8"]

    with pytest.raises(InstrumentChanged, match="phq-8 version 1: people answered it, but its files are gone"):
        create_app(replace(installation, catalogue=Catalogue(left)))
