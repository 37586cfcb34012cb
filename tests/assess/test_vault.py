"""Keys and sealed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.errors import KeyDestroyed
from assess.vault import Vault, WrongKey


@pytest.fixture(scope="module")
def vault(tmp_path_factory):
    """A vault with one person's key."""
    vault = Vault(tmp_path_factory.mktemp("keys"))
    vault.create("ada")
    return vault


@given(text=st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_what_is_sealed_opens_to_the_same_text(vault, text):
    assert vault.open("ada", vault.seal("ada", text, "response", "1"), "response", "1") == text


def test_the_same_text_is_never_sealed_to_the_same_bytes(vault):
    assert vault.seal("ada", "3") != vault.seal("ada", "3")


def test_an_answer_another_answer_and_a_skip_have_one_length(vault):
    assert len({len(vault.seal("ada", text)) for text in ("0", "4", "skipped", "not_reached")}) == 1


@pytest.mark.parametrize("context", [(), ("response", "2"), ("response", "1", "x")])
def test_a_value_does_not_open_in_another_place(vault, context):
    sealed = vault.seal("ada", "3", "response", "1")

    with pytest.raises(WrongKey):
        vault.open("ada", sealed, *context)


def test_an_altered_value_does_not_open(vault):
    sealed = bytearray(vault.seal("ada", "3"))
    sealed[-1] ^= 1

    with pytest.raises(WrongKey):
        vault.open("ada", bytes(sealed))


def test_a_destroyed_key_opens_nothing_also_in_another_process(tmp_path):
    web, worker = Vault(tmp_path), Vault(tmp_path)
    web.create("ben")
    sealed = web.seal("ben", "3")
    assert worker.open("ben", sealed) == "3"

    web.destroy("ben")

    for vault in (web, worker):
        with pytest.raises(KeyDestroyed):
            vault.open("ben", sealed)
    assert not web.holds("ben")


def test_a_restored_key_folder_of_another_installation_is_told_apart(tmp_path):
    ours, theirs = Vault(tmp_path / "ours"), Vault(tmp_path / "theirs")
    ours.create("ada")
    (theirs._people / "ada.key").write_bytes((ours._people / "ada.key").read_bytes())

    with pytest.raises(WrongKey, match="key folder"):
        theirs.seal("ada", "3")


def test_key_files_are_readable_by_their_owner_only(tmp_path):
    vault = Vault(tmp_path / "keys")
    vault.create("ada")

    modes = {oct(file.stat().st_mode & 0o077) for file in (tmp_path / "keys").rglob("*.key")}

    assert modes == {"0o0"}


def test_pseudonyms_differ_by_purpose_and_go_with_the_key(tmp_path):
    vault = Vault(tmp_path)
    vault.create("ada")

    assert vault.pseudonym("ada", "a") == vault.pseudonym("ada", "a") != vault.pseudonym("ada", "b")
    vault.destroy("ada")
    with pytest.raises(KeyDestroyed):
        vault.pseudonym("ada", "a")
