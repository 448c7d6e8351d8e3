"""What goes wrong on the way from a client.

It is values of other types and sizes, missing and unknown names, and bytes that are no message.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from benchmarks.robustness.session import Chunk, framed, with_length
from benchmarks.robustness.shapes import CANARY

INFINITY = float("inf")
_DEEP: Any = []
for _ in range(400):
    _DEEP = [_DEEP]

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0.5,
    1e308,
    INFINITY,
    -INFINITY,
    float("nan"),
    2**31,
    2**53 + 1,
    10**30,
    -(10**30),
    "",
    f"{CANARY}odd",
    f"\ud800{CANARY}",
    f"{CANARY}\udfff\x00",
    "9" * 5000,
    f"{CANARY}\n" * 2000,
    [],
    {},
    [None],
    {f"{CANARY}name": f"{CANARY}value"},
    _DEEP,
)


def mutated(message: Any, rng: random.Random) -> Any:
    """The message with one to three entries changed."""
    message = copy.deepcopy(message)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        entries = list(_entries(message))
        if not entries:
            return message
        holder, key = rng.choice(entries)
        kind = rng.randrange(4)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[f"{CANARY}{rng.randrange(9)}"] = holder.pop(key)
        elif kind == 2 and isinstance(holder, list):
            holder += [copy.deepcopy(holder[key])] * rng.choice((1, 2, 300))
        else:
            holder[key] = copy.deepcopy(rng.choice(ODD_VALUES))
    return message


def _entries(value: Any) -> Any:
    """Each entry of each object and list within a value, as its holder and its key."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()):
        yield value, key
        # What is put in deep is not to be dug into again.
        if inner is not _DEEP and not (isinstance(inner, list) and len(inner) > 50):
            yield from _entries(inner)


def split(data: bytes, rng: random.Random) -> list[Chunk]:
    """The same bytes, written in pieces."""
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(1, 6)))
    ends = [*cuts, len(data)]
    return [(data[start:end], rng.choice((0.0, 0.0, 0.002))) for start, end in zip([0, *cuts], ends, strict=True)]


def odd_headers(body: bytes, rng: random.Random) -> bytes:
    """A message whose headers are unusual and allowed."""
    length = b"%d" % len(body)
    kinds: tuple[bytes, ...] = (
        b"content-length: " + length,
        b"CONTENT-LENGTH: " + length,
        b"Content-Length:" + length,
        b"Content-Length:   " + length + b"  ",
        b"Content-Length: 000" + length,
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: " + length,
        b"Content-Length: " + length + b"\r\ncontent-type: application/vscode-jsonrpc; charset=utf8",
        b"X-Other: " + CANARY.encode() + b"\r\nContent-Length: " + length,
    )
    return rng.choice(kinds) + b"\r\n\r\n" + body


def no_json(rng: random.Random) -> bytes:
    """A body of the right length that is no JSON; the answer is an error without an id."""
    whole = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"text": f"{CANARY} é"}}, ensure_ascii=False).encode()
    kinds: tuple[bytes, ...] = (
        whole[: rng.randrange(1, len(whole))],
        whole + b"}",
        whole.replace("é".encode(), b"\xe9"),
        b"\xff\xfe" + whole,
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\x00" * 10,
        whole.replace(b'"x"', b"x"),
        b"{'a': 1}",
        CANARY.encode(),
    )
    return with_length(rng.choice(kinds))


def batch(messages: list[Any], rng: random.Random) -> bytes:
    """Several messages as one list, of which the protocol has none; or no object at all."""
    return framed(rng.choice((messages, [], [[]], [1, f"{CANARY}"], 7, f"{CANARY}", None, True)))


def broken_stream(message: bytes, rng: random.Random) -> bytes:
    """Bytes behind which nobody knows where a message begins. The server may end, in words."""
    body = message.partition(b"\r\n\r\n")[2]
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: b"Content-Length: -1\r\n\r\n" + body,
        lambda: b"Content-Length: 1000000000000\r\n\r\n" + body,
        lambda: b"Content-Length: " + b"9" * 30 + b"\r\n\r\n" + body,
        lambda: b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + body,
        lambda: b"Content-Length: \xc2\xb2\r\n\r\n" + body,
        lambda: b"Content-Length: ten\r\n\r\n" + body,
        lambda: b"Content-Length: 0\r\n\r\n" + body,
        lambda: b"Content-Length: %d\r\n\r\n%b" % (max(0, len(body) - rng.randrange(1, 20)), body),
        lambda: b"Content-Length: %d\r\n\r\n%b" % (len(body) + rng.randrange(1, 200), body),
        lambda: b"Content-Length: %d\n\n%b" % (len(body), body),
        lambda: b"Content-Length: 5\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        lambda: b"\r\n\r\n" + body,
        lambda: body,
        lambda: b"X: " + CANARY.encode() * 100_000 + b"\r\n" + message,
        lambda: rng.randbytes(rng.randrange(1, 3000)),
        lambda: message[: rng.randrange(1, len(message))],
        lambda: b"\x00" * 5000,
        lambda: b"",
    )
    return rng.choice(kinds)()
