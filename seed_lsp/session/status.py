"""What the server is doing, and why nothing is shown.

The editor is told in the shape that its status items know (`didChangeStatus`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from engine.api import Finished, Loading

METHOD = "didChangeStatus"
Kind = Literal["Normal", "Warning", "Error", "Inactive"]
QUIET = frozenset({"superseded", "cancelled", "moved", "typed_along", "paused"})
"""Reasons that come and go with each key, and say nothing to a person; or what is said already."""


class Status:
    """Sends the state when it changes.

    It has ``busy``, ``kind``, a ``message`` for people, the last ``reason`` code, and
    ``tokensPerSecond`` of the last answer.
    ``percent``: how much of a model is fetched or packed, while that goes on.
    """

    def __init__(self, send: Callable[[str, dict[str, Any]], None]) -> None:
        self._send = send
        self._sent: dict[str, Any] = {}
        self._kind: Kind = "Normal"
        self._message, self._reason, self._speed = "", "", 0.0
        self._busy = 0
        self._percent: int | None = None
        self._loading = False
        self._paused = False

    def pause(self, *, on: bool) -> None:
        """Whatever else happens, that is the state until it is off."""
        self._paused = on
        self._tell()

    def under_way(self, requests: int) -> None:
        """So many requests are with the engine."""
        self._busy = requests
        if requests == 0 and self._loading:
            self.say("Normal", "ready")
        self._tell()

    def loading(self, event: Loading) -> None:
        """Until the requests that wait for it are over."""
        self.say("Normal", event.step, None if event.share is None else round(100 * event.share))
        self._loading = True

    def say(self, kind: Kind, message: str, percent: int | None = None) -> None:
        """`percent` of what the message says is done."""
        self._kind, self._message, self._percent = kind, message, percent
        self._loading = False
        self._tell()

    def explain(self, reason: str, text: str) -> None:
        """Why the last completion was shown or not."""
        if reason in QUIET:
            return
        self._reason = reason
        kinds: dict[str, Kind] = {"failed": "Error", "disabled": "Inactive", "excluded": "Inactive"}
        self.say(kinds.get(reason, "Normal"), "ready" if reason == "shown" else text)

    def note_speed(self, finished: Finished) -> None:
        self._speed = round(finished.tokens_per_second, 1)

    def _tell(self) -> None:
        state = {
            "busy": self._busy > 0,
            "kind": "Inactive" if self._paused else self._kind,
            "message": "paused" if self._paused else self._message,
            "reason": "paused" if self._paused else self._reason,
            "tokensPerSecond": self._speed,
            "percent": self._percent,
        }
        if state != self._sent:
            self._sent = state
            self._send(METHOD, state)
