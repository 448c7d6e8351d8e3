"""The architecture: which part may import which (docs/architecture.md)."""

from __future__ import annotations

import pytest

from tests import imports

SOURCE = {"seed_lsp.errors", "seed_lsp.source"}
RENAME = {
    "seed_lsp.features.rename.query",
    "seed_lsp.features.rename.sites",
    "seed_lsp.features.rename.python",
    "seed_lsp.features.rename.signature",
    "seed_lsp.features.rename.other_languages",
    "seed_lsp.features.rename",
}
FEATURES = {"seed_lsp.features.inline", "seed_lsp.features.next_edit", "seed_lsp.features.refactor"} | RENAME
DOORS = {"engine", "engine.api", "engine.store", "engine.files", "engine.fences", "engine.worker"}
"""What the server may import of the engine; none of these modules imports torch.

They hold its requests and events, the models' files, two small modules that both sides use, and the
entry of the worker process.
"""

# From the ground up: each part imports only parts that stand above it in this table.
MAY_IMPORT: dict[str, set[str]] = {
    "engine.api": set(),
    "engine.files": set(),
    "engine.fences": set(),
    "engine.child": set(),
    "engine.config": set(),
    "engine.download": {"engine.child", "engine.files"},
    "engine.store": {"engine.download", "engine.files"},
    "engine.native": set(),
    "engine.model": {"engine.api", "engine.config", "engine.files", "engine.store", "engine.native"},
    "engine.prompts": {"engine.api", "engine.fences", "engine.model"},
    "engine.decoding": {"engine.api", "engine.model"},
    "engine.engine": {"engine.api", "engine.config", "engine.decoding", "engine.model", "engine.native", "engine.prompts", "engine.store"},
    "engine.diagnosis": {"engine.engine", "engine.native"},
    "engine.scheduling": {"engine.api"},
    "engine.worker": {"engine.api", "engine.child", "engine.engine", "engine.scheduling"},
    "engine.evaluation": {
        *("engine.api", "engine.decoding", "engine.download", "engine.engine", "engine.files", "engine.native", "engine.prompts"),
    },
    "engine.training": {
        *("engine.api", "engine.config", "engine.decoding", "engine.engine", "engine.evaluation", "engine.files"),
        *("engine.model", "engine.prompts", "engine.store"),
    },
    "engine": set(),
    "seed_lsp.errors": set(),
    "seed_lsp.source": {"seed_lsp.errors", "engine.files"},
    "seed_lsp.session": {*SOURCE, "engine.api", "engine.files", "engine.store", "engine.worker"},
    "seed_lsp.features.inline": {*SOURCE, "seed_lsp.session", "engine.api"},
    "seed_lsp.features.next_edit": {"seed_lsp.source", "seed_lsp.session", "engine.api", "engine.fences"},
    "seed_lsp.features.refactor": {*SOURCE, "seed_lsp.session", "engine.api", "engine.fences"},
    "seed_lsp.features.rename.query": {"seed_lsp.source"},
    "seed_lsp.features.rename.sites": SOURCE,
    "seed_lsp.features.rename.python": {*SOURCE, "seed_lsp.features.rename.query", "seed_lsp.features.rename.sites"},
    "seed_lsp.features.rename.other_languages": {*SOURCE, "seed_lsp.features.rename.query", "seed_lsp.features.rename.sites"},
    "seed_lsp.features.rename.signature": {*SOURCE, "seed_lsp.features.rename.sites", "seed_lsp.features.rename.python"},
    "seed_lsp.features.rename": {*SOURCE, "seed_lsp.session", "engine.api", *RENAME},
    "seed_lsp.features": set(),
    "seed_lsp": set(),
    "seed_lsp.server": {*SOURCE, *FEATURES, "seed_lsp", "seed_lsp.session", "engine.api", "engine.files", "engine.store"},
    "seed_lsp.cli": {*SOURCE, *FEATURES, *DOORS, "seed_lsp", "seed_lsp.session", "seed_lsp.server"},
    "seed_lsp.__main__": {"seed_lsp.cli"},
}
MAY_IMPORT["benchmarks"] = set(MAY_IMPORT)


def test_every_part_imports_what_the_table_says_and_no_more():
    """Every import between parts is allowed by the table.

    So the server does not reach into the engine, a feature needs no server, and nothing that ships
    needs the benchmarks.
    """
    crossing = imports.between(MAY_IMPORT)
    wrong = {pair: by for pair, by in crossing.items() if pair[1] not in MAY_IMPORT[pair[0]]}
    assert not wrong


def test_what_the_table_allows_is_used():
    """A permission that nothing needs would let a new arrow in unseen."""
    used = imports.graph_of(imports.between(MAY_IMPORT))
    broad = {"seed_lsp.server", "seed_lsp.cli", "benchmarks"}
    unused = {room: allowed - {room, *used.get(room, ())} for room, allowed in MAY_IMPORT.items() if room not in broad}
    assert {room: some for room, some in unused.items() if some} == {}


def test_the_table_has_every_module():
    """No module escapes the table."""
    rooms = {imports.room_of(module, MAY_IMPORT) for module in imports.modules()}
    assert None not in rooms
    # A part that is a whole folder would allow any new module in it; only these few are such parts.
    loose = {module for module in imports.modules() if imports.room_of(module, MAY_IMPORT) in {"engine", "seed_lsp", "seed_lsp.features"}}
    assert loose == {"engine", "seed_lsp", "seed_lsp.features"}


def test_no_arrow_runs_upwards():
    """Each part imports only parts that stand above it in the table."""
    order = list(MAY_IMPORT)
    assert [pair for pair in imports.between(MAY_IMPORT) if order.index(pair[1]) >= order.index(pair[0])] == []


def test_there_are_no_circles():
    """Two modules that import one another can only be understood, and tested, together."""
    assert imports.circles(imports.graph_of(imports.arrows())) == []
    assert imports.circles(imports.graph_of(imports.between(imports.rooms()))) == []


def test_the_server_comes_into_the_engine_by_its_doors():
    """The server imports nothing of the engine but its declared doors."""
    into = {target for source, target in imports.arrows() if source.startswith("seed_lsp") and imports.room_of(target, ["engine"])}
    assert into <= DOORS


@pytest.mark.parametrize("graph", [{"a": ["b"], "b": ["c"], "c": ["b"]}, {"c": ["b"], "b": ["c"]}])
def test_a_circle_is_found(graph: dict[str, list[str]]):
    """The search finds circles, also behind a chain that leads into one."""
    assert imports.circles(graph) == [["b", "c"]]
