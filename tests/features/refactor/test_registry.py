"""The registry: what is announced of its actions, and what its gate lets through."""

from __future__ import annotations

from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import KINDS


def test_the_kinds_of_all_actions_are_announced():
    """An editor asks for the kinds that were announced, so it would never show any other."""
    assert {action.kind for action in registry.ACTIONS} == set(KINDS)


def test_no_two_actions_share_a_name():
    """The command line and the menu's entries find an action by its name."""
    names = [action.name for action in (*registry.ACTIONS, registry.OWN)]
    assert len(names) == len(set(names))
