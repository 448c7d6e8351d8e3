"""Lines of ignore files, with git's meaning and a matcher whose time is bounded: a cloned
repository's patterns are not ours to trust.

A line that git cannot use matches nothing there, and so here. What decides is told by gitignore(5)
and git's own wildmatch.c.
"""

from __future__ import annotations

import errno
import re
import stat
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.files import UnusableFileError, read_regular

MAX_PATTERN_LENGTH = 4096
"""How many characters of a pattern are read; no path is longer."""
MAX_BYTES, MAX_STARS = 100_000, 5_000
"""How large an ignore file may be: more than people write, and little enough to be read while
somebody types.
"""

_CLASSES = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "cntrl": "".join(map(chr, [*range(32), 127])),
    "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation,
    "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ",
    "punct": string.punctuation,
    "space": string.whitespace,
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}
_STAR, _SLASH, _FOLDERS, _ALL = "*", "/", "**/", "**"
_NAMED_CLASS = re.compile(r"\[:([^\]]*):\]")
_SPECIAL = re.compile(r"[*?\[\\]")
_DEEP = re.compile(r"\*\*+(?=/|\Z)")
_STARS = re.compile(r"\*+")


class UnusablePatternError(ValueError):
    """A pattern that can match no file; the text says why."""


@dataclass(frozen=True)
class Pattern:
    """One line.

    `by_name`: it has no slash and is compared with a file's name, else with its path below the
    ignore file's folder. `flaw`: why it can hardly match what it was meant for.
    """

    expression: re.Pattern[str]
    negated: bool
    folders_only: bool
    by_name: bool
    flaw: str = ""


def parse_pattern(line: str) -> Pattern | None:
    """The pattern of a line; None for blank lines and comments.

    `UnusablePatternError` for what can match nothing.
    """
    text = _without_trailing_spaces(line)
    if not text or text.startswith("#"):
        return None
    if len(text) > MAX_PATTERN_LENGTH:
        raise UnusablePatternError(f"it is longer than {MAX_PATTERN_LENGTH} characters")
    if "\0" in text:
        raise UnusablePatternError("it has null characters, which no path has; save the file as UTF-8")
    negated = text.startswith("!")
    text = text[1:] if negated else text
    folders_only = text.endswith("/")
    text = text[:-1] if folders_only else text
    by_name = "/" not in text
    text = text.removeprefix("/")
    if not text:
        raise UnusablePatternError("it names nothing")
    flaws: list[str] = []
    expression = re.compile(_expression(_elements(text, flaws, by_name=by_name)), re.DOTALL)
    return Pattern(expression, negated, folders_only, by_name, "; ".join(flaws))


class Rules:
    """The patterns of one ignore file, in order; `flaws` has the numbers of lines, from 1, that
    match nothing or hardly what they were meant for, and why.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.flaws: dict[int, str] = {}
        patterns: list[Pattern] = []
        for number, line in enumerate(lines, 1):
            try:
                pattern = parse_pattern(line)
            except UnusablePatternError as error:
                self.flaws[number] = str(error)
                continue
            if pattern is not None:
                patterns.append(pattern)
                self.flaws |= {number: pattern.flaw} if pattern.flaw else {}
        self._backwards = patterns[::-1]

    @classmethod
    def of_file(cls, content: bytes) -> Rules:
        """The rules of a file as git reads it: bytes, of which a mark of UTF-8 and carriage returns
        at the lines' ends are left out.
        """
        text = content.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
        return cls(line.removesuffix("\r") for line in text.split("\n"))

    def verdict(self, relative: str, *, is_folder: bool) -> bool | None:
        """Whether the last rule that says something of a path leaves it out; None where none does.

        `relative` has slashes, from the file's folder on.
        """
        name = relative.rpartition("/")[2]
        for pattern in self._backwards:
            if (is_folder or not pattern.folders_only) and pattern.expression.match(name if pattern.by_name else relative):
                return not pattern.negated
        return None


class IgnoreFiles:
    """The rules of ignore files, read again when these change."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, int], Rules]] = {}

    def rules_of(self, file: Path) -> Rules | None:
        """None where there is no such file; `OSError` where there is one whose rules cannot be
        known.
        """
        try:
            state = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(state.st_mode):
            return None
        version = (state.st_mtime_ns, state.st_size, state.st_ino)
        known = self._known.get(file)
        if known is None or known[0] != version:
            content = read_regular(file, MAX_BYTES)
            if content.count(b"*") > MAX_STARS:
                raise UnusableFileError(errno.EFBIG, f"it has more than {MAX_STARS:,} stars", str(file))
            known = self._known[file] = version, Rules.of_file(content)
        return known[1]


def is_left_out(relative: str, rules: Sequence[tuple[str, Rules]]) -> bool:
    """Whether rules leave out a file by itself or with a folder around it; nothing brings back what
    lies in a folder that is left out.

    Each of the `rules`, from the outermost folder to the innermost, goes with its folder: empty, or
    with a slash at its end.
    """
    parts = relative.split("/")
    around = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any(entry_left_out(path, rules, is_folder=path is not around[-1]) for path in around)


def entry_left_out(relative: str, rules: Sequence[tuple[str, Rules]], *, is_folder: bool) -> bool:
    """Whether the nearest rules that say something of this very file or folder leave it out."""
    for folder, of_folder in reversed(rules):
        if relative.startswith(folder) and len(relative) > len(folder):
            verdict = of_folder.verdict(relative[len(folder) :], is_folder=is_folder)
            if verdict is not None:
                return verdict
    return False


def _without_trailing_spaces(line: str) -> str:
    bare = line.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if backslashes % 2 and len(bare) < len(line) else bare


def _elements(text: str, flaws: list[str], *, by_name: bool) -> list[str]:
    """A pattern as a sequence of single characters' expressions, `_STAR`, `_SLASH`, `_FOLDERS` and
    `_ALL`.
    """
    found: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "*":
            # git compares what stands before the first special character apart, and so takes stars
            # behind it for stars behind a slash.
            may_be_deep = not by_name and (not found or found[-1] in {_SLASH, _FOLDERS} or not _SPECIAL.search(text, 0, at))
            deep = _DEEP.match(text, at) if may_be_deep else None
            stars = deep or _STARS.match(text, at)
            assert stars is not None, "there is a star"
            at = stars.end()
            if deep is None:
                found.append(_STAR)
            elif at == len(text):
                found.append(_ALL)
            else:
                # Its own slash goes with it. Several in a row mean what one means.
                at += 1
                found += [] if found and found[-1] == _FOLDERS else [_FOLDERS]
            continue
        if char == "[":
            expression, at = _bracket(text, at + 1, flaws)
        elif char == "\\":
            if at + 1 == len(text):
                raise UnusablePatternError("a backslash at the end stands for no character")
            expression, at = re.escape(text[at + 1]), at + 2
        else:
            expression, at = ("[^/]" if char == "?" else re.escape(char)), at + 1
        found.append(_SLASH if expression == "/" else expression)
    return found


def _bracket(text: str, at: int, flaws: list[str]) -> tuple[str, int]:
    """The expression of a set of characters that begins at `at`, behind its bracket, and where it
    ends.
    """
    negated = text[at : at + 1] in {"!", "^"}
    at += negated
    members: list[str] = []
    first, start = at, ""
    while at == first or text[at : at + 1] != "]":
        named = _NAMED_CLASS.match(text, at)
        if named:
            if named[1] not in _CLASSES:
                raise UnusablePatternError(f"there is no class [:{named[1]}:]")
            members.append("".join(map(re.escape, _CLASSES[named[1]])))
            start, at = "", named.end()
            continue
        is_range = text[at : at + 1] == "-" and start != "" and text[at + 1 : at + 2] not in {"", "]"}
        char, at = _member(text, at + is_range)
        if is_range and start > char:
            flaws.append(f"the range {start}-{char} ends before it begins")
        elif is_range:
            members.append(f"{re.escape(start)}-{re.escape(char)}")
        else:
            members.append(re.escape(char))
        start = "" if is_range else char
    # No set of characters matches a slash.
    return f"(?!/)[{'^' if negated else ''}{''.join(members)}]", at + 1


def _member(text: str, at: int) -> tuple[str, int]:
    at += text[at : at + 1] == "\\"
    if at >= len(text):
        raise UnusablePatternError("a bracket is not closed")
    return text[at], at + 1


def _expression(elements: list[str]) -> str:
    """A regular expression that takes time in proportion to the path's length times the pattern's.

    Of several stars, only the last one's length has to be tried: where the rest fits behind any of
    a star's lengths, it fits behind its shortest. So all others are looked for within a lookahead,
    which is never gone back into. That holds for folders as it does for characters.
    """
    groups = iter(range(len(elements)))
    parts: list[str] = []
    pieces = _split(elements, _FOLDERS)
    for number, piece in enumerate(pieces):
        body = "".join(_segment(segment, groups) if segment != [_ALL] else ".*" for segment in _segments(piece))
        if number == 0:
            parts.append(body)
        elif number < len(pieces) - 1:
            parts.append(_once(f"(?:[^/]*/)*?{body}", groups))
        else:
            parts.append(f"(?:[^/]*/)*{body}")
    return "".join(parts) + r"\Z"


def _segment(segment: list[str], groups: Iterator[int]) -> str:
    """The expression of what stands between two slashes; a slash is its own."""
    first, *others = ["".join(piece) for piece in _split(segment, _STAR)]
    if not others:
        return first
    return first + "".join(_once(f"[^/]*?{piece}", groups) for piece in others[:-1] if piece) + f"[^/]*{others[-1]}"


def _once(expression: str, groups: Iterator[int]) -> str:
    name = f"g{next(groups)}"
    return f"(?=(?P<{name}>{expression}))(?P={name})"


def _segments(elements: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for element in elements:
        if element in {_SLASH, _ALL}:
            found += [[element], []]
        else:
            found[-1].append(element)
    return [segment for segment in found if segment]


def _split(elements: list[str], separator: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for element in elements:
        if element == separator:
            found.append([])
        else:
            found[-1].append(element)
    return found
