"""docs/LOG.md: an index that names every entry, and entries that are short."""

from __future__ import annotations

import re
from pathlib import Path

LOG = Path(__file__).parents[1] / "docs" / "LOG.md"
LONGEST = 30


def entries() -> dict[str, list[str]]:
    """The lines of each entry, by its address as the index links to it; the newest month first."""
    found = {}
    for month in sorted((LOG.parent / "log").glob("*.md"), reverse=True):
        for entry in re.split(r"(?m)^(?=## )", month.read_text(encoding="utf-8"))[1:]:
            lines = entry.strip().split("\n")
            anchor = re.sub(r"[^\w\- ]", "", lines[0].removeprefix("## ").lower()).replace(" ", "-")
            found[f"log/{month.name}#{anchor}"] = lines
    return found


def test_every_entry_stands_in_the_index_and_the_index_names_no_other():
    """Who looks for a trial finds it, with its verdict, in the index alone."""
    rows = re.findall(r"(?m)^\| \d\d-\d\d \| \[.+\]\((\S+)\) \| (.+) \|$", LOG.read_text(encoding="utf-8"))
    assert [address for address, _verdict in rows] == list(entries())


def test_an_entry_is_at_most_thirty_lines_long():
    """A reader can take in each trial at a glance."""
    long = {address: len(lines) for address, lines in entries().items() if len(lines) > LONGEST}
    assert not long, "split these into one trial an entry"


def test_a_trial_that_brought_nothing_is_marked_in_the_index_as_in_its_entry():
    """The index alone tells which trials brought nothing."""
    text = LOG.read_text(encoding="utf-8")
    negative = [address for address, lines in entries().items() if lines[0].endswith("(negative)")]
    assert negative
    assert all(f"(negative)]({address})" in text for address in negative)
