"""pygls' protocol, with what it lacks mended in one place.

Every request is answered, states are kept, and nothing of the user's is logged.

Each mend names the function of pygls 2.1 that it replaces, so that it can go once that function
does the same.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import traceback
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Literal

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.language_server import _get_handler_params_annotations

from seed_lsp.server.shapes import NoNumber, Strictness, leave_out, misfit
from seed_lsp.server.workspace import SeedWorkspace, field

logger = logging.getLogger(__name__)

VERSION = "2.0"
# JavaScript's whole numbers have no more.
_MOST_DIGITS = 16


class SeedProtocol(LanguageServerProtocol):
    """The protocol of one client; `receive` takes the messages.

    `exit_status` is set once the client has said that the server may end. `root_uri` is the folder
    that the client named as its root, as an address or as a path.
    """

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self.exit_status: int | None = None
        self.root_uri: str | None = None
        self.shutdown_request: Future[Any] | None = None
        self._state: Literal["new", "ready", "ended"] = "new"
        self._strictness = Strictness(converter)

    def receive(self, body: bytes) -> None:
        """Take one message, and answer also what is no message.

        In pygls `run_async` (io_.py) leaves what is no JSON without an answer, `structure_message`
        (protocol/json_rpc.py) what has parameters of another shape, and `handle_message` (there)
        what has no version.
        """
        try:
            message = json.loads(body, parse_int=_whole_number, parse_float=_number, parse_constant=lambda _text: NoNumber())
        except (ValueError, RecursionError):
            self._refuse(None, JsonRpcParseError("the message is no JSON"))
            return
        if not isinstance(message, dict):
            self._refuse(None, JsonRpcInvalidRequest("a message is one JSON object; the protocol has no batches"))
        elif "method" not in message and ("result" in message or "error" in message):
            self._take_response(message)
        else:
            number, method = message.get("id"), message.get("method")
            known = number if _is_id(number) else None
            if message.get("jsonrpc") != VERSION or not isinstance(method, str) or ("id" in message and known is None):
                self._refuse(known, JsonRpcInvalidRequest("the message is no request of JSON-RPC 2.0"))
            elif known is None:
                self._take_notification(method, message)
            else:
                try:
                    self._take_request(known, method, message)
                except JsonRpcException as error:
                    self._refuse(known, error)

    def refuse_message(self, words: str) -> None:
        """Answer a message that could not be read."""
        self._refuse(None, JsonRpcInvalidRequest(words))

    def _take_request(self, number: int | str, method: str, message: dict[str, Any]) -> None:
        """Refuse what the session's state does not allow.

        `handle_message` and `lsp_initialize` (pygls) know no state but the one after shutdown, in
        which they drop requests.
        """
        if self._state == "ended":
            raise JsonRpcInvalidRequest("the server is shutting down")
        if self._state == "new" and method != types.INITIALIZE:
            raise JsonRpcServerNotInitialized("the first request is initialize")
        if self._state == "ready" and method == types.INITIALIZE:
            raise JsonRpcInvalidRequest("the server is initialized already")
        if not self._handles(method):
            raise JsonRpcMethodNotFound("unknown method")
        kind = self.get_message_type(method)
        if kind is not None and not _takes_id(kind):
            raise JsonRpcInvalidRequest("that is a notification, which has no id")
        if number in self._request_futures:
            raise JsonRpcInvalidRequest("a request with this id is under way")
        params = self._shaped(kind, method, message)
        if method == types.INITIALIZE:
            self._state = "ready"
            self._take_root(params)
        elif method == types.SHUTDOWN:
            self._state = "ended"
        contextvars.copy_context().run(self._handle_request, number, method, params)

    def _take_root(self, params: types.InitializeParams) -> None:
        """Keep the root folder's address to ourselves.

        `Workspace` and `from_fs_path` (pygls/workspace/workspace.py, pygls/uris.py) raise for some
        texts that are no address or no path.
        """
        self.root_uri = params.root_uri
        if params.root_uri is None and params.root_path:
            with contextlib.suppress(ValueError):
                self.root_uri = Path(params.root_path).as_uri()
        params.root_uri = params.root_path = None

    def _take_notification(self, method: str, message: dict[str, Any]) -> None:
        if method == types.EXIT:
            self.exit_status = 0 if self._state == "ended" else 1
        if self._state != "ready" or not (self._handles(method) or method == types.CANCEL_REQUEST):
            return
        kind = self.get_message_type(method)
        if kind is not None and _takes_id(kind):
            logger.warning("%s came without an id", method)
            return
        workspace, changed = self.workspace, field(message, "params", "textDocument") if method == types.TEXT_DOCUMENT_DID_CHANGE else None
        uri = field(changed, "uri")
        known = workspace.find(uri) if isinstance(uri, str) and isinstance(workspace, SeedWorkspace) else None
        if known is not None and isinstance(changed, dict) and changed.get("version") is None:
            # Some clients count no versions.
            changed["version"] = known.version
        try:
            params = self._shaped(kind, method, message)
        except JsonRpcException as error:
            logger.warning("%s", error)
            if known is not None:
                # From here on the document's text would differ from the editor's, and the next edit
                # would go astray.
                workspace.remove_text_document(known.uri)
            return
        contextvars.copy_context().run(self._handle_notification, method, params)

    def _take_response(self, message: dict[str, Any]) -> None:
        """Take an answer to what was asked.

        `_handle_response` (pygls/protocol/json_rpc.py) would also end a request of the client's
        that has the same number.
        """
        number = message.get("id")
        if not _is_id(number) or number not in self._result_types:
            return
        kind = self._result_types.pop(number)
        future = self._request_futures.pop(number, None)
        if future is None or future.done():
            return
        error = message.get("error")
        if error is not None:
            code, words = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
            future.set_exception(
                JsonRpcException(words if isinstance(words, str) else "no reason given", code if isinstance(code, int) else None)
            )
            return
        try:
            result = message.get("result") if kind is None else self._converter.structure(message, kind).result
        except Exception:  # noqa: BLE001 - whoever waits must not wait for ever
            future.set_exception(JsonRpcException("the answer does not fit"))
        else:
            future.set_result(result)

    def _shaped(self, kind: type[Any] | None, method: str, message: dict[str, Any]) -> Any:
        """The parameters as the protocol's type for this method, or as plain JSON where it has
        none.

        `JsonRpcInvalidParams` says which value does not fit, without quoting it.
        """
        if method == types.SHUTDOWN:
            return None
        if kind is None:
            return message.get("params")
        is_first = method == types.INITIALIZE
        # What clients say of themselves is read with patience: they may be newer than we are.
        self._strictness.on = not is_first
        try:
            while True:
                try:
                    return self._converter.structure({"params": None, **message}, kind).params
                except Exception as error:  # noqa: BLE001 - hooks raise whatever Python does with a value of another type
                    if not (is_first and leave_out(message, error)):
                        raise JsonRpcInvalidParams(f"the parameters of {method} do not fit: {misfit(error)}") from None
        finally:
            self._strictness.on = True

    def _handles(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _refuse(self, number: int | str | None, error: JsonRpcException) -> None:
        # pygls' type of an answer has no place for the null that stands for an unknown id.
        answer = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": VERSION, "id": number, "error": answer})

    def _handle_request(self, msg_id: int | str, method_name: str, params: Any) -> None:
        """Of the same name in pygls, which logs parameters."""
        self._ctx_msg_id.set(msg_id)
        answer = partial(self._send_handler_result, msg_id=msg_id)
        self._execute_handler(msg_id, self._get_handler(method_name), answer, (params,))
        if method_name == types.SHUTDOWN:
            self.shutdown_request = self._request_futures.get(msg_id)

    def _handle_notification(self, method_name: str, params: Any) -> None:
        """Of the same name in pygls, which logs parameters."""
        if method_name == types.CANCEL_REQUEST:
            if _is_id(params.id) and (future := self._request_futures.get(params.id)) is not None:
                future.cancel()
            return
        self._execute_handler(str(uuid.uuid4()), self._get_handler(method_name), partial(_note_failure, method_name), (params,))

    def _execute_handler(
        self,
        msg_id: int | str,
        handler: Callable[..., Any],
        callback: Callable[[Future[Any]], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Replaces pygls' function of the same name.

        That one keeps for good what notifications and commands left, and lets a cancelled command
        run on.
        """

        def done(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)
        # A command runs under a number of its own, for a request that
        # `lsp_workspace__execute_command` has taken.
        work = self._request_futures.get(msg_id)
        request = self._request_futures.get(self.msg_id) if self.msg_id is not None else None
        if request is not None and work is not None and request is not work:
            request.add_done_callback(lambda future: work.cancel() if future.cancelled() else None)

    def _send_handler_result(self, future: Future[Any], *, msg_id: int | str) -> None:
        """Replaces pygls' function of the same name.

        That one logs the words of refusals, and sends traces to the client.
        """
        if future.cancelled():
            self._refuse(msg_id, JsonRpcRequestCancelled("cancelled"))
            return
        error = future.exception()
        if error is None:
            self._send_response(msg_id, result=future.result())
        elif isinstance(error, JsonRpcException):
            self._refuse(msg_id, error)
        else:
            note_failure("a request", error)
            self._refuse(msg_id, JsonRpcInternalError("internal error; the server's log has the details"))

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """Replaces pygls' function of the same name.

        That one walks over the requests under way while these leave it.
        """
        current = self.msg_id
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, args, None
        for number, future in list(self._request_futures.items()):
            if number != current and not future.done():
                future.cancel()

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Generator[Any, Any, Any]:
        """Replaces pygls' function of the same name.

        That one calls a command without arguments where there are none, whatever the command takes.
        """
        handler = self.fm.commands.get(params.command)
        if handler is None:
            raise JsonRpcInvalidParams("unknown command")
        declared, kinds = _get_handler_params_annotations(handler)
        names, given = list(declared)[1:], list(params.arguments or ())
        if len(names) != len(given):
            raise JsonRpcInvalidParams(
                f"{params.command} takes {len(names) or 'no'} argument{'s' * (len(names) != 1)}, and there are {len(given)}"
            )
        try:
            arguments = tuple(self._converter.structure(value, kinds[name]) for name, value in zip(names, given, strict=True))
        except Exception as error:  # noqa: BLE001 - hooks raise whatever Python does with a value of another type
            raise JsonRpcInvalidParams(f"the arguments of {params.command} do not fit: {misfit(error)}") from None
        return (yield handler, arguments, {})


def note_failure(what: str, error: BaseException) -> None:
    """Place and type alone: the message might quote the user's code."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed with %s\n%s", what, type(error).__name__, trace)


def _note_failure(method: str, future: Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        note_failure(method, error)


def _takes_id(kind: type[Any]) -> bool:
    return "id" in kind.__annotations__


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _whole_number(text: str) -> Any:
    return int(text) if len(text) <= _MOST_DIGITS + 1 else NoNumber()


def _number(text: str) -> Any:
    value = float(text)
    return value if abs(value) < float("inf") else NoNumber()
