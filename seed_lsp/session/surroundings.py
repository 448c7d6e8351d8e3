"""The files around a document, as a request for it sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seed_lsp.source.address import Addresses
from seed_lsp.source.document import Document


@dataclass(frozen=True)
class Surroundings:
    """What is open below a workspace's root, and how the client writes the addresses of other
    files.

    `opened` has the open files by their paths, links resolved; the document that is asked about
    stands for its own file. `contested` has the files that are open under several addresses, with
    the documents that were passed over.
    """

    root: Path
    opened: Mapping[Path, Document]
    contested: Mapping[Path, tuple[Document, ...]]
    addresses: Addresses
