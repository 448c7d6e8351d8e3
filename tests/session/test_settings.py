"""The settings: what is read of them, and that the extension and the documents say the same."""

from __future__ import annotations

from dataclasses import fields

import pytest

from editors.settings_table import EDITOR_ONLY, PAGE, declared, table
from seed_lsp.session.settings import EDITOR_KEYS, Settings, parse_settings


def test_a_bad_setting_is_reported_and_the_default_used():
    """A typing error in one setting costs that setting alone, and the user is told which."""
    settings, problems = parse_settings(
        {"mode": "magic", "inline": {"maxTokens": 9999, "enabled": False}, "edit.deadlineS": 5, "model": None, "dtype": 3}
    )
    assert settings == Settings(inline_enabled=False, edit_deadline_s=5)
    assert [problem.split(":")[0] for problem in problems] == ["seed.mode", "seed.dtype", "seed.inline.maxTokens"]
    assert parse_settings(None) == (Settings(), [])
    # Neovim sends an empty table as a list.
    assert parse_settings([]) == (Settings(), [])
    assert parse_settings({"inline": [], "exclude": []}) == (Settings(), [])
    assert parse_settings([1])[1] == ["the settings section seed is no object; the defaults are used"]


def test_the_extension_declares_the_settings_that_the_server_reads():
    """Under the same names, with the same defaults, choices and limits."""
    of_server = {f"seed.{entry.metadata['key']}": entry for entry in fields(Settings)}
    of_extension = {name: entry for name, entry in declared().items() if not name.startswith(EDITOR_ONLY)}
    assert list(of_extension) == list(of_server)
    for name, entry in of_server.items():
        other = of_extension[name]
        default = list(entry.default) if isinstance(entry.default, tuple) else entry.default
        assert (other["default"], type(other["default"])) == (default, type(default)), name
        assert other.get("enum", []) == list(entry.metadata.get("choices", ())), name
        assert (other.get("minimum"), other.get("maximum")) == entry.metadata.get("range", (None, None)), name
        assert other["markdownDescription"], name


def test_the_page_of_settings_has_the_current_table():
    """What a user reads about a setting is what the extension declares."""
    assert table() in PAGE.read_text(encoding="utf-8"), "run: python -m editors.settings_table"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"inline": {"maxToken": 64}}, "seed.inline.maxToken (did you mean seed.inline.maxTokens?)"),
        ({"inline.maxToken": 64}, "seed.inline.maxToken (did you mean seed.inline.maxTokens?)"),
        ({"deadlineMs": 64}, "seed.deadlineMs (did you mean seed.inline.deadlineMs?)"),
        ({"Model": "1.5b"}, "seed.Model (did you mean seed.model?)"),
        ({"inline": False}, "seed.inline"),
        ({"zebra": {"stripes": 3}}, "seed.zebra;"),
        ({"server": {"pth": "x"}}, "seed.server.pth (did you mean seed.server.path?)"),
        ({"x" * 1000: 1}, "x" * 50),
    ],
)
def test_a_mistyped_setting_is_told_with_the_one_that_was_meant(raw: dict[str, object], told: str):
    """Nobody looks for a day why their setting does nothing."""
    settings, [problem] = parse_settings(raw)
    assert settings == Settings()
    assert told in problem
    assert len(problem) < 200


def test_many_unknown_settings_are_told_in_one_message():
    """Settings of another program under our name are no reason for a hundred pop-ups."""
    [problem] = parse_settings({f"zebra{i}": i for i in range(100)})[1]
    assert "seed.zebra0, seed.zebra1" in problem
    assert "and 95 more" in problem


def test_all_that_the_extension_declares_is_known():
    """It sends its own settings, too; a warning about them at each start would be ours alone."""
    raw = {name.removeprefix("seed."): entry["default"] for name, entry in declared().items()}
    assert parse_settings(raw) == (Settings(), [])
    nested: dict[str, object] = {}
    for key, value in raw.items():
        *groups, last = key.split(".")
        inner = nested
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = value
    assert parse_settings(nested) == (Settings(), [])
    assert {f"seed.{key}" for key in EDITOR_KEYS} == declared().keys() - {f"seed.{entry.metadata['key']}" for entry in fields(Settings)}
