"""Prompts as token ids: what is read is what was written.

What is no such file is refused in clear words.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from engine.api import SamplingOptions
from engine.engine import Engine
from engine.training import token_prompts
from engine.training.answers import LONGEST_PROMPT
from engine.training.corpus import PROMPTS, TrainingPrompt
from engine.training.token_prompts import (
    Ending,
    TokenPrompt,
    TokenPromptsError,
    encode_prompts,
    read_token_prompts,
    write_token_prompts,
)

CHAT = Ending(frozenset({151645, 151643}), ("\n```",))
HOLE = Ending(frozenset({7}), ())
SOME = [
    TokenPrompt(4, "generation", False, [151644, 0, 3], [], CHAT),
    TokenPrompt(0, "edit", True, [5] * 300, [5] * 200 + [9], CHAT),
    TokenPrompt(70_000, "infill", False, [1], [], HOLE),
]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.npz"
    write_token_prompts(path, SOME)
    return path


@pytest.mark.parametrize("prompts", [SOME, SOME[:1], []], ids=len)
def test_what_is_read_is_what_was_written(tmp_path, prompts):
    """Every field comes back as it was, in the same order, and the folder holds nothing else."""
    path = tmp_path / "prompts.npz"
    write_token_prompts(path, prompts)
    assert read_token_prompts(path) == prompts
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_prompts_give_the_same_file(written, tmp_path):
    """A file can be compared by its hash."""
    write_token_prompts(tmp_path / "again.npz", SOME)
    assert (tmp_path / "again.npz").read_bytes() == written.read_bytes()


def test_what_an_edit_repeats_costs_little(tmp_path):
    """An edit's old code, which its prompt holds already, adds less than a tenth of the prompt's
    bytes.
    """
    rng = np.random.default_rng(0)
    sizes = []
    for repeats in (False, True):
        prompts = [
            TokenPrompt(i, "edit", False, tokens, tokens[50:550] if repeats else [], CHAT)
            for i, tokens in enumerate(rng.integers(0, 150_000, (40, 600)).tolist())
        ]
        write_token_prompts(tmp_path / "prompts.npz", prompts)
        sizes.append((tmp_path / "prompts.npz").stat().st_size)
    assert sizes[1] < 1.1 * sizes[0]


def test_a_file_that_is_too_large_does_not_appear(written, monkeypatch):
    """The limit is told with the way out, and what was there before stays."""
    monkeypatch.setattr(token_prompts, "MAX_BYTES", 100)
    before = written.read_bytes()
    with pytest.raises(TokenPromptsError, match="--count"):
        write_token_prompts(written, SOME)
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(written, share):
    """A transfer that broke off names the file in an error, and never gives some of the prompts."""
    data = written.read_bytes()
    written.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TokenPromptsError, match=r"prompts\.npz"):
        read_token_prompts(written)


def test_damage_anywhere_is_refused(written):
    """A bit that turned over gives the same prompts or an error of ours, and no other error."""
    data = written.read_bytes()
    for place in range(len(data)):
        written.write_bytes(data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :])
        try:
            found = read_token_prompts(written)
        except TokenPromptsError:
            continue
        assert found == SOME


def changed(data: bytes, **arrays: np.ndarray) -> bytes:
    found = {**np.load(io.BytesIO(data)), **arrays}
    file = io.BytesIO()
    np.savez_compressed(file, **{name: array for name, array in found.items() if array is not None})
    return file.getvalue()


def header(data: bytes, **fields) -> np.ndarray:
    found = json.loads(np.load(io.BytesIO(data))["header"].tobytes())
    return np.frombuffer(json.dumps({**found, **fields}).encode(), dtype=np.uint8)


def as_npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: changed(data, header=header(data, version=2)), "of version 2"),
        (lambda data: changed(data, tokens=None), "no file of prompts"),
        (lambda data: changed(data, tokens=np.zeros(3, np.uint32)), "tokens together"),
        (lambda data: changed(data, kind=np.zeros(2, np.uint8)), "no file of prompts"),
        (lambda data: changed(data, ending=np.full(3, 9, np.uint16)), "no file of prompts"),
        (lambda data: changed(data, header=np.frombuffer(b"[1]", np.uint8)), "no file of prompts"),
        (lambda data: changed(data, tokens=np.array([None, "x"], dtype=object)), "no file of prompts"),
        (lambda _data: as_npy(np.zeros(3)), "no file of prompts"),
        (lambda _data: as_npy(np.array([None], dtype=object)), "no file of prompts"),
        (lambda _data: b'{"prompts": []}', "no file of prompts"),
    ],
    ids=["version", "array missing", "lengths", "counts", "ending", "header", "objects inside", "array", "objects", "JSON"],
)
def test_what_is_no_such_file_is_refused(written, spoil, reason: str):
    """Each kind of wrong content has an error that says what is wrong.

    Objects, whose reading could run code, are never read.
    """
    written.write_bytes(spoil(written.read_bytes()))
    with pytest.raises(TokenPromptsError, match=reason):
        read_token_prompts(written)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    """The error names the path and the system's reason."""
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(TokenPromptsError, match="cannot read"):
            read_token_prompts(path)


@pytest.fixture
def engine(tiny_folder: Path) -> Engine:
    return Engine.load(str(tiny_folder), device="cpu", dtype="float32")


def a_corpus() -> list[TrainingPrompt]:
    edits = [TrainingPrompt("edit", "rename", f"e{i}", "rename a to b", f"a = {i}\n", held_out=i == 0) for i in range(4)]
    holes = [TrainingPrompt("infill", "line", f"h{i}", prefix="x = ", suffix=f"\n{i}\n", middle="1") for i in range(2)]
    return [
        *edits,
        *holes,
        TrainingPrompt("generation", "code", "g0", "Write f."),
        TrainingPrompt("infill", "line", "h2", prefix="x" * 9_999),
    ]


def test_prompts_are_those_of_the_engine_in_turn_by_kind(engine):
    """A prompt file stands for what the engine would make of the corpus.

    What is too long is left out, and nothing else.
    """
    corpus = a_corpus()
    found = list(encode_prompts(engine.prompt_of, corpus))
    assert [prompt.kind for prompt in found] == ["generation", "edit", "infill", "edit", "infill", "edit", "edit"]
    assert sorted(prompt.index for prompt in found) == list(range(7))
    for prompt in found:
        asked = corpus[prompt.index]
        expected = engine.prompt_of(asked.request(SamplingOptions()))
        assert (prompt.kind, prompt.held_out) == (asked.kind, asked.held_out)
        assert (prompt.tokens, prompt.old) == (expected.tokens, list(expected.old))
        assert prompt.ending == Ending(expected.stop_tokens, expected.stop_strings)
        assert len(prompt.tokens) <= LONGEST_PROMPT


def test_a_count_counts_what_is_learnt_from(engine):
    """So many prompts to learn from are there, whatever the share that is held out."""
    found = list(encode_prompts(engine.prompt_of, a_corpus(), 3))
    assert [prompt.held_out for prompt in found].count(False) == 3


def test_the_command_writes_the_file(tiny_folder, tmp_path, monkeypatch, capsys):
    """The command leads from a corpus's folder to the file, and tells what is in it.

    Without a corpus it says what to run.
    """
    output = tmp_path / "out.npz"
    monkeypatch.setattr(sys, "argv", ["token_prompts", str(tmp_path), str(output), "--model", str(tiny_folder), "--count", "4"])
    with pytest.raises(SystemExit, match=r"engine\.training\.corpus"):
        token_prompts.main()
    (tmp_path / PROMPTS).write_text("".join(json.dumps(asdict(prompt)) + "\n" for prompt in a_corpus()), encoding="utf-8")
    token_prompts.main()
    found = read_token_prompts(output)
    told = json.loads(capsys.readouterr().err)
    assert told["prompts"] == len(found) == 5
    assert told["bytes"] == output.stat().st_size
    assert told["edit, held out"] == 1


MISSING = ("cattrs", "jedi", "libcst", "lsprotocol", "platformdirs", "pygls", "rapidfuzz", "tree_sitter", "tree_sitter_python", "unidiff")


@pytest.mark.parametrize("module", ["engine.model.pieces", "engine.training.token_prompts", "engine.training.timed"])
@pytest.mark.slow
def test_a_lent_machine_needs_none_of_the_servers_packages(module: str):
    """A training run there imports nothing but torch and what is usual beside it.

    Such a machine has no network.
    """
    block = f"import sys; sys.modules.update(dict.fromkeys({MISSING!r}))"
    subprocess.run([sys.executable, "-c", f"{block}; import {module}"], check=True)
