"""Training text has whole definitions, honest instructions, no copies and nothing of an evaluation
set.

The same seed gives the same text.
"""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from engine.training import corpus, edit_tasks, tasks
from engine.training.definitions import definitions, fingerprint, parses
from engine.training.overlap import Overlap, evaluation_texts
from engine.training.packages import TABLE, PackageError, Release, SourceFile, fetch, read_table, sources

SOURCE = '''
import os


class Stack:
    """Last in, first out, for the things that a test puts there."""

    def __init__(self):
        self.items = []

    def push(self, item, times=1):
        # Some times.
        for _ in range(times):
            if item is not None and times > 0:
                self.items.append(item)
        return len(self.items)


def size_of(path, default=None):
    """The size in bytes of the file at the given path, or the default where there is none."""
    if not os.path.exists(path):
        return default
    total = os.path.getsize(path)
    return total
'''


@pytest.fixture
def found():
    return {d.name: d for d in definitions(SourceFile("pkg", "1.0", "pkg/a.py", SOURCE))}


def wheel(folder: Path, release_files: dict[str, str]) -> Release:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pkg-1.0.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in release_files.items():
            archive.writestr(name, text)
    return Release("pkg", "1.0", "new", "MIT", hashlib.sha256(path.read_bytes()).hexdigest())


def test_definitions_are_whole_and_flush_left(found):
    assert set(found) == {"Stack", "Stack.push", "size_of"}
    push = found["Stack.push"]
    assert push.text.startswith("def push(self, item, times=1):\n    # Some times.\n")
    assert push.indent == "    "
    again = push.before + "".join("    " + line if line.strip() else line for line in push.text.splitlines(keepends=True)) + push.after
    assert again == SOURCE


@pytest.mark.parametrize("seed", range(60))
def test_a_hole_and_its_statements_make_the_file(found, seed: int):
    """Prefix and suffix are the file around the hole: nothing lost, nothing twice."""
    rng = random.Random(seed)
    hole = tasks.hole(rng.choice(list(found.values())), rng)
    assert hole.how in {"statements", "typed", "line", "span"}
    assert hole.middle.strip()
    assert hole.prefix + hole.middle + hole.suffix == SOURCE


@pytest.mark.parametrize("seed", range(30))
def test_instructions_are_about_code_that_parses(found, seed: int):
    rng = random.Random(seed)
    for instruction in edit_tasks.instructions(found["size_of"], rng):
        assert instruction.text
        assert parses(instruction.code)
        if instruction.how == "mutation":
            assert instruction.code != found["size_of"].text
        else:
            assert instruction.code == found["size_of"].text


@pytest.mark.parametrize(
    ("text", "instruction"),
    [
        ("def f(x):\n    y = '{} of {}'.format(x, 1)\n    z = 2\n    return y\n", "Use f-strings instead of calls of `str.format`."),
        ("def f(x):\n    y = '%s of' % x\n    z = 2\n    return y\n", "Use f-strings instead of the % operator."),
        ("def f(x):\n    y = f'of'\n    z = 2\n    return y\n", "Take the f off strings that need none."),
        ("def f(x):\n    y = []  # type: list[int]\n    z = 2\n    return y\n", "Turn type comments into annotations."),
        ("def f(x):\n    y = x\n    z = 2\n    return y\n", None),
    ],
)
def test_a_codemod_is_asked_for_where_it_would_change_something(text: str, instruction: str | None):
    (definition,) = definitions(SourceFile("p", "1", "a.py", text))
    made = edit_tasks._codemod(definition, random.Random(0))
    assert (made.text if made else None) == instruction


def test_parameters_and_extractions_name_what_is_there(found):
    size_of = found["size_of"]
    asked = {
        edit_tasks._parameter(size_of, random.Random(seed)).text
        for seed in range(20)
        if edit_tasks._parameter(size_of, random.Random(seed))
    }
    assert asked
    assert not any("`default`" in text or "default=" in text for text in asked), "it has a parameter of that name"
    (definition,) = definitions(
        SourceFile("p", "1", "a.py", "def f(x):\n    for y in x:\n        a = y\n        b = a\n        print(b)\n    return 1\n")
    )
    assert "`a = y`" in edit_tasks._extraction(definition, random.Random(0)).text
    assert edit_tasks._extraction(size_of, random.Random(0)) is None, "its blocks are too short"


def test_a_docstring_makes_a_prompt_and_its_body_is_not_in_it(found):
    text = tasks.description(found["size_of"], random.Random(1))
    assert "size in bytes" in text
    assert "getsize" not in text
    assert tasks.description(found["Stack"], random.Random(1)) is None


def test_what_changed_between_releases_is_said(found):
    old = found["size_of"]
    text = old.text.replace("default=None", "default=0").replace("os.path.getsize(path)", "os.stat(path).st_size")
    (new,) = definitions(SourceFile("pkg", "2.0", "pkg/a.py", text))
    instruction = edit_tasks.between_releases(old, new)
    assert "size_of(path, default=0)" in instruction.text
    assert "Do not use `os.path.getsize` any more" in instruction.text
    assert "Use `os.stat`" in instruction.text
    assert instruction.code == old.text
    assert edit_tasks.between_releases(old, old) is None


def test_a_linters_message_is_an_instruction(found):
    """A rule that has a fix for the code gives its own words; each rule at most so often."""
    (definition,) = definitions(SourceFile("p", "1", "a.py", "def f(x):\n    y = not x is None\n    z = 1\n    return y\n"))
    made = list(edit_tasks.linted([definition, definition], most_of_a_rule=1))
    assert len({instruction.how for _, instruction in made}) == len(made) > 0
    assert all(instruction.how.startswith("ruff ") for _, instruction in made)


def test_copies_are_known_by_their_tokens():
    assert fingerprint("def f(a):\n    return a  # here\n") == fingerprint("def f( a ):\n\n    return a\n")
    assert fingerprint("def f(a):\n    return a\n") != fingerprint("def f(a):\n    return b\n")


def test_overlap_is_thirteen_words_in_a_row():
    words = [f"w{i}" for i in range(20)]
    overlap = Overlap([" ".join(words)])
    assert overlap.touches("x " + ", ".join(words[3:16]) + " y")
    assert not overlap.touches(" ".join(words[3:15]))
    assert not overlap.touches(" ".join(reversed(words)))


def test_tests_of_an_evaluation_set_are_not_compared(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"prompt": "one", "tests": "two", "taxonomy": {"x": ["three"]}}) + "\n", encoding="utf-8")
    assert list(evaluation_texts(path)) == ["one", "three"]


def test_a_corpus_leaves_out_copies_and_evaluation_sets_and_is_reproducible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One run and another write the same prompts from a wheel.

    What the evaluation set has is gone.
    """
    data = tmp_path / "data"
    data.mkdir()
    secret = "def secret(a, b, c):\n    " + "\n    ".join(f"total_{i} = a + b * c + {i}" for i in range(12)) + "\n    return total_1\n"
    (data / "set.jsonl").write_text(json.dumps({"reference": secret}) + "\n", encoding="utf-8")
    near = "def near(a):\n    b = a\n    c = b\n    return c\n\n\n" + secret
    files = {
        "pkg/a.py": SOURCE,
        "pkg/copy.py": SOURCE,
        "pkg/leak.py": secret,
        "pkg/near.py": near,
        "tests/test_a.py": SOURCE,
        "pkg/tests/b.py": SOURCE,
    }
    release = wheel(tmp_path / "one" / "wheels", files)
    wheel(tmp_path / "two" / "wheels", files)
    texts = []
    for name in ("one", "two"):
        monkeypatch.setattr(corpus, "print", lambda *_, **__: None, raising=False)
        corpus.make_corpus(tmp_path / name, data, [release], seed=5)
        texts.append((tmp_path / name / corpus.PROMPTS).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    counts = json.loads((tmp_path / "one" / corpus.MANIFEST).read_text(encoding="utf-8"))["counts"]
    assert counts["files, new"] == 4
    assert counts["copies left out"] == 4
    assert counts["overlapping definitions left out"] == 1
    assert counts["overlapping surroundings left out"] == 1
    assert "secret" not in texts[0]
    prompts = corpus.read_prompts(tmp_path / "one" / corpus.PROMPTS)
    held_out = {p.origin for p in prompts if p.held_out}
    assert held_out
    assert not held_out & {p.origin for p in prompts if not p.held_out}


def test_another_file_than_the_tables_is_refused(tmp_path: Path):
    release = wheel(tmp_path, {"pkg/a.py": SOURCE})
    assert [file.path for file in sources(release, fetch(release, tmp_path))] == ["pkg/a.py"]
    with pytest.raises(PackageError, match="SHA-256"):
        fetch(Release("pkg", "1.0", "new", "MIT", "0" * 64), tmp_path)


def test_the_table_is_of_permissive_licences():
    table = read_table(TABLE)
    assert len(table) > 100
    assert all("GPL" not in release.licence for release in table)
    assert Counter(len(release.sha256) for release in table).keys() == {64}


def test_ready_made_instructions_are_sentences():
    assert all(text.endswith(".") for text in edit_tasks.READY_MADE)
