"""``seed-lsp http``: completions for editors that have no inline client.

They come over the completions request that such editors already speak.

The endpoint listens on 127.0.0.1 alone and answers nobody without the token. It refuses a request
for another host, as a web page would make it through a name that it controls, and a request with a
browser's Origin (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hmac
import json
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from engine.api import EngineError
from engine.files import read_regular, whole_file
from seed_lsp.errors import SeedError, reason_of
from seed_lsp.features.inline import completion
from seed_lsp.features.inline.completer import run_until_over
from seed_lsp.features.inline.plan import Plan
from seed_lsp.server.http_server import HOST, Handler, LoopbackServer
from seed_lsp.session.engine_client import EngineClient, SupersededError
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document

logger = logging.getLogger(__name__)

MAX_BYTES = 1_000_000
MAX_TOKENS = 512
TIMEOUT_S = 120
POLL_S = 0.1
"""How often it is looked whether a client still waits."""
LOCK_TIMEOUT_S = 10
MIN_TOKEN_LENGTH, MAX_TOKEN_BYTES = 16, 4096
_MARKED = re.compile(r"<\|fim_prefix\|>(.*?)<\|fim_suffix\|>(.*?)<\|fim_middle\|>", re.DOTALL)


_LENGTH = re.compile(r"[0-9]{1,15}")
_TOKEN = re.compile(r"[!-~]+")
_REMEDY = "delete it, or put a token of your own into the variable SEED_LSP_TOKEN"


class EndpointError(SeedError):
    """The endpoint cannot be opened; the text says what to change."""


class BadRequestError(ValueError):
    """The body asks for what cannot be done; its text says what to change."""


def token_path() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("seed-lsp", appauthor=False)) / "http-token"


def read_token() -> str:
    """The token: ``SEED_LSP_TOKEN``, else that of a file that only the user can read.

    A token is made at the first use. A new one replaces what is no token, or could have been read
    by others. `EndpointError` if there can be none.
    """
    if given := os.environ.get("SEED_LSP_TOKEN", "").strip():
        if not _TOKEN.fullmatch(given):
            raise EndpointError("SEED_LSP_TOKEN may have letters, digits and other printable characters of ASCII alone")
        return given
    from filelock import FileLock, Timeout

    path = token_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Several servers may start at once, and all must have the token that stays.
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_TIMEOUT_S):
            if token := _kept_token(path):
                return token
            with whole_file(path, 0o600) as scratch:
                scratch.write_text(secrets.token_urlsafe(32), encoding="ascii")
            if token := _kept_token(path):
                return token
    except (OSError, Timeout) as error:
        raise EndpointError(f"cannot keep a token in {path} ({reason_of(error)}); {_REMEDY}") from error
    raise EndpointError(f"others can read what is written to {path}; {_REMEDY}")


def _kept_token(path: Path) -> str | None:
    """The token in a file; None if there is none, or others may know it."""
    try:
        token = read_regular(path, MAX_TOKEN_BYTES).decode("ascii", errors="replace").strip()
        state = path.stat()
    except FileNotFoundError:
        return None
    if os.name == "posix" and state.st_uid != os.geteuid():
        raise EndpointError(f"{path} is another user's; {_REMEDY}")
    if not _TOKEN.fullmatch(token) or len(token) < MIN_TOKEN_LENGTH:
        logger.warning("%s held no token; a new one is made", path)
        return None
    if os.name == "posix" and state.st_mode & 0o077:
        logger.warning("others could read or change the token in %s; a new one is made", path)
        return None
    return token


def read_plan(body: dict[str, Any]) -> Plan:
    """The hole of a request.

    It is a ``prompt`` with a ``suffix``, or one prompt with the model's fill-in-the-middle marks.
    """
    prompt, suffix = body.get("prompt"), body.get("suffix") or ""
    if not isinstance(prompt, str) or not isinstance(suffix, str):
        raise BadRequestError("prompt and suffix must be strings")
    if marked := _MARKED.search(prompt):
        prompt, suffix = marked.groups()
    # Unknown to us: what language it is, and what file.
    return Plan(Document("untitled:completion", prompt + suffix), CharOffset(len(prompt)))


class Completions:
    """Answers requests one after the other.

    It has an engine of its own, and an event loop in a thread of its own.
    """

    def __init__(self, settings: Settings, engine: EngineClient) -> None:
        self._settings, self._engine = settings, engine
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="completions")
        self._thread.start()

    def answer(self, body: dict[str, Any], wanted: Callable[[], bool] = lambda: True) -> dict[str, Any]:
        """The response's body.

        `wanted` is asked often, and `ConnectionAbortedError` raised once it is false. Other errors
        are `BadRequestError` and the `EngineError`s.
        """
        if body.get("stream"):
            raise BadRequestError("streaming is not offered; leave out `stream`")
        plan = read_plan(body)
        most = body.get("max_tokens", self._settings.inline_max_tokens)
        if type(most) is not int or not 1 <= most <= MAX_TOKENS:
            raise BadRequestError(f"max_tokens must be 1 to {MAX_TOKENS}")
        future = asyncio.run_coroutine_threadsafe(self._complete(plan, most), self._loop)
        end = time.monotonic() + TIMEOUT_S
        while not concurrent.futures.wait([future], POLL_S).done:
            # Nobody else would stop it, and the next one waits for it.
            if not wanted():
                future.cancel()
                raise ConnectionAbortedError
            if time.monotonic() > end:
                future.cancel()
                raise EngineError(f"there was no answer in {TIMEOUT_S} s")
        return future.result()

    async def _complete(self, plan: Plan, most: int) -> dict[str, Any]:
        settings = replace(self._settings, inline_max_tokens=most)
        finished = await run_until_over(self._engine, plan, completion.build_request(plan, settings, self._engine.new_id()))
        read = completion.read_completion(plan, finished)
        return {
            "id": f"seed-{finished.id}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": finished.model,
            "choices": [
                {
                    "index": 0,
                    "text": read.text,
                    "finish_reason": "length" if finished.finish_reason == "length" else "stop",
                    "logprobs": None,
                }
            ],
            "usage": {
                "prompt_tokens": finished.prompt_tokens,
                "completion_tokens": finished.new_tokens,
                "total_tokens": finished.prompt_tokens + finished.new_tokens,
            },
        }

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._engine.stop(), self._loop).result(TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def make_server(completions: Completions, token: str, model: str, port: int = 0) -> LoopbackServer:
    """A server that is bound and not yet serving; port 0 takes any that is free.

    `EndpointError` where the port cannot be had.
    """
    if not token:
        raise EndpointError("without a token the endpoint would be open to everybody on this machine")

    class Endpoint(Handler):
        def get(self) -> None:
            if self._admitted() and self._at("/v1/models"):
                self._send(HTTPStatus.OK, {"object": "list", "data": [{"id": model, "object": "model", "owned_by": "seed-lsp"}]})

        def post(self) -> None:
            if not self._admitted() or not self._at("/v1/completions"):
                return
            try:
                body = self._body()
            except BadRequestError as error:
                self._fail(HTTPStatus.BAD_REQUEST, str(error))
                return
            try:
                answer = completions.answer(body, lambda: not self.is_gone())
            except BadRequestError as error:
                self._fail(HTTPStatus.BAD_REQUEST, str(error))
            except SupersededError:
                self._fail(HTTPStatus.CONFLICT, "a newer request took its place")
            except EngineError as error:
                self._fail(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
            except ConnectionAbortedError:
                self.close_connection = True
            except Exception as error:  # noqa: BLE001 - the client must get an answer whatever happens
                logger.error("a completion failed with %s", type(error).__name__)
                self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error; the log of `seed-lsp http` has the details")
            else:
                self._send(HTTPStatus.OK, answer)

        def _admitted(self) -> bool:
            bound = self.server.server_port
            if self.headers.get("Host") not in {f"{HOST}:{bound}", f"localhost:{bound}"} or self.headers.get("Origin"):
                self._fail(HTTPStatus.FORBIDDEN, "only programs of this machine may ask, and no web page")
                return False
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), token.encode()):
                self._fail(HTTPStatus.UNAUTHORIZED, "send the token that `seed-lsp http` names, as `Authorization: Bearer TOKEN`")
                return False
            return True

        def _at(self, path: str) -> bool:
            if self.path.partition("?")[0] == path:
                return True
            self._fail(HTTPStatus.NOT_FOUND, "there are /v1/completions (POST) and /v1/models (GET)")
            return False

        def _body(self) -> dict[str, Any]:
            length = self.headers.get("Content-Length", "").strip()
            if not _LENGTH.fullmatch(length) or int(length) > MAX_BYTES:
                raise BadRequestError(f"a body of at most {MAX_BYTES} bytes, with its Content-Length")
            content = self.rfile.read(int(length))
            self.server.has(self.connection)
            try:
                body = json.loads(content)
            except (ValueError, RecursionError):
                raise BadRequestError("the body is no JSON, or too deep") from None
            if not isinstance(body, dict):
                raise BadRequestError("the body is no JSON object")
            return body

        def _fail(self, status: HTTPStatus, message: str) -> None:
            self.close_connection = True
            self._send(status, {"error": {"message": message, "type": status.phrase.lower().replace(" ", "_"), "code": int(status)}})

        def _send(self, status: HTTPStatus, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    try:
        return LoopbackServer(port, Endpoint)
    except (OSError, OverflowError) as error:
        raise EndpointError(f"cannot listen on port {port} of {HOST} ({reason_of(error)}); name another with --port") from error


def serve(settings: Settings, port: int, engine: EngineClient | None = None) -> None:
    """Serve until interrupted."""
    token = read_token()
    completions = Completions(settings, engine or EngineClient(idle_s=60.0 * settings.idle_minutes))
    try:
        server = make_server(completions, token, settings.model_of_inline, port)
    except EndpointError:
        completions.close()
        raise
    where = "the variable SEED_LSP_TOKEN" if os.environ.get("SEED_LSP_TOKEN") else str(token_path())
    print(f"completions at http://{HOST}:{server.server_address[1]}/v1/completions; the token is in {where}", flush=True)
    try:
        server.serve_forever()
    finally:
        server.server_close()
        completions.close()
