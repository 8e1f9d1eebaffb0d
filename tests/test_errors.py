"""Errors: six families under one root, each with a stable code and words for people."""

import pytest

from embereye_addon import errors

FAMILIES = {
    errors.SettingsError: "settings",
    errors.SettingsFileError: "settings_file",
    errors.LinkError: "link",
    errors.ProtocolError: "protocol",
    errors.ModelError: "model",
    errors.StorageError: "storage",
    errors.BusError: "bus",
}


def test_every_error_has_a_code_of_its_own_under_one_root() -> None:
    """Logs and metrics count by code: two families must not share one."""
    assert {kind: kind.code for kind in errors.EmberEyeError.__subclasses__()} == FAMILIES
    assert len(set(FAMILIES.values())) == len(FAMILIES)
    assert errors.EmberEyeError.code == "error"


def test_a_settings_error_says_what_is_allowed() -> None:
    """The installer must read which key, which value and what to write instead."""
    error = errors.SettingsError("zones[0].clear_s", 4, "a whole number, 5..3600")
    assert str(error) == "zones[0].clear_s: 4 is not accepted; allowed: a whole number, 5..3600"
    assert (error.key, error.value, error.allowed) == ("zones[0].clear_s", 4, "a whole number, 5..3600")


def test_a_file_with_many_mistakes_lists_them_all() -> None:
    """One line a mistake, so that all are mended in one go."""
    error = errors.SettingsFileError("site.yaml", ("name: missing", "zones: none"))
    assert str(error) == "The settings in site.yaml cannot be used:\n  - name: missing\n  - zones: none"
    assert (error.path, error.reasons) == ("site.yaml", ("name: missing", "zones: none"))


@pytest.mark.parametrize("kind", [errors.LinkError, errors.StorageError, errors.BusError])
def test_the_words_of_an_error_are_what_it_was_told(kind: type[errors.EmberEyeError]) -> None:
    """What is shown to people is the sentence that was written for them."""
    assert str(kind("the disk is full")) == "the disk is full"
