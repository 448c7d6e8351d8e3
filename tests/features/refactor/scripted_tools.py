"""The same under its old name, for tests that are still to move."""

from tests.features.refactor.tools import ScriptedTools, says

__all__ = ["ScriptedTools", "says"]
