"""The settings: what is read of them, and that the extension and the documents say the same."""

from __future__ import annotations

from dataclasses import fields

from editors.settings_table import EDITOR_ONLY, PAGE, declared, table
from seed_lsp.session.settings import Settings, parse_settings


def test_a_bad_setting_is_reported_and_the_default_used():
    """A typing error in one setting costs that setting alone, and the user is told which."""
    settings, problems = parse_settings(
        {"mode": "magic", "inline": {"maxTokens": 9999, "enabled": False}, "edit.deadlineS": 5, "model": None, "dtype": 3}
    )
    assert settings == Settings(inline_enabled=False, edit_deadline_s=5)
    assert [problem.split(":")[0] for problem in problems] == ["seed.mode", "seed.dtype", "seed.inline.maxTokens"]
    assert parse_settings(None) == (Settings(), [])
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
