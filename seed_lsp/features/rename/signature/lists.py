"""Edits of the items between two brackets.

Line breaks, comments and commas around the items stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tree_sitter import Node

from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.source.patch import Edit


class CommentError(Exception):
    """A comment stands where something would be removed."""


def items_of(node: Node) -> list[Node]:
    """The items of a list: arguments or parameters, stars and slashes, but no comments."""
    return [child for child in node.named_children if child.type != "comment"]


def list_edits(file: PythonFile, node: Node, new: Sequence[str], text_of: Callable[[Node], str] | None = None) -> list[Edit]:
    """The edits after which the items of `node`, which includes the brackets, are those of `new`.

    `text_of` returns the text of an item with the edits made within it so far; the edits of the
    result replace them. `CommentError` if a comment would be removed together with an item.
    """
    items = items_of(node)
    old = [(text_of or file.text_of)(item) for item in items]
    if list(new) == old:
        return []
    if not items or not new:
        inside = file.text_of(node)[1:-1]
        if "#" in inside:
            raise CommentError
        return [_edit(file, node.start_byte + 1, node.end_byte - 1, ", ".join(new))]
    kept = _positions(old, new)
    if kept is not None:
        return _removals(file, items, kept)
    kept = _positions(new, old)
    if kept is not None:
        return _insertions(file, items, new, kept)
    common = min(len(old), len(new))
    edits = [_edit(file, items[i].start_byte, items[i].end_byte, new[i]) for i in range(common) if old[i] != new[i]]
    if len(new) > common:
        more = "".join(_separator(file, items) + text for text in new[common:])
        # An edit of the last item ends where more items are added, so that the two become one edit.
        if edits and edits[-1].end == file.char_of(items[-1].end_byte):
            return [*edits[:-1], Edit(edits[-1].start, edits[-1].end, edits[-1].text + more)]
        return [*edits, _edit(file, items[-1].end_byte, items[-1].end_byte, more)]
    if len(old) > common:
        if any(_comments_behind(item) for item in items[common:]):
            raise CommentError
        edits.append(_cut(file, items[common - 1].end_byte, items[-1].end_byte))
    return edits


def _positions(longer: Sequence[str], shorter: Sequence[str]) -> set[int] | None:
    """The positions of the elements of `shorter` in `longer`.

    None if `shorter` has other elements, or has them in another order.
    """
    found: set[int] = set()
    at = 0
    for text in shorter:
        while at < len(longer) and longer[at] != text:
            at += 1
        if at == len(longer):
            return None
        found.add(at)
        at += 1
    return found


def _removals(file: PythonFile, items: Sequence[Node], kept: set[int]) -> list[Edit]:
    """The edits that remove the items that are not `kept`.

    An item between others is removed up to the next item. The last items are removed together, from
    the end of the item before them.
    """
    gone = [i for i in range(len(items)) if i not in kept]
    for i in gone:
        if any(comment.start_point.row == items[i].end_point.row for comment in _comments_behind(items[i])):
            raise CommentError
    last = max(kept)
    edits = [_cut(file, items[i].start_byte, items[i + 1].start_byte) for i in gone if i < last]
    return [*edits, _cut(file, items[last].end_byte, items[-1].end_byte)] if last + 1 < len(items) else edits


def _insertions(file: PythonFile, items: Sequence[Node], new: Sequence[str], kept: set[int]) -> list[Edit]:
    edits, passed, at_end = [], 0, ""
    separator = _separator(file, items)
    for i, text in enumerate(new):
        if i in kept:
            passed += 1
        elif passed < len(items):
            # The item goes before the next one, and before comments on lines of their own above
            # that.
            before = items[passed - 1] if passed else None
            above = [c for c in _comments_behind(before) if c.start_point.row > before.end_point.row] if before is not None else []
            place = above[0].start_byte if above else items[passed].start_byte
            edits.append(_edit(file, place, place, text + separator))
        else:
            at_end += separator + text
    if at_end:
        edits.append(_edit(file, items[-1].end_byte, items[-1].end_byte, at_end))
    return _joined(edits)


def _comments_behind(item: Node) -> list[Node]:
    """The comments between an item and the next one."""
    found = []
    after = item.next_sibling
    while after is not None and not (after.is_named and after.type != "comment"):
        if after.type == "comment":
            found.append(after)
        after = after.next_sibling
    return found


def _joined(edits: list[Edit]) -> list[Edit]:
    """Merge insertions at the same place into one edit."""
    joined: list[Edit] = []
    for edit in edits:
        if joined and joined[-1].start == edit.start == edit.end:
            joined[-1] = Edit(edit.start, edit.end, joined[-1].text + edit.text)
        else:
            joined.append(edit)
    return joined


def _separator(file: PythonFile, items: Sequence[Node]) -> str:
    """The text between the last two items, or a comma if a comment stands between them.

    Items that stand on lines of their own stay so.
    """
    if len(items) > 1:
        between = file.between(items[-2].end_byte, items[-1].start_byte)
        if "#" not in between:
            return between
    return ", "


def _cut(file: PythonFile, start: int, end: int) -> Edit:
    if "#" in file.between(start, end):
        raise CommentError
    return _edit(file, start, end, "")


def _edit(file: PythonFile, start: int, end: int, text: str) -> Edit:
    return Edit(file.char_of(start), file.char_of(end), text)
