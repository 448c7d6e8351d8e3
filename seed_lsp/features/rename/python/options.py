"""Command-line options in a function's decorators that name one of its parameters.

click and typer read the option ``--max-size`` as the parameter ``max_size``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.references import IN_NAMING_STRING
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.sites import References, Site
from seed_lsp.source.document import CharOffset


def with_options(resolution: Resolution, references: References) -> References:
    """The references, with the dashed options that stand for the parameter.

    They stand in the decorators of its functions. Options without dashes are found as words.
    """
    symbol, sites, documents = references.symbol, list(references.sites), dict(references.documents)
    if symbol.kind != "parameter" or "_" not in symbol.name.strip("_"):
        return references
    for scope in symbol.scopes | symbol.overrides:
        if scope.path is not None and scope.node_type == "function_definition":
            place = resolution.place(scope.path)
            fresh = list(_options(place, names.with_decorators(place.node_of(scope)), symbol.name.replace("_", "-")))
            sites += fresh
            if fresh:
                documents[scope.path] = place.file.document
    return replace(references, sites=tuple(sorted(set(sites), key=lambda site: (site.path, site.start))), documents=documents)


def _options(place: FileOccurrences, definition: Node, option: str) -> Iterator[Site]:
    pattern = re.compile(rf"(?<![\w-])--({re.escape(option)})(?![\w-])")
    for decorator in definition.children:
        if decorator.type != "decorator":
            continue
        start = place.file.char_of(decorator.start_byte)
        for match in pattern.finditer(place.file.text_of(decorator)):
            at = CharOffset(start + match.start(1))
            yield Site(place.path, at, CharOffset(at + len(option)), "mention", IN_NAMING_STRING, "dashed")
