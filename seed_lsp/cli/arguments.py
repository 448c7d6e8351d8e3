"""A command's words in any order: options and names may be mixed, which argparse does only for
commands without subcommands.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class CommandParser(argparse.ArgumentParser):
    """A parser that sorts the words before it reads them: names first, each option with its values
    behind them.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        # Before the parser adds its own --help.
        self._options: dict[str, argparse.Action] = {}
        super().__init__(*arguments, **more)

    def add_argument(self, *names: str, **more: Any) -> argparse.Action:
        action = super().add_argument(*names, **more)
        self._options |= dict.fromkeys(action.option_strings, action)
        return action

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override] # three overloads that say no more
        return super().parse_known_args(None if args is None else self._sorted(list(args)), namespace)

    def _sorted(self, words: list[str]) -> list[str]:
        """The words with the names first; as they are where an option is not known."""
        names: list[str] = []
        options: list[str] = []
        at = 0
        while at < len(words):
            word = words[at]
            if word == "--":
                # Names that look like options.
                return [*options, "--", *names, *words[at + 1 :]]
            at += 1
            if not word.startswith("-") or word == "-":
                names.append(word)
                continue
            option = self._option(word)
            if option is None:
                return words
            values = 0 if "=" in word else _values(option, words[at:])
            options += [word, *words[at : at + values]]
            at += values
        return [*names, *options]

    def _option(self, word: str) -> argparse.Action | None:
        """The option that a word stands for, which may be cut short."""
        name = word.partition("=")[0]
        if name in self._options:
            return self._options[name]
        found = {id(action): action for option, action in self._options.items() if name.startswith("--") and option.startswith(name)}
        return next(iter(found.values())) if len(found) == 1 else None


def _values(option: argparse.Action, behind: Sequence[str]) -> int:
    """How many of the words behind an option are its own: of one that takes several, those that it
    accepts.
    """
    if isinstance(option.nargs, int):
        return option.nargs
    if option.nargs is None:
        return 1
    count = 0
    for word in behind:
        # The first is the option's in any case, so that a wrong one is an error and no name.
        if word.startswith("-") or (count > 0 and not _accepts(option, word)):
            break
        count += 1
    return min(count, 1) if option.nargs == argparse.OPTIONAL else count


def _accepts(option: argparse.Action, word: str) -> bool:
    try:
        value = option.type(word) if callable(option.type) else word
    except (argparse.ArgumentTypeError, TypeError, ValueError):
        return False
    return option.choices is None or value in option.choices
