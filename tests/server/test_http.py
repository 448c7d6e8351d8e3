"""The loopback endpoint: who is let in, what is refused, and what a client gets.

The engine process is real and follows a script.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

import pytest

from benchmarks.robustness import scripted
from seed_lsp.server import http_endpoint
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.settings import Settings

TOKEN = "a-token"


@pytest.fixture(scope="module")
def port():
    completions = http_endpoint.Completions(Settings(model="scripted"), EngineClient(entry=scripted.worker))
    server = http_endpoint.make_server(completions, TOKEN, "scripted")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()
    completions.close()


def ask(port: int, body: Any, path: str = "/v1/completions", method: str = "POST", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {"Authorization": f"Bearer {TOKEN}", **headers})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "x = ", "suffix": "\ny = 2\n", "max_tokens": 16},
        {"prompt": "<|fim_prefix|>x = <|fim_suffix|>\ny = 2\n<|fim_middle|>"},
        {"prompt": "x = "},
        {"prompt": "#\ud800\nx = "},
    ],
)
def test_a_completion(port: int, body: dict[str, Any]):
    """A prompt is completed with a suffix, with the model's marks as Zed writes them, or alone."""
    status, found = ask(port, body)
    assert status == 200
    assert found["object"] == "text_completion"
    assert found["choices"] == [{"index": 0, "text": "scripted_value()", "finish_reason": "stop", "logprobs": None}]
    assert found["usage"] == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def test_the_filters_hold_here_too(port: int):
    """A text that an editor would not be shown is not shown to a client either."""
    assert ask(port, {"prompt": "#say )", "suffix": ")\n"})[1]["choices"][0]["text"] == ""


def test_a_client_that_leaves_takes_its_request_back(port: int):
    """A request is dropped with its connection, as editors drop one with each key.

    The next request would otherwise wait for what nobody wants any more.
    """
    gone = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    gone.request("POST", "/v1/completions", json.dumps({"prompt": "#slow "}), {"Authorization": f"Bearer {TOKEN}"})
    started = time.monotonic()
    waiting = threading.Timer(0.5, gone.close)
    waiting.start()
    assert ask(port, {"prompt": "x = "})[0] == 200
    assert time.monotonic() - started < 10
    waiting.join()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": ""}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
def test_who_is_not_let_in(port: int, headers: dict[str, str], status: int):
    """Nobody gets in with no token, a wrong token, another host name, or from a web page."""
    found, body = ask(port, {"prompt": "x = "}, **headers)
    assert found == status
    assert "choices" not in body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"no json", "no JSON"),
        ([], "no JSON object"),
        ({}, "must be strings"),
        ({"prompt": 3}, "must be strings"),
        ({"prompt": "x", "max_tokens": 100_000}, "max_tokens"),
        ({"prompt": "x", "max_tokens": True}, "max_tokens"),
        (b'{"prompt": "x", "max_tokens": NaN}', "max_tokens"),
        (b'{"prompt": "x", "max_tokens": 1e999}', "max_tokens"),
        ({"prompt": "x", "stream": True}, "stream"),
    ],
)
def test_bad_requests_say_what_to_change(port: int, body: Any, words: str):
    """A bad request is refused in words that name what to change."""
    status, found = ask(port, body)
    assert status == 400
    assert words in found["error"]["message"]


def test_a_body_that_is_too_large_is_not_read(port: int):
    """A client cannot fill the memory with a large body."""
    status, _ = ask(port, {"prompt": "x"}, **{"Content-Length": str(http_endpoint.MAX_BYTES + 1)})
    assert status == 400


def test_models_and_other_paths(port: int):
    """A client can list the models, and unknown paths are not found."""
    assert ask(port, {}, "/v1/models", "GET")[1]["data"][0]["id"] == "scripted"
    assert ask(port, {}, "/v1/chat/completions")[0] == 404


def test_a_missing_model_is_told(port: int):
    """A client is told which command fetches the missing model."""
    status, found = ask(port, {"prompt": "#missing "})
    assert status == 503
    assert "model fetch" in found["error"]["message"]


def test_it_listens_on_this_machine_alone(port: int):
    """Nobody on another machine can reach the endpoint."""
    assert http_endpoint.HOST == "127.0.0.1"
