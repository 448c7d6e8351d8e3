"""The list of the pieces that files were cut into, in order and with hashes.

It travels with each piece as JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.files import whole_file
from engine.model.reading import CheckpointError, read_json

LIST = "pieces.json"
VERSION = 1
MAX_PIECE_BYTES = 60 << 20
_PLACE = re.compile(r"(?:models|files)/(?!\.{1,2}\Z)[^/\\\0]{1,255}")
_PIECE = re.compile(r"[0-9]{3,6}\.piece")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PieceError(Exception):
    """Pieces cannot be made, kept or joined; the text says why and what to do."""


@dataclass(frozen=True)
class Whole:
    """A file that is cut. `place` is its path below the folder where it is joined."""

    place: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Piece:
    """A run of bytes of all files, which are taken one behind the other."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PieceList:
    """The files and the pieces, each in the order of the bytes."""

    wholes: tuple[Whole, ...]
    pieces: tuple[Piece, ...]

    def save(self, path: Path) -> None:
        with whole_file(path) as scratch:
            scratch.write_text(json.dumps({"version": VERSION, **asdict(self)}, indent=1) + "\n", encoding="utf-8")


def read_list(path: Path) -> PieceList:
    """Read a list that `PieceList.save` wrote.

    `PieceError` where the file is absent or cut off, or names paths that lead elsewhere.
    """
    try:
        fields = read_json(path)
        if fields.get("version") != VERSION:
            raise PieceError(f"{path} is no list of pieces of version {VERSION}")
        wholes = tuple(_checked(Whole(**whole)) for whole in fields["wholes"])
        pieces = tuple(_checked(Piece(**piece)) for piece in fields["pieces"])
    except CheckpointError as error:
        raise PieceError(str(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise PieceError(f"{path} is no list of pieces: {error}") from error
    unique = len({whole.place for whole in wholes}) == len(wholes) and len({piece.name for piece in pieces}) == len(pieces)
    if not unique or sum(whole.size for whole in wholes) != sum(piece.size for piece in pieces):
        raise PieceError(f"{path} is no list of pieces: they do not make its files")
    return PieceList(wholes, pieces)


def _checked(entry: Any) -> Any:
    """Return an entry whose name, size and hash are sound; `ValueError` for another, such as one
    whose name leads elsewhere.
    """
    name, shape = (entry.place, _PLACE) if isinstance(entry, Whole) else (entry.name, _PIECE)
    if not isinstance(entry.size, int) or isinstance(entry.size, bool) or entry.size < 0:
        raise ValueError(f"a size is {entry.size!r}")
    if isinstance(entry, Piece) and not 0 < entry.size <= MAX_PIECE_BYTES:
        raise ValueError(f"a piece of {entry.size:,} bytes")
    if not (isinstance(name, str) and shape.fullmatch(name) and isinstance(entry.sha256, str) and _SHA256.fullmatch(entry.sha256)):
        raise ValueError(f"the name {name!r} or its SHA-256 is none")
    return entry
