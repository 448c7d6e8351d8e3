"""Edits of the lines of a dataclass's fields: moved, added, removed, or with a new default."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.signature.fields import Field
from seed_lsp.features.rename.signature.signature import Parameter
from seed_lsp.source.patch import Edit


class FieldLines:
    """The lines of the fields of one class, whose node is `node`."""

    def __init__(self, place: FileOccurrences, node: Node, old: Sequence[Field], text_of: Callable[[Node], str]) -> None:
        """`text_of` returns the text of a line, with the edits made so far."""
        self._place, self._node, self._text_of = place, node, text_of
        self._old = list(old)
        body = node.child_by_field_name("body")
        assert body is not None, "a class has a body"
        self._body = body

    def edits(self, new: Sequence[Parameter]) -> list[Edit]:
        """The edits after which the class has these fields.

        `RenameRefusedError` if a comment or a line would be torn apart.
        """
        lines = {field.parameter.name: field for field in self._old}
        if [p.name for p in new] != [field.parameter.name for field in self._old]:
            self._require_lines()
        found: list[Edit] = []
        for kind in ("either", "keyword_only"):
            wanted = [parameter for parameter in new if parameter.kind == kind]
            own = [field for field in self._old if field.parameter.kind == kind]
            found += self._section(own, wanted, lines)
        return sorted(found, key=lambda edit: (edit.start, edit.end))

    def _section(self, own: list[Field], wanted: list[Parameter], lines: dict[str, Field]) -> list[Edit]:
        kept = [field for field in own if any(parameter.name == field.parameter.name for parameter in wanted)]
        gone = [field for field in own if field not in kept]
        target = [lines[parameter.name] for parameter in wanted if parameter.name in lines]
        texts = {parameter.name: self._text(parameter, lines.get(parameter.name)) for parameter in wanted}
        moved = [field.parameter.name for field in kept] != [field.parameter.name for field in target]
        edits = []
        for slot, field in zip(kept, target, strict=True):
            if moved:
                self._require_no_comment(slot)
            text = texts[field.parameter.name]
            if text != self._text_of(slot.statement):
                edits.append(self._edit(slot.statement.start_byte, slot.statement.end_byte, text))
        passed, pending = 0, ""
        for parameter in wanted:
            if parameter.name in lines:
                passed += 1
                continue
            if passed < len(kept) or not own:
                edits.append(self._insertion(kept[passed] if passed < len(kept) else None, texts[parameter.name]))
            else:
                pending += f"\n{self._indent()}{texts[parameter.name]}"
        if pending and own[-1] in gone:
            last = gone.pop()
            self._require_no_comment(last)
            edits.append(self._edit(last.statement.start_byte, last.statement.end_byte, pending.lstrip()))
        elif pending:
            end = self._line_end(own[-1].statement)
            edits.append(Edit(end, end, pending))
        edits += [self._removal(field) for field in gone]
        return _joined(edits)

    def _text(self, parameter: Parameter, field: Field | None) -> str:
        """The line of a field, unchanged if nothing about the field changes."""
        if field is not None and parameter == field.parameter:
            return self._text_of(field.statement)
        if field is not None and field.made:
            return self._text_of(field.statement)
        default = "" if parameter.default is None else f" = {parameter.default}"
        return f"{parameter.name}: {parameter.annotation}{default}"

    def _insertion(self, before: Field | None, text: str) -> Edit:
        if before is not None:
            at = before.statement.start_byte
        else:
            statements = [child for child in self._body.named_children if child.type != "comment"]
            documented = statements[0].type == "expression_statement" and statements[0].named_children[0].type == "string"
            if documented and len(statements) == 1:
                end = self._place.file.char_of(statements[0].end_byte)
                return Edit(end, end, f"\n{self._indent()}{text}")
            at = statements[1 if documented else 0].start_byte
        return self._edit(at, at, f"{text}\n{self._indent()}")

    def _removal(self, field: Field) -> Edit:
        self._require_no_comment(field)
        if len([child for child in self._body.named_children if child.type != "comment"]) == 1:
            return self._edit(field.statement.start_byte, field.statement.end_byte, "pass")
        document = self._place.file.document
        line = field.statement.start_point.row
        start = document.line_starts[line]
        last = field.statement.end_point.row
        end = document.line_starts[last + 1] if last + 1 < len(document.line_starts) else len(document.text)
        return Edit(start, end, "")

    def _require_lines(self) -> None:
        rows = [
            row for child in self._body.named_children for row in {child.start_point.row, child.end_point.row} if child.type != "comment"
        ]
        if len(rows) != len(set(rows)) or self._node.start_point.row in rows:
            raise RenameRefusedError("the fields stand with others on one line; give each its own")

    def _require_no_comment(self, field: Field) -> None:
        """`RenameRefusedError` if a comment or a docstring belongs to a field that moves."""
        after = field.statement.next_named_sibling
        if after is None:
            return
        beside = after.type == "comment" and after.start_point.row == field.statement.end_point.row
        documented = after.type == "expression_statement" and after.named_children[0].type == "string"
        above = field.statement.prev_named_sibling
        of_its_own = above is not None and above.type == "comment" and above.end_point.row + 1 == field.statement.start_point.row
        if beside or documented or of_its_own:
            line = field.statement.start_point.row + 1
            raise RenameRefusedError(f"a comment stands beside a field that moves or goes, on line {line} of {self._place.path.name}")

    def _line_end(self, statement: Node) -> int:
        """The offset behind a statement, a comment on its line, and a docstring below it."""
        last, after = statement, statement.next_named_sibling
        if after is not None and after.type == "comment" and after.start_point.row == last.end_point.row:
            last, after = after, after.next_named_sibling
        if after is not None and after.type == "expression_statement" and after.named_children[0].type == "string":
            last = after
        return self._place.file.char_of(last.end_byte)

    def _indent(self) -> str:
        first = self._body.named_children[0]
        document = self._place.file.document
        return document.line_text(first.start_point.row)[
            : self._place.file.char_of(first.start_byte) - document.line_starts[first.start_point.row]
        ]

    def _edit(self, start: int, end: int, text: str) -> Edit:
        return Edit(self._place.file.char_of(start), self._place.file.char_of(end), text)


def _joined(edits: list[Edit]) -> list[Edit]:
    """Merge insertions before a line that changes with the edit of the line."""
    joined: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if joined and joined[-1].start == joined[-1].end == edit.start:
            joined[-1] = Edit(edit.start, edit.end, joined[-1].text + edit.text)
        else:
            joined.append(edit)
    return joined
