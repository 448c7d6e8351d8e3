"""The server process: it starts fast, without torch, with clean streams, and ends when told."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient

from tests.server.conftest import make_client, start

pytestmark = pytest.mark.process

INITIALIZE_LIMIT_S = 0.5


def message(payload: dict) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **payload}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def read_message(stream) -> dict:
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(stream.read(length))


INITIALIZE = {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}}


def serve() -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "seed_lsp", "serve", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_the_server_never_imports_torch():
    """No module of seed_lsp, once imported, has loaded torch or transformers."""
    code = (
        "import importlib, pkgutil, sys, seed_lsp\n"
        "names = [m.name for m in pkgutil.walk_packages(seed_lsp.__path__, 'seed_lsp.') if m.name != 'seed_lsp.__main__']\n"
        "assert len(names) > 15, names\n"
        "for name in names: importlib.import_module(name)\n"
        "loaded = {'torch', 'transformers', 'safetensors', 'tokenizers'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_initialize_is_answered_within_half_a_second():
    """The median of seven starts, from the start of the process to the answer.

    If importing the protocol's types alone takes longer than usual, twice that time is allowed.
    """
    seconds, floor = [], []
    for _ in range(7):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import lsprotocol.types"], check=True)
        floor.append(time.perf_counter() - started)
        started = time.perf_counter()
        with serve() as process:
            process.stdin.write(message(INITIALIZE))
            process.stdin.flush()
            answer = read_message(process.stdout)
            seconds.append(time.perf_counter() - started)
            assert answer["result"]["capabilities"]["inlineCompletionProvider"] is not None
            process.kill()
    print(f"initialize: {[round(s, 3) for s in seconds]}, importing the types: {[round(s, 3) for s in floor]}")
    assert statistics.median(seconds) < max(INITIALIZE_LIMIT_S, 2 * statistics.median(floor))


def test_shutdown_and_exit_end_the_process():
    """The process ends with status 0 when the editor ends it."""
    with serve() as process:
        process.stdin.write(message(INITIALIZE) + message({"id": 2, "method": "shutdown"}) + message({"method": "exit"}))
        process.stdin.flush()
        assert process.wait(10) == 0


def test_a_closed_stream_ends_the_process():
    """An editor that crashes leaves no server behind."""
    with serve() as process:
        process.stdin.write(message(INITIALIZE))
        process.stdin.flush()
        read_message(process.stdout)
        process.stdin.close()
        process.wait(10)


SERVER = ClientServerConfig(server_command=[sys.executable, "-m", "seed_lsp", "serve"], client_factory=make_client)


@pytest_lsp.fixture(config=SERVER)
async def real_client(lsp_client: LanguageClient):
    yield
    await lsp_client.shutdown_session()


async def test_the_real_engine_process_with_a_small_random_model(real_client: LanguageClient, tiny_folder):
    """Server, pipe, worker, torch and sampler work together, with nothing scripted.

    The weights are random, so the texts are not checked.
    """
    settings = {"model": str(tiny_folder), "inline": {"maxTokens": 12}, "edit": {"maxTokens": 32}}
    editor = await start(real_client, "visual_studio_code", settings)
    editor.open("def f():\n    return 1\n")
    items = await editor.complete()
    assert "inline completion: " in editor.logged()
    assert all(isinstance(item, types.InlineCompletionItem) for item in items)
    with pytest.raises(JsonRpcException, match=r"longer than 32 tokens|does not parse|no change|no code|invisible"):
        await editor.edit("return 1", "Return 2.")
    assert editor.buffer.text == "def f():\n    return 1\n"


async def test_a_missing_model_is_said_once_while_typing(real_client: LanguageClient, tmp_path, monkeypatch):
    """While the user types, a missing model is told once, with the command that helps."""
    editor = await start(real_client, "neovim", {"model": str(tmp_path)})
    editor.open("x = ")
    for _ in range(3):
        assert await editor.complete(automatic=True) == []
    assert editor.shown().count("config.json") == 1
    with pytest.raises(JsonRpcException, match=r"config\.json"):
        await editor.edit("x = ", "Do it.")


@pytest.mark.parametrize("kind", ["a home folder of nobody", "a named pipe", "weights that are a named pipe"])
async def test_a_model_that_can_never_be_loaded_is_told_at_once(kind: str, real_client: LanguageClient, tiny_folder, tmp_path):
    """The error is told at once, and code actions are listed all the same.

    With another model in the settings the next request works.
    """
    model = tmp_path / "model.gguf"
    if kind == "a named pipe":
        os.mkfifo(model)
    elif kind == "weights that are a named pipe":
        model = Path(shutil.copytree(tiny_folder, tmp_path / "model"))
        (model / "model.safetensors").unlink()
        os.mkfifo(model / "model.safetensors")
    else:
        model = Path("~nosuchuser/model.gguf")
    editor = await start(real_client, "neovim", {"model": str(model)})
    editor.open("value = 1\n")
    assert isinstance(await editor.actions(editor.selection("value = 1")), list)
    with pytest.raises(JsonRpcException, match=r"named pipe|no \.gguf file|home folder"):
        await asyncio.wait_for(editor.edit("value = 1", "Do it."), 30)
    real_client.set_configuration({"seed": {"model": str(tiny_folder), "inline": {"maxTokens": 4}}})
    real_client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
    assert isinstance(await asyncio.wait_for(editor.complete(), 60), list)
