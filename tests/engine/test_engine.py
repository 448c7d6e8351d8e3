"""The engine's door, on a small random model.

Requests go in, events come out, and the cache stays between requests.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.api import (
    Committed,
    Draft,
    EditRequest,
    Finished,
    GenerateRequest,
    InfillRequest,
    InvalidRequestError,
    ModelUnavailableError,
    SamplingOptions,
)
from engine.engine import Engine
from engine.store import Store


@pytest.fixture(scope="module")
def engine(tiny_folder) -> Engine:
    return Engine.load(str(tiny_folder), device="cpu", dtype="float32")


def last(engine: Engine, request) -> Finished:
    *_, finished = engine.run(request)
    assert isinstance(finished, Finished)
    return finished


@pytest.mark.parametrize("mode", ["verified", "diffusion", "autoregressive"])
def test_every_request_in_every_mode_ends_with_one_finished(engine, mode):
    options = SamplingOptions(mode=mode, max_new_tokens=24, block_size=8)
    for request in (
        InfillRequest(1, "t", options, prefix="def f():\n    ", suffix="\n"),
        EditRequest(2, "t", options, before="", region="x = 1\n", after="", instruction="Rename x."),
        GenerateRequest(3, "t", options, prompt="hello", system="be brief"),
    ):
        events = list(engine.run(request))
        assert [type(event) for event in events].count(Finished) == 1
        finished = events[-1]
        assert (finished.id, finished.mode, finished.device, finished.dtype) == (request.id, mode, "cpu", "float32")
        assert 0 < finished.new_tokens <= 24
        assert finished.forwards > 0
        assert finished.peak_memory_bytes > 1e6
        assert all(isinstance(event, Draft | Committed) for event in events[:-1])


def test_verified_and_autoregressive_agree_through_the_whole_engine(engine):
    texts = []
    for mode in ("verified", "autoregressive"):
        engine.forget()
        options = SamplingOptions(mode=mode, max_new_tokens=48)
        texts.append(last(engine, EditRequest(1, "t", options, before="", region="a = b\nc = d\n", after="", instruction="Swap.")).text)
    assert texts[0] == texts[1]


def test_the_next_request_reuses_the_common_prefix(engine):
    """Typing one more character costs the rows behind the change.

    The text is that of a fresh start.
    """
    engine.forget()
    options = SamplingOptions(max_new_tokens=8)
    first = last(engine, InfillRequest(1, "t", options, prefix="import os\nx = ", suffix="\n"))
    again = last(engine, InfillRequest(2, "t", options, prefix="import os\nx = o", suffix="\n"))
    assert first.reused_tokens == 0
    assert again.reused_tokens == 1 + len("import os\nx = ")
    engine.forget()
    fresh = last(engine, InfillRequest(3, "t", options, prefix="import os\nx = o", suffix="\n"))
    assert (fresh.text, fresh.reused_tokens) == (again.text, 0)


def test_typing_keeps_its_rows_while_other_requests_run(engine):
    """A next edit in between costs the next key nothing.

    With more prompts than caches the oldest gives way.
    """
    engine.forget()
    options = SamplingOptions(max_new_tokens=4)

    def ask(prefix: str) -> int:
        return last(engine, InfillRequest(1, "t", options, prefix=prefix, suffix="\n")).reused_tokens

    typed = "import os\nimport sys\nimport json\nx = "
    texts = [typed, "class A:\n    def method(self):\n        ", "while True:\n    try:\n        go()\n    except "]
    for text in texts:
        ask(text)
    assert [ask(text + "o") for text in texts] == [1 + len(text) for text in texts]
    ask("something else entirely, and long enough to count")
    assert ask(texts[2] + "os") > len(texts[2])
    assert ask(typed + "os") < len(typed), "used longest ago"


def test_a_cancelled_request_does_not_spoil_the_next(engine):
    options = SamplingOptions(max_new_tokens=30)
    request = InfillRequest(1, "t", options, prefix="abc", suffix="")
    engine.forget()
    expected = last(engine, request).text
    steps = iter(range(100))
    *_, cancelled = engine.run(request, lambda: next(steps) > 4)
    assert cancelled.finish_reason == "cancelled"
    assert last(engine, request).text == expected


def test_an_abandoned_request_does_not_spoil_the_next(engine):
    """Rows of no known text are not reused.

    A caller that stops listening half way leaves such rows in the cache.
    """
    options = SamplingOptions(max_new_tokens=30)
    request = InfillRequest(1, "t", options, prefix="abc", suffix="")
    engine.forget()
    expected = last(engine, request).text
    events = engine.run(request)
    next(events)
    events.close()
    assert last(engine, request).text == expected


def test_other_answers_of_an_edit_do_not_spoil_the_next(engine):
    """They come with the likeliest one, which is the same as without them."""
    options = SamplingOptions(max_new_tokens=30)
    plain = EditRequest(1, "t", options, before="", region="a = b\n", after="", instruction="Mend it.")
    engine.forget()
    expected = last(engine, plain)
    found = last(engine, replace(plain, alternatives=3))
    assert (found.text, expected.alternatives) == (expected.text, ())
    assert last(engine, plain).text == expected.text


def test_too_long_a_prompt_is_refused_with_numbers(engine):
    with pytest.raises(InvalidRequestError, match="4096"):
        last(engine, InfillRequest(1, "t", SamplingOptions(), prefix="x" * 5000, suffix=""))


def test_a_model_without_an_adapter_has_no_diffusion_mode(engine):
    adapter, engine.network.adapter = engine.network.adapter, None
    try:
        with pytest.raises(InvalidRequestError, match="verified or autoregressive"):
            last(engine, GenerateRequest(1, "t", SamplingOptions(mode="diffusion"), prompt="x"))
    finally:
        engine.network.adapter = adapter


def test_a_model_that_is_not_here(tmp_path):
    """The error tells the command that brings it."""
    with pytest.raises(ModelUnavailableError, match=r"seed-lsp model fetch qwen2\.5-coder-1\.5b"):
        Engine.load("1.5b", store=Store(tmp_path))
