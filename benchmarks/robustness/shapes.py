"""Well-formed messages of every method and command that a server handles.

They are made from the types that the protocol and the handlers declare. What the server registers
is read from the server itself, so that a new method or command is covered as soon as it is there.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import random
import types as python_types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from lsprotocol import types

from seed_lsp.server.lifecycle import create_server
from seed_lsp.session.engine_client import EngineClient

CANARY = "Canary"
"""Every text of the user's in a message has this in it."""
LIFE = (types.INITIALIZE, types.INITIALIZED, types.SHUTDOWN, types.EXIT)
"""Methods that have their place in a session."""
UNKNOWN = "foo/unknown"
DEEPEST = 6
_PIECES = (
    "def {0}(first, *, second=1):\n    return first\n",
    "class {0}:\n    def method(self):\n        return self.{1}\n",
    "import {0}\nfrom {0} import {1} as x\n",
    "{0} = [{1} for {1} in range(3)]\r\n",
    "# {0} say\n",
    "'''{0}\r\n\x0c{1}'''\r",
    "{0}(1, second=2)\n",
    "if True:\n\t{0} = {1}\n",
    "😀 = {0}\u2028\n",
    "def broken(:\n{0}",
    "value = ",
    "",
)


class World:
    """What messages speak of.

    It is a folder, addresses of documents there and elsewhere, and the versions that the client has
    told.
    """

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self.rng, self.folder = rng, folder
        self.versions: dict[str, int] = {}
        names = ("a.py", "my dir/ü#.py", "b+c@d.py", "sub/mod.py", "t.ts", "m.go", "notes.md")
        self.uris = [(folder / name).as_uri() for name in names]
        self.uris += [self.uris[1].replace("%20", " "), self.uris[0].replace("a.py", "%61.py"), self.uris[0] + "#cell"]
        self.odd = [
            "untitled:Untitled-1",
            "file:///q%00.py",
            "",
            "a.py",
            "http://[",
            "file://host/x.py",
            "file:///c%3A/x.py",
            "file:///" + "n" * 300,
        ]

    def uri(self) -> str:
        if self.rng.random() < 0.08:
            return self.rng.choice(self.odd)
        known = list(self.versions)
        return self.rng.choice(known if known and self.rng.random() < 0.8 else self.uris)

    def version(self) -> int:
        return self.rng.choice([*self.versions.values(), self.rng.randrange(5)])

    def word(self) -> str:
        return f"{CANARY}{self.rng.randrange(30)}"

    def text(self) -> str:
        pieces = self.rng.choices(_PIECES, k=self.rng.randrange(6))
        return "".join(piece.format(self.word(), self.word()) for piece in pieces)


class Shapes:
    """Makes messages.

    `methods` are the server's, with those of `LIFE`; `commands` are its commands, each with the
    function behind it.
    """

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        manager = create_server(EngineClient()).protocol.fm
        # Registered with a setting.
        self.methods = sorted(
            {*manager.features, *manager.builtin_features, types.TEXT_DOCUMENT_COMPLETION, "$/cancelRequest", "foo/unknown"}
        )
        self.commands: dict[str, Callable[..., Any]] = {name: getattr(found, "func", found) for name, found in manager.commands.items()}

    def params(self, method: str) -> Any:
        """Parameters that fit a method."""
        if method == types.WORKSPACE_EXECUTE_COMMAND:
            name = self.rng.choice(sorted(self.commands))
            return {"command": name, "arguments": self.arguments(name)}
        declared = types.METHOD_TO_TYPES.get(method)
        kind = declared[2] if declared else None
        return self.value(kind, "") if kind is not None else None if method in LIFE else self.anything()

    def arguments(self, command: str) -> list[Any]:
        function = self.commands[command]
        kinds = _hints(function)
        names = list(inspect.signature(function).parameters)[1:]
        return [self.value(kinds[name], name) for name in names]

    def is_request(self, method: str) -> bool:
        """Whether the protocol wants an answer; what it does not know is now one, now the other."""
        declared = types.METHOD_TO_TYPES.get(method)
        return "id" in attrs.fields_dict(declared[0]) if declared else self.rng.random() < 0.5

    def anything(self) -> dict[str, Any]:
        """Parameters that methods of our own look for, as far as each has its usual name.

        Some of them are left out.
        """
        uri = self.world.uri()
        area = self.value(types.Range, "")
        parts = {
            "textDocument": {"uri": uri, "version": self.world.versions.get(uri, 1)},
            "uri": uri,
            "version": self.world.versions.get(uri),
            "position": self.value(types.Position, ""),
            "range": area,
            "instruction": f"a=>{self.world.word()}",
            "name": self.rng.choice(("", self.world.word(), "simplify")),
            "partialResultToken": self.rng.choice((1, "token")),
            "acceptedLength": self.rng.randrange(9),
            "item": {"command": {"command": "x", "arguments": [self.rng.randrange(4)]}},
            "context": {"diagnostics": [self.value(types.Diagnostic, "")]},
            "signature": f"(a, {self.world.word()}=1)",
        }
        return {name: value for name, value in parts.items() if self.rng.random() < 0.8}

    def value(self, kind: Any, name: str, depth: int = 0) -> Any:
        """A value of a declared type, as JSON has it."""
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in {typing.Union, python_types.UnionType}:
            options = [one for one in inner if one is not type(None)]
            leave_out = len(options) < len(inner) and (depth > DEEPEST or self.rng.random() < 0.4)
            return None if leave_out else self.value(self.rng.choice(options), name, depth)
        if origin is typing.Literal:
            return self.rng.choice(inner)
        if origin is tuple:
            return [self.value(one, name, depth + 1) for one in inner if one is not Ellipsis]
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {self.world.word(): self.value(inner[1], name, depth + 1)} if depth < DEEPEST else {}
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return [self.value(inner[0], name, depth + 1) for _ in range(self.rng.randrange(3 if depth < DEEPEST else 1))]
        return self._plain(kind, name, depth)

    def _plain(self, kind: Any, name: str, depth: int) -> Any:
        if kind is str:
            return self._string(name)
        if kind is int:
            return self._number(name)
        if kind is float:
            return self.rng.uniform(-1, 1)
        if kind is bool:
            return self.rng.random() < 0.5
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return self.rng.choice(list(kind)).value
        if attrs.has(kind) or dataclasses.is_dataclass(kind):
            return self._record(kind, depth)
        return self.anything() if depth < DEEPEST else None

    def _record(self, kind: Any, depth: int) -> dict[str, Any]:
        names = [one.name for one in (attrs.fields(kind) if attrs.has(kind) else dataclasses.fields(kind))]
        hints = _hints(kind)
        made = {_as_in_json(name): self.value(hints[name], name, depth + 1) for name in names}
        return {name: value for name, value in made.items() if value is not None}

    def _string(self, name: str) -> str:
        if name.endswith("uri"):
            return self.world.uri()
        if name in {"text", "new_text"}:
            return self.world.text()
        if name == "language_id":
            return self.rng.choice(("python", "python", "typescript", "go", "plaintext", self.world.word()))
        return self.rng.choice((self.world.word(), self.world.word(), "x", "", self.world.text()))

    def _number(self, name: str) -> int:
        if name == "version":
            return self.world.version()
        return self.rng.randrange({"line": 8, "character": 30}.get(name, 6))


# Reading annotations takes most of the time that a message takes to be made.
_hints = functools.cache(typing.get_type_hints)


def is_declared(method: str) -> bool:
    """Whether the types say all that parameters must be.

    What is made from them has to be taken then, whatever the settings are.
    """
    return method in types.METHOD_TO_TYPES and method not in {*LIFE, types.CODE_ACTION_RESOLVE, types.TEXT_DOCUMENT_COMPLETION}


def _as_in_json(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.title() for part in rest)
