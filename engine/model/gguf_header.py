"""The header of a GGUF file, read with bounds on all that it claims.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Each count and length is
compared with the file's size before anything is read or allocated for it, and the end of each
tensor with the file's end. So a header that promises 2^60 numbers is refused after its first bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from engine.model.reading import CheckpointError, require_file

MAX_HEADER_BYTES = 1 << 28
MAX_FIELDS = MAX_TENSORS = 1 << 16
MAX_ELEMENTS = 1 << 21
"""How many elements all arrays of a file may have together; those of the published models have a
quarter.
"""
MAX_NAME_BYTES = 1 << 16
MAX_TEXT_BYTES = 1 << 20
MAX_DIMENSIONS = 4
DEFAULT_ALIGNMENT = 32

_STRING, _ARRAY = 8, 9
# The numbers of the specification's types, as `struct` writes them.
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_UNSIGNED, _SIGNED = 4, 5


@dataclass(frozen=True)
class StoredArray:
    """Where the elements of an array lie in the file; they are not read with the header.

    `kind` is the specification's number for the type of the elements, `count` how many there are.
    `offset` counts bytes from the beginning of the file, and `num_bytes` is the length of them all.
    """

    kind: int
    count: int
    offset: int
    num_bytes: int


Value = int | float | bool | str | StoredArray
"""A field's value."""


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies in the file, and its shape with the innermost dimension last.

    `offset` counts bytes from the beginning of the file.
    """

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    offset: int
    num_bytes: int


@dataclass(frozen=True)
class GgufHeader:
    """What a file says of itself, and the tensors that it holds."""

    fields: dict[str, Value]
    tensors: tuple[StoredTensor, ...]


def read_header(path: Path) -> GgufHeader:
    """Read and check a header; `CheckpointError` names the file and what is wrong with it."""
    size = require_file(path)
    try:
        with path.open("rb") as file:
            return _Reader(path, file, size).header()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error


def texts_of(data: np.ndarray, array: StoredArray) -> list[str]:
    """The elements of an array of texts in a file's bytes (bytes,); `CheckpointError` if they are
    none.
    """
    if array.kind != _STRING:
        raise CheckpointError("an array of texts is one of numbers")
    stored = data[array.offset : array.offset + array.num_bytes].tobytes()
    texts, position = [], 0
    try:
        for _ in range(array.count):
            [length] = struct.unpack_from("<Q", stored, position)
            position += 8 + length
            texts.append(stored[position - length : position].decode("utf-8"))
    except (struct.error, UnicodeDecodeError) as error:
        raise CheckpointError("a text of an array is no UTF-8") from error
    return texts


def integers_of(data: np.ndarray, array: StoredArray) -> tuple[int, ...]:
    """The elements of an array of 32-bit integers in a file's bytes (bytes,); `CheckpointError` if
    they are none.
    """
    if array.kind not in {_UNSIGNED, _SIGNED}:
        raise CheckpointError("an array of integers holds something else")
    return struct.unpack(f"<{array.count}{_NUMBERS[array.kind]}", data[array.offset : array.offset + array.num_bytes].tobytes())


class _Reader:
    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self._path, self._file, self._size = path, file, size
        self._end = min(size, MAX_HEADER_BYTES)
        self._position = self._elements = 0

    def header(self) -> GgufHeader:
        if self._take(4, "mark") != b"GGUF":
            self._refuse("it does not begin with GGUF")
        if (version := self._number("I", "version")) not in (2, 3):
            self._refuse(f"its version is {version}; 2 and 3 can be read, in little-endian order")
        num_tensors = self._count("number of tensors", MAX_TENSORS)
        num_fields = self._count("number of fields", MAX_FIELDS)
        fields: dict[str, Value] = {}
        for _ in range(num_fields):
            name = self._text("field's name", MAX_NAME_BYTES)
            if name in fields:
                self._refuse(f"it holds the field {name!r} twice")
            fields[name] = self._value(name, self._number("I", f"type of {name!r}"))
        entries = [self._entry() for _ in range(num_tensors)]
        return GgufHeader(fields, tuple(self._placed(entries, self._alignment(fields))))

    def _value(self, name: str, kind: float) -> Value:
        if kind == _STRING:
            return self._text(name, MAX_TEXT_BYTES)
        if kind in _NUMBERS:
            return self._number(_NUMBERS[int(kind)], name)
        if kind != _ARRAY:
            self._refuse(f"the field {name!r} has the unknown type {kind}")
        return self._array(name)

    def _array(self, name: str) -> StoredArray:
        """Find where an array lies. Of its elements the lengths alone are read."""
        element = int(self._number("I", f"type of {name!r}"))
        count = self._count(f"length of {name!r}", MAX_ELEMENTS - self._elements)
        self._elements += count
        start = self._position
        if element == _STRING:
            for _ in range(count):
                self._skip(self._count(f"length of a text of {name!r}", MAX_TEXT_BYTES), name)
        elif element in _NUMBERS:
            self._skip(count * struct.calcsize(f"<{_NUMBERS[element]}"), name)
        else:
            self._refuse(f"the field {name!r} is an array of " + ("arrays" if element == _ARRAY else f"the unknown type {element}"))
        return StoredArray(element, count, start, self._position - start)

    def _entry(self) -> StoredTensor:
        """Read a tensor's entry. Its offset still counts from the end of the header."""
        name = self._text("tensor's name", MAX_NAME_BYTES)
        num_dimensions = int(self._number("I", f"dimensions of {name!r}"))
        if not 1 <= num_dimensions <= MAX_DIMENSIONS:
            self._refuse(f"the tensor {name!r} has {num_dimensions} dimensions; 1 to {MAX_DIMENSIONS} can be read")
        shape = tuple(int(self._number("Q", f"dimensions of {name!r}")) for _ in range(num_dimensions))[::-1]
        number = self._number("I", f"format of {name!r}")
        if number not in {kind.value for kind in GGML_QUANT_SIZES}:
            self._refuse(f"the tensor {name!r} has the unknown format {number}")
        kind = GGMLQuantizationType(int(number))
        block, block_bytes = GGML_QUANT_SIZES[kind]
        weights = 1
        for length in shape:
            weights *= length
        if not weights or shape[-1] % block:
            self._refuse(f"the tensor {name!r} of {_product(shape)} does not divide into {kind.name}'s blocks of {block}")
        return StoredTensor(name, shape, kind, int(self._number("Q", f"place of {name!r}")), weights // block * block_bytes)

    def _placed(self, entries: list[StoredTensor], alignment: int) -> Iterator[StoredTensor]:
        """Give the tensors their places; refuse one beyond the file's end or within another."""
        start = -(-self._position // alignment) * alignment
        names: set[str] = set()
        for entry in entries:
            end = start + entry.offset + entry.num_bytes
            if entry.name in names:
                self._refuse(f"it holds the tensor {entry.name!r} twice")
            if entry.offset % alignment:
                self._refuse(f"the tensor {entry.name!r} does not begin at a multiple of {alignment} bytes")
            if end > self._size:
                self._refuse(
                    f"the tensor {entry.name!r} of {_product(entry.shape)} would end at byte {end:,}, and the file has {self._size:,}: "
                    "it was cut off, or its header is damaged"
                )
            names.add(entry.name)
            yield StoredTensor(entry.name, entry.shape, entry.kind, start + entry.offset, entry.num_bytes)
        for one, other in pairwise(sorted(entries, key=lambda entry: entry.offset)):
            if one.offset + one.num_bytes > other.offset:
                self._refuse(f"the tensors {one.name!r} and {other.name!r} overlap")

    def _alignment(self, fields: dict[str, Value]) -> int:
        alignment = fields.get("general.alignment", DEFAULT_ALIGNMENT)
        if isinstance(alignment, bool) or not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            self._refuse(f"its general.alignment is {alignment!r} and not a power of two")
        return alignment

    def _count(self, what: str, most: int) -> int:
        """Read a count or a length; refuse one of more than `most`, or than the bytes that are
        left.
        """
        count = int(self._number("Q", what))
        if count > min(most, self._end - self._position):
            self._refuse(f"the {what} is {count:,}, which is more than the file can hold, or than is read ({most:,})")
        return count

    def _text(self, what: str, most: int) -> str:
        data = self._take(self._count(f"length of the {what}", most), what)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse(f"the {what} is no UTF-8")

    def _number(self, letter: str, what: str) -> int | float:
        [number] = struct.unpack(f"<{letter}", self._take(struct.calcsize(f"<{letter}"), what))
        assert isinstance(number, int | float)
        return number

    def _take(self, count: int, what: str) -> bytes:
        self._advance(count, what)
        data = self._file.read(count)
        if len(data) < count:
            self._refuse(f"it became shorter while it was read, at the {what}")
        return data

    def _skip(self, count: int, what: str) -> None:
        self._advance(count, what)
        self._file.seek(count, 1)

    def _advance(self, count: int, what: str) -> None:
        if count > self._end - self._position:
            cut = self._end == self._size
            self._refuse(f"it ends within the {what}" if cut else f"its header is longer than {MAX_HEADER_BYTES:,} bytes, at the {what}")
        self._position += count

    def _refuse(self, fault: str) -> NoReturn:
        raise CheckpointError(f"{self._path} is no readable GGUF file: {fault}")


def _product(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
