"""Turns accepted tokens into text, and tells where it ends and what of it may be shown already."""

from __future__ import annotations

from engine.model.tokenizer import Tokenizer


class IncrementalDetokenizer:
    """Collects the bytes of accepted tokens, and notices where the text ends.

    A stop string or stop token ends the text before itself, wherever in a block it falls; what
    follows is never read.
    """

    def __init__(self, tokenizer: Tokenizer, *, stop_tokens: frozenset[int], stop_strings: tuple[str, ...] = ()) -> None:
        if any(not stop for stop in stop_strings):
            raise ValueError("an empty stop string would end every text at its start")
        self._tokenizer = tokenizer
        self._stop_tokens = stop_tokens
        self._stops = tuple(stop.encode("utf-8", "surrogatepass") for stop in stop_strings)
        self._bytes = bytearray()
        self._shown = 0

    def feed(self, token: int) -> bool:
        """Take one token; True if the text ends with it."""
        if token in self._stop_tokens:
            return True
        known = len(self._bytes)
        self._bytes += self._tokenizer.token_bytes(token)
        # A stop string may have begun in the tokens before.
        starts = [self._bytes.find(stop, max(0, known - len(stop) + 1)) for stop in self._stops]
        found = [start for start in starts if start >= 0]
        if found:
            del self._bytes[min(found) :]
        return bool(found)

    @property
    def text(self) -> str:
        """All text so far, without a last character of which bytes are still missing."""
        return _complete(bytes(self._bytes))

    def take_stable(self) -> str:
        """The text that became certain since the last call.

        An end that may still turn out to be the beginning of a stop string is held back.
        """
        held = max((_overlap(self._bytes, stop) for stop in self._stops), default=0)
        stable = _complete(bytes(self._bytes[: len(self._bytes) - held]))
        fresh, self._shown = stable[self._shown :], max(self._shown, len(stable))
        return fresh


def _overlap(text: bytearray, stop: bytes) -> int:
    """The length of the longest end of `text` that is a true beginning of `stop`."""
    for size in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0


def _complete(data: bytes) -> str:
    """Decode UTF-8 without an unfinished last character.

    Bytes that can never be a character become U+FFFD.
    """
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            if back < size:
                data = data[:-back]
            break
        if byte < 0x80:
            break
    return data.decode("utf-8", errors="replace")
