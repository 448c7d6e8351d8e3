"""Several short runs from one file, each with what it changes."""

from __future__ import annotations

import pytest

from engine.training import ablations
from engine.training.config import ConfigError

CONFIG = """
[run]
model = "{model}"
answers = "{answers}"
folder = "out"
rank = 4
block_size = 4
rows = 60
held_out_texts = 4
[[stage]]
kind = "mask"
steps = 2
learning_rate = 1e-3
[[variant]]
name = "plain"
[[variant]]
name = "wider"
run.rank = 8
stage.kind = "edit"
"""


@pytest.fixture
def config(tmp_path, tiny_folder, answers):
    path = tmp_path / "ablations.toml"
    path.write_text(CONFIG.format(model=tiny_folder, answers=answers), encoding="utf-8")
    return path


def test_each_variant_changes_what_it_says(config):
    (plain, first), (wider, second) = ablations.variants(config)
    assert (plain, first.rank, first.stages[0].kind) == ("plain", 4, "mask")
    assert (wider, second.rank, second.stages[0].kind) == ("wider", 8, "edit")
    assert (first.folder.name, second.folder.name) == ("plain", "wider")
    assert first.folder.parent == second.folder.parent == config.parent.resolve() / "out"


def test_every_variant_runs_and_has_a_line(config, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ablations", str(config)])
    ablations.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines] == ["| variant", "|---" * 9 + "|", "| plain", "| wider"]
    assert {line.count("|") for line in lines} == {10}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"wider"', '"plain"', "each its own"),
        ('"wider"', '"../wider"', "name of a folder"),
        ("run.rank", "runs.rank", "unknown settings runs"),
        ("run.rank = 8", "run.ranks = 8", "unknown settings ranks"),
        ("[[variant]]", "[[variants]]", "unknown tables variants"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_runs(config, old, new, message):
    config.write_text(config.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        list(ablations.variants(config))
