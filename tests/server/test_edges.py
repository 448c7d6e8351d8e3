"""The protocol's edges with bare messages: states, ends, headers, misfits, and the log."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.wire import EDITORS, LIMIT_S, Wire, framed, place
from tests.waiting import wait_for

pytestmark = pytest.mark.process

PARSE, REQUEST, METHOD, PARAMS, NOT_INITIALIZED, FAILED, STALE = -32700, -32600, -32601, -32602, -32002, -32803, -32801
URI = "file:///w/a.py"
CANARY = "CANARYxq7"
ALL = {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 0}}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as server:
        yield server


@pytest.fixture(params=list(EDITORS))
def editor(request: pytest.FixtureRequest) -> str:
    return request.param


def unread(descriptor: int) -> int:
    """The number of bytes that wait in a pipe."""
    import fcntl
    import termios

    return struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"1234"))[0]


def command(name: str, *arguments: Any) -> dict[str, Any]:
    return {"command": name, "arguments": list(arguments)}


def test_states(wire: Wire):
    """Requests before initialize or after shutdown are refused, and so is a second initialize."""
    asked = {**place(URI, 0, 0), "newName": "x"}
    assert wire.error("textDocument/rename", asked)[0] == NOT_INITIALIZED
    assert wire.error("workspace/executeCommand", command("seed.usage"))[0] == NOT_INITIALIZED
    assert wire.error("shutdown")[0] == NOT_INITIALIZED
    assert wire.error("initialize", {"capabilities": 5})[0] == PARAMS
    assert "capabilities" in wire.initialize()
    assert wire.error("initialize", {"processId": None, "capabilities": {}})[0] == REQUEST
    wire.open(URI, "area = 1\n")
    assert wire.result("textDocument/prepareRename", place(URI, 0, 0))["placeholder"] == "area"
    ending, behind = wire.start("shutdown"), wire.start("textDocument/rename", asked)
    assert wire.wait(behind)["error"]["code"] == REQUEST
    assert wire.wait(ending)["result"] is None
    assert wire.error("textDocument/rename", asked)[0] == REQUEST
    wire.notify("exit")
    assert wire.process.wait(LIMIT_S) == 0


@pytest.mark.parametrize("initialized", [True, False])
def test_exit_without_shutdown_has_status_1(wire: Wire, initialized: bool):
    """An editor tells a crash from an end by the status."""
    if initialized:
        wire.initialize()
    wire.notify("exit")
    assert wire.process.wait(LIMIT_S) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"rootUri": "file://[x/a"},
        {"rootPath": "/tmp/\ud800"},
        {"rootPath": "//"},
        {"rootUri": "\ud800"},
        {"workspaceFolders": [{"uri": "file://[", "name": ""}]},
    ],
)
def test_a_root_that_is_none_is_no_reason_to_stop(wire: Wire, more: dict[str, Any], tmp_path: Path):
    """The files that the editor opens are served without a root."""
    wire.initialize(**more)
    uri = (tmp_path / "a.py").as_uri()
    wire.open(uri, "area = 1\n")
    assert wire.result("textDocument/prepareRename", place(uri, 0, 0))["placeholder"] == "area"


@pytest.mark.parametrize(
    "unknown",
    [
        {"workspace": {"symbol": {"symbolKind": {"valueSet": [1, 999]}}}},
        {"textDocument": {"completion": {"completionItemKind": {"valueSet": [25, 26, "27"]}, "completionItem": {"resolveSupport": {}}}}},
        {"window": 5},
        {"textDocument": {"foldingRange": {"rangeLimit": "all"}, "rename": [1]}},
    ],
)
def test_what_is_new_in_a_client_is_no_reason_to_refuse_it(wire: Wire, unknown: dict[str, Any]):
    """A client that knows a later version of the protocol is served by what else it announces."""
    documents = {"workspaceEdit": {"documentChanges": True}, **unknown.get("workspace", {})}
    wire.initialize(capabilities={**unknown, "workspace": documents})
    wire.open(URI, "area = 1\n")
    edit = wire.result("textDocument/rename", {**place(URI, 0, 0), "newName": "disk"})
    assert [change["textDocument"]["version"] for change in edit["documentChanges"]] == [1]


def test_shutdown_ends_a_rewrite_under_way(wire: Wire):
    """The server ends when it is told to, whatever it is doing."""
    wire.initialize()
    wire.open(URI, "def f():\n    return 1\n")
    asked = {"textDocument": {"uri": URI, "version": 1}, "range": ALL, "instruction": "slow"}
    working = wire.start("seed/rewrite", asked)
    while not any(note["method"] == "didChangeStatus" and note["params"]["busy"] for note in wire.notes):
        wire.next()
    assert wire.end() == 0
    assert wire.wait(working)["error"]["code"] in {-32800, FAILED}


@pytest.mark.skipif(sys.platform == "win32", reason="the parent is not watched there")
@pytest.mark.parametrize("reaped", [True, False])
def test_the_death_of_the_parent_ends_the_server(wire: Wire, reaped: bool):
    """The server ends with its parent, even if another process holds the pipe open.

    It makes no difference whether anybody waits for the dead parent.
    """
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        wire.initialize(processId=parent.pid)
        wire.open(URI, "area = 1\n")
        assert wire.result("textDocument/prepareRename", place(URI, 0, 0))["placeholder"] == "area"
    finally:
        parent.kill()
        if reaped:
            parent.wait()
    assert wire.process.wait(LIMIT_S) == 1
    parent.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="the parent is not watched there")
@pytest.mark.parametrize("way", ["exit", "parent"])
def test_a_client_that_does_not_read_keeps_no_server(way: str):
    """A client may be stopped, or dead with its end of the pipe in another process's hands."""
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.robustness.scripted"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        asked = [{"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": {"processId": parent.pid, "capabilities": {}}}]
        # The answers to these are more than a pipe holds.
        asked += [{"jsonrpc": "2.0", "id": number, "method": "foo/bar"} for number in range(900)]
        ending = [{"jsonrpc": "2.0", "id": "last", "method": "shutdown"}, {"jsonrpc": "2.0", "method": "exit"}]
        server.stdin.write(b"".join(map(framed, asked + (ending if way == "exit" else []))))
        server.stdin.flush()
        if way == "parent":
            # The parent is killed once the pipe is full.
            assert wait_for(lambda: unread(server.stdout.fileno()) > 60_000)
            parent.kill()
        assert server.wait(LIMIT_S) == (0 if way == "exit" else 1)
    finally:
        for process in (parent, server):
            process.kill()
            process.wait()
        server.stdin.close()
        server.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes always wait there")
def test_streams_that_do_not_wait():
    """With pipes that do not block, the server neither ends nor loses a part of an answer."""
    with Wire(waiting=False) as other:
        other.initialize()
        text = "def f():\n    return 1\n" + "x = 1\n" * 20_000
        other.open(URI, text)
        asked = {"textDocument": {"uri": URI, "version": 1}, "range": ALL, "instruction": "replace 1=>2"}
        assert [edit["newText"] for edit in other.result("seed/rewrite", asked)["edits"]] == ["2"]
        assert other.end() == 0


def test_headers_in_any_spelling(wire: Wire):
    """Names of headers have no case, and white space around a value is ignored."""
    wire.initialize()
    for number, header in enumerate(
        [
            "content-length: %d",
            "CONTENT-LENGTH: %d",
            "Content-Length:%d",
            "Content-Length:    %d",
            "Content-Length: %d \t",
            "content-Length\t:%d",
        ],
        100,
    ):
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "foo/bar"}).encode()
        wire.send_bytes((header % len(body)).encode() + b"\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\r\n" + body)
        assert wire.wait(number)["error"]["code"] == METHOD
    body = json.dumps({"jsonrpc": "2.0", "id": 1000, "method": "foo/bar"}).encode()
    for byte in b"Content-Type: x\r\ncontent-length: %d\r\n\r\n" % len(body) + body:
        wire.send_bytes(bytes([byte]))
    assert wire.wait(1000)["error"]["code"] == METHOD


@pytest.mark.parametrize("length", ["1" + "0" * 12, "1" + "0" * 30, "9" * 5000, "-5", "many", "²", ""])
def test_an_absurd_length_is_refused_in_words(wire: Wire, length: str):
    """Nothing is allocated for an absurd length, and the next message is read."""
    wire.initialize()
    wire.send_bytes(f"Content-Length: {length}\r\n\r\n".encode() + b'{"jsonrpc": "2.0", "id": 7, "method": "foo/bar"}')
    assert wire.wait(None)["error"]["code"] == REQUEST
    assert wire.error("foo/bar")[0] == METHOD
    assert wire.end() == 0
    assert "Traceback" not in wire.log
    assert "Content-Length" in wire.log or "longer than" in wire.log


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", PARSE),
        (b"", PARSE),
        (b"\xff\xfe", PARSE),
        (b"[" * 200_000, PARSE),
        (b"[]", REQUEST),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "foo"}]', REQUEST),
        (b"5", REQUEST),
        (b"{}", REQUEST),
        (b'{"jsonrpc": "2.0", "id": null, "method": "foo"}', REQUEST),
        (b'{"jsonrpc": "2.0", "id": [1], "method": "foo"}', REQUEST),
        (b'{"jsonrpc": "2.0", "id": true, "method": "foo"}', REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1e999, "method": "foo"}', REQUEST),
    ],
)
def test_what_is_no_request_is_answered(wire: Wire, body: bytes, code: int):
    """A client that waits for an answer gets one, with the protocol's null for an unknown id."""
    wire.initialize()
    wire.send_bytes(framed(body))
    assert wire.wait(None)["error"]["code"] == code
    assert wire.error("foo/bar")[0] == METHOD


def test_what_does_not_fit_is_answered(wire: Wire):
    """Each request gets an answer that names the parameter, without its value and our internals."""
    wire.initialize()
    wire.open(URI, "area = 1\n")
    area, uri = ALL, {"uri": URI}
    wrong: list[tuple[str, Any]] = [
        ("textDocument/rename", None),
        ("textDocument/rename", []),
        ("textDocument/rename", CANARY),
        ("textDocument/rename", {"textDocument": uri, "position": {"line": 0, "character": 0}, "newName": 5}),
        ("textDocument/rename", {"textDocument": {"uri": {"x": CANARY}}, "position": {"line": 0, "character": 0}, "newName": "x"}),
        *(
            ("textDocument/rename", {"textDocument": uri, "position": {"line": bad, "character": 0}, "newName": "x"})
            for bad in (-1, 2**31, 2**53, 10**30, 1.5, "0", None, True, [0])
        ),
        ("textDocument/inlineCompletion", {}),
        ("textDocument/inlineCompletion", {**place(URI, 0, 0), "context": {"triggerKind": 99}}),
        ("textDocument/codeAction", {"textDocument": uri, "range": area, "context": 5}),
        ("textDocument/prepareRename", {"textDocument": uri}),
        ("codeAction/resolve", {"title": "x", "data": {"uri": URI, "range": CANARY}}),
        ("codeAction/resolve", {"title": "x"}),
        *(("seed/rewrite", bad) for bad in (None, 5, {}, {"textDocument": 3}, {"textDocument": uri, "range": {"start": {}}})),
        *(
            ("seed/rewrite", {"textDocument": {"uri": URI, "version": bad}, "range": area, "instruction": "x"})
            for bad in ("1", 1.5, 10**30, [])
        ),
        *(
            ("textDocument/copilotInlineEdit", bad)
            for bad in (None, {}, {"textDocument": {"uri": 5}}, {"textDocument": {"uri": URI, "version": "x"}})
        ),
        ("workspace/executeCommand", {}),
        ("workspace/executeCommand", command("seed.no.such")),
        ("workspace/executeCommand", {"command": "seed.usage", "arguments": 5}),
        ("workspace/executeCommand", command("seed.usage", 1)),
        *(
            ("workspace/executeCommand", {"command": name, **arguments})
            for name in (
                "seed.completionAccepted",
                "seed.nextEditAccepted",
                "seed.nextEditDismissed",
                "seed.editSelection",
                "seed.refactor",
            )
            for arguments in (
                {},
                {"arguments": None},
                {"arguments": []},
                {"arguments": [CANARY]},
                {"arguments": [1, 2]},
                {"arguments": [{"uri": URI}]},
            )
        ),
        *(
            ("workspace/executeCommand", {"command": name, **arguments})
            for name in (
                "seed.renameAndUpdateCallSites",
                "seed.changeSignature",
                "seed.suggestNames",
                "seed.signatureOf",
                "seed.fetchModel",
            )
            for arguments in ({}, {"arguments": [5]}, {"arguments": [{"uri": URI, "position": {"line": -1, "character": 0}}]})
        ),
    ]
    for method, params in wrong:
        code, words = wire.error(method, params)
        assert code == PARAMS, (method, params, words)
        assert words
        assert CANARY not in words
    infinite = json.dumps({"jsonrpc": "2.0", "id": 5000, "method": "seed/rewrite", "params": {"textDocument": uri, "range": area}})
    for bad in ("Infinity", "-Infinity", "NaN", "1e999"):
        wire.send_bytes(framed(infinite.replace('"line": 2', f'"line": {bad}').encode()))
        answer = wire.wait(5000)["error"]
        assert answer["code"] == PARAMS
    assert wire.result("textDocument/prepareRename", place(URI, 0, 0))["placeholder"] == "area", "the session goes on"
    assert wire.end() == 0
    assert CANARY not in wire.log
    assert "Traceback" not in wire.log


def test_one_diagnostic_that_is_none_is_left_out(wire: Wire):
    """A malformed diagnostic of another program costs no next edit and no code action."""
    wire.initialize()
    wire.open(URI, "def area(r):\n    return r\n")
    places = [ALL, {"start": {"line": 2**53, "character": 0}, "end": {"line": -1, "character": 0}}, {"start": 5}, None]
    bad = [
        *({"range": one, "message": "m"} for one in places),
        {"range": ALL, "message": 5},
        {"range": ALL, "message": "m", "severity": 77},
        5,
    ]
    asked = {"textDocument": {"uri": URI, "version": 1}, "position": {"line": 0, "character": 0}, "context": {"diagnostics": bad}}
    assert wire.result("textDocument/copilotInlineEdit", asked) == {"edits": []}
    actions = wire.result("textDocument/codeAction", {"textDocument": {"uri": URI}, "range": ALL, "context": {"diagnostics": bad}})
    assert [action["title"] for action in actions][:1] == ["Seed: Simplify with the model"]


def test_no_answer_of_the_client_leaves_a_request_waiting(wire: Wire):
    """An answer of a wrong shape ends the request that waited for it, and no other."""
    wire.initialize()
    wire.open(URI, "def f():\n    return 1\n")
    selection = {"uri": URI, "range": ALL, "instruction": "replace 1=>2"}
    number = wire.start("workspace/executeCommand", command("seed.editSelection", selection))
    for foreign in (number, "unknown", None, [1]):
        wire.send({"jsonrpc": "2.0", "id": foreign, "result": 5})
    while not any(note["method"] == "workspace/applyEdit" for note in wire.notes):
        message = wire._incoming.get(timeout=LIMIT_S)
        wire.notes.append(message)
    wire.send({"jsonrpc": "2.0", "id": message["id"], "result": {"applied": [CANARY]}})
    assert wire.wait(number)["error"]["message"].startswith("the editor did not apply the edit")


def test_a_file_that_is_opened_while_names_are_looked_for(wire: Wire, editor: str, tmp_path: Path):
    """No edit is made for a text on the disk while the editor shows another one.

    Such an edit would name no version.
    """
    (tmp_path / "a.py").write_text("area = 1\n")
    (tmp_path / "b.py").write_text("from a import area\n")
    a, b = ((tmp_path / name).as_uri() for name in ("a.py", "b.py"))
    wire.initialize(editor, rootUri=tmp_path.as_uri())
    wire.open(a, "area = 1\n")
    asked = {"jsonrpc": "2.0", "id": 100, "method": "textDocument/rename", "params": {**place(a, 0, 0), "newName": "disk"}}
    item = {"uri": b, "languageId": "python", "version": 1, "text": "import os\nfrom a import area\n"}
    opened = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}}
    wire.send_bytes(framed(asked) + framed(opened))
    assert wire.wait(100)["error"]["code"] == STALE
    edit = wire.result("textDocument/rename", asked["params"])
    assert {change["textDocument"]["uri"]: change["textDocument"]["version"] for change in edit["documentChanges"]} == {a: 1, b: 1}


def test_edits_of_a_text_that_is_gone(wire: Wire, editor: str):
    """A document that is closed and opened again may have the old version, but another text.

    Edits for the old text are not applied.
    """
    wire.initialize(editor)
    wire.open(URI, "def amount():\n    return 1\n")
    asked = {"textDocument": {"uri": URI, "version": 1}, "range": ALL, "instruction": "wait return 1=>return 3"}
    selection = {"uri": URI, "range": ALL, "instruction": "wait return 1=>return 3"}
    for method, params in (("seed/rewrite", asked), ("workspace/executeCommand", command("seed.editSelection", selection))):
        wire.notes.clear()
        number = wire.start(method, params)
        while not any(note["method"] == "didChangeStatus" and note["params"]["busy"] for note in wire.notes):
            wire.next()
        wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        wire.open(URI, "x = 1\n" * 3)
        assert wire.wait(number)["error"]["code"] == STALE
        assert not any(note["method"] == "workspace/applyEdit" for note in wire.notes)
        wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        wire.open(URI, "def amount():\n    return 1\n")
    wire.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": "x = 1 #wait"}]})
    number = wire.start("textDocument/inlineCompletion", {**place(URI, 0, 11), "context": {"triggerKind": 1}})
    wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    wire.open(URI, "x = 1\n" * 3)
    answer = wire.wait(number)
    assert answer.get("result", answer) == {"items": []}, "it was made for the text before"


@pytest.mark.parametrize("way", ["seed.editSelection", "seed.refactor", "seed.renameAndUpdateCallSites", "seed.changeSignature"])
def test_no_edit_is_sent_to_an_editor_that_takes_none(wire: Wire, way: str):
    """The edit is refused before the model runs, in our words and not in the client's."""
    wire.initialize(capabilities={})
    wire.open(URI, "def f(a):\n    return 1\n")
    argument = {"uri": URI, "range": ALL, "instruction": "replace 1=>2", "name": "simplify" if way == "seed.refactor" else "g"}
    argument |= {"position": {"line": 0, "character": 4}}
    code, words = wire.error("workspace/executeCommand", command(way, argument))
    assert code == FAILED
    assert "applies no edits" in words
    assert {note["method"] for note in wire.notes} <= {"didChangeStatus", "window/logMessage", "window/showMessage"}


def test_nothing_is_asked_that_was_not_announced(wire: Wire):
    """The server only sends requests that the client announced it would take.

    Any other would come back as an error in the client's words.
    """
    capabilities = {"textDocument": {"completion": {"dynamicRegistration": False}}, "workspace": {"applyEdit": True}}
    wire.initialize(capabilities=capabilities)
    wire.notify("workspace/didChangeConfiguration", {"settings": {"seed": {"completion": {"enabled": True}}}})
    wire.open(URI, "#say size \ndef f():\n    return 1\n")
    argument = {"uri": URI, "position": {"line": 1, "character": 4}}
    code, words = wire.error("workspace/executeCommand", command("seed.renameAndUpdateCallSites", argument))
    assert (code, "cannot ask" in words) == (FAILED, True)
    assert wire.result("workspace/executeCommand", command("seed.editSelection", {"uri": URI, "range": ALL, "instruction": "replace 1=>2"}))
    assert {note["method"] for note in wire.notes if "id" in note} == {"workspace/applyEdit"}
    assert any("completion" in note["params"]["message"] for note in wire.notes if note["method"] == "window/showMessage")


def test_the_log_holds_nothing_of_the_users(wire: Wire, tmp_path: Path):
    """The log has no words of refusals or documents, for well-formed and malformed requests."""
    wire.initialize()
    uri = (tmp_path / "a.py").as_uri()
    text = f"import {CANARY}_m\n\n\ndef {CANARY}_f():\n    return {CANARY}_m.x\n"
    wire.open(uri, text)
    wire.error("textDocument/rename", {**place(uri, 4, 11), "newName": f"{CANARY}_n"})
    wire.error("textDocument/rename", {**place(uri, 3, 5), "newName": f"{CANARY} no name"})
    item = {"uri": f"file:///{CANARY}", "languageId": 5, "version": "x", "text": text}
    for more in (
        {},
        {"jsonrpc": "1.0"},
        {"id": [CANARY]},
        {"id": 9999},
        {"method": 5},
        {"method": CANARY},
        {"params": CANARY},
        {"params": [text]},
    ):
        wire.send({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}, **more})
    changes = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"range": {"start": CANARY}, "text": text}]}
    wire.notify("textDocument/didChange", changes)
    wire.notify(
        "textDocument/didChange", {"textDocument": {"uri": f"file:///{CANARY}.py", "version": 2}, "contentChanges": [{"text": text}]}
    )
    wire.notify("$/cancelRequest", {"id": CANARY})
    wire.notify("$/cancelRequest", {"id": [CANARY]})
    wire.notify("window/workDoneProgress/cancel", {"token": CANARY})
    wire.notify(f"{CANARY}/unknown", {"text": text})
    wire.send_bytes(f"{CANARY}: 5\r\n".encode())
    selection = {"uri": uri, "range": ALL, "instruction": f"broken {CANARY}"}
    wire.error("workspace/executeCommand", command("seed.editSelection", selection))
    assert wire.end() == 0
    assert CANARY not in wire.log
    assert len(wire.log) < 5000


def test_a_change_that_is_lost_closes_its_document(wire: Wire):
    """The document is closed, since later changes would be applied to a wrong text.

    Other documents are not affected.
    """
    wire.initialize()
    wire.open(URI, "area = 1\n")
    wire.open(f"{URI}i", "area = 1\n")
    start = {"line": 0, "character": 0}
    bad = {"range": {"start": start, "end": {"line": -1, "character": 0}}, "text": "new = 2\n"}
    wire.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [bad]})
    code, words = wire.error("textDocument/prepareRename", place(URI, 0, 0))
    assert (code, words) == (FAILED, "a.py is not open in the editor; open it and try again")
    assert wire.result("textDocument/prepareRename", place(f"{URI}i", 0, 0))["placeholder"] == "area"
    wire.open(URI, "new = 2\narea = 1\n", 3)
    assert wire.result("textDocument/prepareRename", place(URI, 0, 0))["placeholder"] == "new"


@pytest.mark.parametrize("identifier", [{"uri": URI}, {"uri": URI, "version": None}])
def test_a_change_without_a_version_counts(wire: Wire, identifier: dict[str, Any]):
    """A change without a version reaches the server's text, so that it stays the editor's."""
    wire.initialize()
    wire.open(URI, "area = 1\n")
    wire.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": "new = 2\n"}]})
    assert wire.result("textDocument/prepareRename", place(URI, 0, 0))["placeholder"] == "new"


def test_a_version_without_a_change_counts(wire: Wire):
    """An edit names the newest version, as an editor refuses edits for an older one."""
    wire.initialize()
    wire.open(URI, "area = 1\n")
    wire.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": []})
    edit = wire.result("textDocument/rename", {**place(URI, 0, 0), "newName": "disk"})
    assert [change["textDocument"]["version"] for change in edit["documentChanges"]] == [2]


def test_a_file_that_is_too_large_is_refused_in_words(wire: Wire):
    """Parsing such a file would take seconds in which no key is answered."""
    wire.initialize()
    text = "value = compute(1, 'abc')\n" * 50_000
    wire.open(URI, text)
    area = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
    wish = {"textDocument": {"uri": URI, "version": 1}, "range": area, "instruction": "replace 1=>2"}
    code, words = wire.error("seed/rewrite", wish)
    assert (code, words) == (FAILED, "the file is too large: code is rewritten in files of up to 1,000,000 characters")
    at = {"start": area["start"], "end": area["start"]}
    assert wire.result("textDocument/codeAction", {"textDocument": {"uri": URI}, "range": at, "context": {"diagnostics": []}}) == []
    wire.open(f"{URI}i", "x = 1\n" * 40_000)
    for uri in (URI, f"{URI}i"):
        place_there = {"textDocument": {"uri": uri, "version": 1}, "position": area["start"]}
        assert wire.result("textDocument/copilotInlineEdit", place_there) == {"edits": []}
    assert wire.result("workspace/executeCommand", command("seed.completionStatistics"))["next_edit"] == {"too_large": 2}
