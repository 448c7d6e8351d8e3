"""A function of a module becomes a method of its first parameter's class, or the reverse.

The calls change with it. The change is made as a whole or refused: the old form is gone afterwards,
so that no place may be left that cannot follow for certain.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.references import IN_DOCTEST
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.call_sites import CallSites, call_of
from seed_lsp.features.rename.signature.definitions import Function, functions_of
from seed_lsp.features.rename.signature.form import Form
from seed_lsp.features.rename.signature.lists import CommentError, list_edits
from seed_lsp.features.rename.signature.signature import Argument, UnboundError, arguments_of, bind, pieces_of
from seed_lsp.features.rename.sites import References, Scope, Site
from seed_lsp.source.document import CharOffset
from seed_lsp.source.patch import Edit, apply_edits

_PRIMARY = frozenset(
    {"identifier", "attribute", "call", "subscript", "string", "parenthesized_expression", "list", "dictionary", "set", "tuple"}
)
"""Expressions that a dot may follow (language reference, 6.3)."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def plan_move(resolution: Resolution, references: References, form: Form, check: Callable[[], None] = lambda: None) -> CallSites:
    """The edits that make a function a method, or a method a function.

    `RenameRefusedError` with the reason if it is not certain that all places can follow.
    """
    move = _Move(resolution, references, form)
    for site in sorted(references.sites, key=lambda site: (site.path, -site.start)):
        check()
        move.change(site)
    move.change_definition()
    return CallSites(move.edits, tuple(replace(site, reason="call") for site in move.changed), move.edits)


class _Move:
    def __init__(self, resolution: Resolution, references: References, form: Form) -> None:
        self._resolution, self._references, self._form = resolution, references, form
        self._definition = _definition_of(resolution, references)
        self._place = self._definition.place
        self.edits: dict[Path, list[Edit]] = {}
        self.changed: list[Site] = []
        self._class = self._class_to() if form == "method" else self._class_from()
        class_name = self._class.child_by_field_name("name")
        assert class_name is not None, "a class has a name"
        self._class_name = self._place.file.text_of(class_name)
        self._object = self._definition.parameters[0]
        self._new_object = "self" if form == "method" else "_".join(_WORD.findall(self._class_name)).lower()
        self._require_room()
        # These edits come first, so that a receiver that moves within the function has its new
        # name.
        self.edits[self._place.path] = sorted(self._parameter_edits(), key=lambda edit: (edit.start, edit.end))

    def change(self, site: Site) -> None:
        """Make a site follow, if it is code."""
        if site.tier == "mention":
            if site.reason == IN_DOCTEST:
                self._refuse(site, "a doctest names it")
            return
        place = self._resolution.place(site.path)
        node = place.file.node_at(site.start)
        name = self._definition.node.child_by_field_name("name")
        if name is not None and place.path == self._place.path and node.id == name.id:
            return
        if site.tier != "exact":
            self._refuse(site, site.reason)
        if names.is_imported(node):
            self._change_import(place, site, node)
            return
        call = call_of(node)
        listed = call.child_by_field_name("arguments") if call is not None else None
        if call is None or listed is None or listed.type != "argument_list":
            self._refuse(site, "it is used there, and not called")
        try:
            if self._form == "method":
                self._call_method(place, call, listed)
            else:
                self._call_function(place, site, call, listed)
        except UnboundError as reason:
            self._refuse(site, str(reason))
        except CommentError:
            self._refuse(site, "a comment stands beside the argument")
        self.changed.append(site)

    def change_definition(self) -> None:
        """Take the function from where it is, and put it where it goes."""
        file, whole = self._place.file, names.with_decorators(self._definition.node)
        start, end = file.char_of(whole.start_byte), file.char_of(whole.end_byte)
        own = self.edits.setdefault(self._place.path, [])
        inside = [edit for edit in own if start <= edit.start and edit.end <= end]
        text = apply_edits(file.text_of(whole), inside, offset=start)
        own[:] = [edit for edit in own if edit not in inside]
        body = self._class.child_by_field_name("body")
        assert body is not None, "a class has a body"
        inner = file.document.line_text(body.start_point.row)[: body.start_point.column]
        if self._form == "method":
            own.append(Edit(at := file.char_of(body.end_byte), at, f"\n\n{textwrap.indent(text, inner)}"))
        else:
            # The text of the first line has no indentation.
            text = textwrap.dedent(inner + text)
            own.append(Edit(at := file.char_of(names.with_decorators(self._class).end_byte), at, f"\n\n\n{text}"))
            if len(body.named_children) == 1:
                own.append(Edit(start, end, "pass"))
                own.sort(key=lambda edit: (edit.start, edit.end))
                return
        own.append(Edit(*self._with_blank_lines(start, end), ""))
        own.sort(key=lambda edit: (edit.start, edit.end))

    def _call_method(self, place: FileOccurrences, call: Node, listed: Node) -> None:
        arguments = arguments_of(place.file, listed)
        given = bind(self._definition.parameters, arguments)[0].get(self._object.name)
        if given is None:
            raise UnboundError("its first argument is left out")
        at = next(i for i, argument in enumerate(arguments) if argument is given)
        if at > 0 and not all(argument.simple for argument in arguments[: at + 1]):
            raise UnboundError("its arguments would be evaluated in another order")
        node = [child for child in listed.named_children if child.type != "comment"][at]
        value = node.child_by_field_name("value") if node.type == "keyword_argument" else node
        assert value is not None, "an argument has a value"
        self._require_object(place, value)
        receiver = self._moved_text(place, value)
        receiver = receiver if value.type in _PRIMARY else f"({receiver})"
        rest = [argument.written for argument in arguments if argument is not given]
        function = call.child_by_field_name("function")
        assert function is not None, "a call has a function"
        self._add(place, Edit(*_ends(place, function), f"{receiver}.{self._references.symbol.name}"))
        for edit in list_edits(place.file, listed, rest):
            self._add(place, edit)

    def _call_function(self, place: FileOccurrences, site: Site, call: Node, listed: Node) -> None:
        function = call.child_by_field_name("function")
        receiver = function.child_by_field_name("object") if function is not None else None
        if function is None or receiver is None:
            raise UnboundError("it is called by its bare name there")
        arguments = arguments_of(place.file, listed)
        own = self._resolution.values_of(place, receiver)
        through_class = bool(own) and all(value.kind == "class" for value in own)
        if not through_class:
            self._require_object(place, receiver)
            arguments = [Argument(self._moved_text(place, receiver)), *arguments]
        if place.path != self._place.path:
            self._import_into(place, site)
        self._add(place, Edit(*_ends(place, function), self._references.symbol.name))
        for edit in list_edits(place.file, listed, [argument.written for argument in arguments]):
            self._add(place, edit)

    def _require_object(self, place: FileOccurrences, node: Node) -> None:
        """`UnboundError` unless an expression is certainly an object of the class."""
        wanted = self._place.scope(self._class)
        found = self._resolution.classes_of_values(place, node)
        if not found or any(scope != wanted and wanted not in self._resolution.ancestors(scope) for scope in found):
            raise UnboundError(f"it is not known to be called with a {self._class_name}")

    def _moved_text(self, place: FileOccurrences, node: Node) -> str:
        """The text of an expression with the edits made so far, which are taken out of the list."""
        start, end = _ends(place, node)
        own = self.edits.setdefault(place.path, [])
        inside = sorted((edit for edit in own if start <= edit.start and edit.end <= end), key=lambda edit: edit.start)
        own[:] = [edit for edit in own if edit not in inside]
        return apply_edits(place.file.text_of(node), inside, offset=start)

    def _add(self, place: FileOccurrences, edit: Edit) -> None:
        own = self.edits.setdefault(place.path, [])
        if any(other.start < edit.end and edit.start < other.end for other in own):
            raise UnboundError("a call within its arguments changes, too")
        own.append(edit)
        own.sort(key=lambda one: (one.start, one.end))

    def _change_import(self, place: FileOccurrences, site: Site, node: Node) -> None:
        """Remove an import of the function, which is no name of its module any more."""
        statement = names.enclosing(node, {"import_from_statement"})
        if statement is None or names.is_alias_of_import(node) or (node.parent is not None and node.parent.type == "aliased_import"):
            self._refuse(site, "it is imported under another name")
        imported = statement.children_by_field_name("name")
        if len(imported) == 1:
            self._add(place, Edit(*_line_ends(place, statement), ""))
            return
        at = next(i for i, one in enumerate(imported) if names.lies_in(node, one))
        start = imported[at].start_byte if at + 1 < len(imported) else imported[at - 1].end_byte
        end = imported[at + 1].start_byte if at + 1 < len(imported) else imported[at].end_byte
        if "#" in place.file.between(start, end):
            self._refuse(site, "a comment stands beside the import")
        self._add(place, Edit(place.file.char_of(start), place.file.char_of(end), ""))

    def _import_into(self, place: FileOccurrences, site: Site) -> None:
        """Import the new function where another name of its module is imported already."""
        name = self._references.symbol.name
        for statement in names.walk(place.file.tree.root_node):
            if statement.type != "import_from_statement":
                continue
            imported = statement.children_by_field_name("name")
            if imported and self._resolution.is_defined_in(place, imported[0].named_children[0], self._place.path):
                edit = Edit(at := place.file.char_of(imported[-1].end_byte), at, f", {name}")
                if edit not in self.edits.setdefault(place.path, []):
                    self._add(place, edit)
                return
        self._refuse(site, f"nothing is imported there from {self._place.path.stem} by name")

    def _class_to(self) -> Node:
        """The class in the same module that the first parameter's annotation names."""
        first = self._definition.parameters[0] if self._definition.parameters else None
        if scoping.scope_of(self._definition.node).type != "module":
            raise RenameRefusedError("only a function of a module becomes a method")
        if first is None or first.annotation is None or not first.by_place:
            raise RenameRefusedError("the first parameter needs an annotation that names its class")
        wanted = first.annotation.strip("'\"")
        for node in self._place.file.scopes_named((wanted,)):
            if node.type == "class_definition":
                return node
        raise RenameRefusedError(f"{wanted} is no class of the same module")

    def _class_from(self) -> Node:
        owner = scoping.scope_of(self._definition.node)
        if owner.type != "class_definition" or scoping.scope_of(owner).type != "module":
            raise RenameRefusedError("only a method of a module's class becomes a function")
        if self._references.symbol.overrides:
            raise RenameRefusedError("it overrides or is overridden; a function cannot be")
        if not self._definition.parameters or self._definition.decorators:
            raise RenameRefusedError("only a plain method, without decorators, becomes a function")
        text = self._place.file.text_of(self._definition.node)
        if re.search(r"\bsuper\(|\b__class__\b|\.__\w+(?<!__)\b", text):
            raise RenameRefusedError("it uses super() or a private name, which a function cannot")
        return owner

    def _require_room(self) -> None:
        """`RenameRefusedError` if the name is taken where the function goes, or cannot stand there.

        The same holds for the new name of the object, and for defaults and strings in the function.
        """
        name, file = self._references.symbol.name, self._place.file
        target = self._place.scope(self._class if self._form == "method" else file.tree.root_node)
        taken: set[Scope] = {target}
        if self._form == "method":
            taken |= self._resolution.ancestors(target)
        for scope in taken:
            assert scope.path is not None, "classes of the workspace"
            there = FileOccurrences(scope.path, self._resolution.place(scope.path).file, name)
            if there.bindings.get(scope) or any(there.container(one) == scope for one in there.occurrences if one.role == "attribute"):
                owner = ".".join(there.file.qualified_name(there.node_of(scope)))
                raise RenameRefusedError(f"{name} is taken in {owner or scope.path.name}")
        if self._new_object != self._object.name:
            renamed = FileOccurrences(self._place.path, file, self._new_object)
            if any(names.lies_in(one.node, self._definition.node) and one.role == "name" for one in renamed.occurrences):
                raise RenameRefusedError(f"{self._new_object} is taken in its body")
        if self._form == "method" and self._definition.decorators:
            raise RenameRefusedError("only a plain function, without decorators, becomes a method")
        if any(node.type == "string" and _is_indented(node) for node in names.walk(self._definition.node)):
            raise RenameRefusedError("a string over several lines would change with its indentation")
        moved = [p.default for p in self._definition.parameters if p.default is not None]
        if any(re.search(r"[A-Za-z_]\w*", text) and text not in {"None", "True", "False"} and text[0] not in "'\"" for text in moved):
            raise RenameRefusedError("a default names something that may not be there yet where it goes")

    def _parameter_edits(self) -> list[Edit]:
        """The edits that give the object its new name in the signature and in the body.

        A method's object has no annotation, a function's object has one.
        """
        file, definition = self._place.file, self._definition
        place = FileOccurrences(self._place.path, file, self._object.name)
        scope = place.scope(definition.node)
        annotation = None if self._form == "method" else self._class_name
        first = replace(self._object, name=self._new_object, annotation=annotation)
        rest = [replace(p, annotation=self._quoted(p.annotation)) for p in definition.parameters[1:]]
        edits = list_edits(file, definition.parameters_node, pieces_of([first, *rest]))
        returns = definition.node.child_by_field_name("return_type")
        if returns is not None and (quoted := self._quoted(file.text_of(returns))) != file.text_of(returns):
            edits.append(Edit(*_ends(place, returns), quoted or ""))
        for one in place.occurrences:
            bound = place.container(one) or place.lookup(one.node) if one.role == "name" else None
            if bound == scope and not names.lies_in(one.node, definition.parameters_node):
                edits.append(Edit(one.start, one.end, self._new_object))
        return edits

    def _quoted(self, annotation: str | None) -> str | None:
        """An annotation in quotes, if it names the class, which has no name yet in its own body."""
        if annotation is None or self._form == "function" or '"' in annotation or "'" in annotation:
            return annotation
        lazy = "from __future__ import annotations" in self._place.file.document.text
        return annotation if lazy or not re.search(rf"\b{re.escape(self._class_name)}\b", annotation) else f'"{annotation}"'

    def _with_blank_lines(self, start: int, end: int) -> tuple[int, int]:
        """The range of a definition with the blank lines after it; before it, if it is the last."""
        text = self._place.file.document.text
        start -= len(text[:start]) - len(text[:start].rstrip(" \t"))
        behind = len(text[end:]) - len(text[end:].lstrip())
        if end + behind < len(text):
            line = text.rfind("\n", 0, end + behind) + 1
            return start, max(line, end)
        return len(text[:start].rstrip()) + 1, len(text)

    def _refuse(self, site: Site, reason: str) -> NoReturn:
        line = self._references.documents[site.path].line_of(site.start) + 1
        raise RenameRefusedError(f"line {line} of {site.path.name} cannot follow: {reason}")


def _definition_of(resolution: Resolution, references: References) -> Function:
    symbol = references.symbol
    if len(symbol.scopes) != 1:
        raise RenameRefusedError("it is defined in several places")
    scope = next(iter(symbol.scopes))
    assert scope.path is not None, "a library's symbol was refused"
    found = functions_of(resolution, symbol.scopes)
    if len(found) != 1 or len(resolution.place(scope.path).bindings[scope]) != 1:
        raise RenameRefusedError(f"{symbol.name} is no function with one definition")
    return found[0]


def _is_indented(string: Node) -> bool:
    """Whether a string, other than a docstring, has lines whose indentation would change."""
    return string.start_point.row != string.end_point.row and (string.parent is None or string.parent.type != "expression_statement")


def _ends(place: FileOccurrences, node: Node) -> tuple[CharOffset, CharOffset]:
    return place.file.char_of(node.start_byte), place.file.char_of(node.end_byte)


def _line_ends(place: FileOccurrences, node: Node) -> tuple[CharOffset, CharOffset]:
    """The range of a node with the line break behind it."""
    start, end = _ends(place, node)
    return start, CharOffset(end + (place.file.document.text[end : end + 1] == "\n"))
