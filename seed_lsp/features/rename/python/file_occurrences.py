"""The occurrences of one name in a file, and the scope of the file that each belongs to.

Only the syntax is considered here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from tree_sitter import Node

from seed_lsp.features.rename.python import mangling, names, order, receivers, scoping
from seed_lsp.features.rename.python.names import Occurrence, PythonFile
from seed_lsp.features.rename.sites import Scope, is_private
from seed_lsp.source.document import CharOffset


class FileOccurrences:
    """A file, its occurrences of one name, and the scopes in which the name is bound there."""

    def __init__(self, path: Path, file: PythonFile, name: str) -> None:
        self.path, self.file, self.name = path, file, name
        self._private = is_private(name)
        self.occurrences = file.occurrences(name)
        self.bindings: dict[Scope, list[Occurrence]] = defaultdict(list)
        self._scope_nodes: dict[Scope, Node] = {}
        found = [(o, node) for o in self.occurrences if o.role == "name" and (node := scoping.binding_scope(o.node)) is not None]
        self._binding_nodes = {node.id for _, node in found}
        for occurrence, node in found:
            self.bindings[self._declared(node)].append(occurrence)

    def scope(self, node: Node) -> Scope:
        scope = Scope(self.path, node.start_byte, node.type)
        self._scope_nodes[scope] = node
        return scope

    def node_of(self, scope: Scope) -> Node:
        """The syntax node of one of this file's scopes."""
        if scope not in self._scope_nodes:
            found: Node | None = self.file.tree.root_node.descendant_for_byte_range(scope.start, scope.start + 1)
            while found is not None and (found.type != scope.node_type or found.start_byte != scope.start):
                found = found.parent
            self._scope_nodes[scope] = found if found is not None else self.file.tree.root_node
        return self._scope_nodes[scope]

    def at(self, offset: CharOffset) -> Occurrence | None:
        return next((found for found in self.occurrences if found.start <= offset <= found.end), None)

    @property
    def module(self) -> Scope:
        return self.scope(self.file.tree.root_node)

    def starting_at(self, offset: int) -> Occurrence | None:
        return self._by_start.get(offset)

    @cached_property
    def _by_start(self) -> dict[int, Occurrence]:
        return {int(found.start): found for found in self.occurrences}

    def container(self, occurrence: Occurrence) -> Scope | None:
        """The scope in which the occurrence binds the name; None where the name is only used."""
        if occurrence.role == "attribute":
            return self.class_of_self(occurrence) if names.is_assigned(occurrence.node) else None
        if occurrence.role != "name" or (node := scoping.binding_scope(occurrence.node)) is None:
            return None
        return self._declared(node)

    def has_parameter(self, function: Node) -> bool:
        """Whether a function has a parameter of the name, and an argument can name it."""
        parameters = function.child_by_field_name("parameters")
        bindings = self.bindings.get(self.scope(function), [])
        return any(parameters is not None and names.lies_in(one.node, parameters) and names.takes_keyword(one.node) for one in bindings)

    def class_of_self(self, occurrence: Occurrence) -> Scope | None:
        """The class in whose method an attribute is read from, or written to, the first parameter.

        None for an attribute of another object.
        """
        owner = receivers.class_of_self(self.file, occurrence.node) if occurrence.role == "attribute" else None
        return self.scope(owner) if owner is not None else None

    def lookup(self, node: Node) -> Scope | None:
        """The scope of this file whose binding a use of the name at `node` sees.

        If several are possible, this is the likeliest. None if no scope around the use binds the
        name.
        """
        return next((scope for scope in self.meanings(node) if scope is not None), None)

    def meanings(self, node: Node) -> tuple[Scope | None, ...]:
        """The scopes of this file whose binding a use of the name may see, the likeliest first.

        None stands for a binding in another file. The tuple is empty if no scope around the use
        binds the name. There are several in the body of a class: if a name is not bound there yet,
        it is looked for in the module.
        """
        found: list[Scope | None] = []
        in_module = False
        for scope in scoping.visible_scopes(node):
            if in_module and scope.type != "module":
                continue
            declared = self._global(mangling.class_of_private(node)) if scope.type == "module" else self._declared(scope)
            if scope.type == scoping.TYPE_PARAMETERS and declared in self.bindings:
                return (declared, *self._instead_of_type(scope, node))
            if self._binds(declared, node):
                certainty = self._certainty(scope, declared, node)
                found += [declared] if certainty != "never" else []
                if certainty == "always":
                    return tuple(found)
                in_module = True
            elif self._declarations.get(scope.id) == "global_statement":
                break
        return (*found, None) if found else ()

    def _instead_of_type(self, types: Node, node: Node) -> tuple[Scope | None, ...]:
        """What CPython may find in place of a type parameter of the same name.

        If the class around binds the name, too, CPython asks the class, and then the module.
        """
        around = scoping.outer_scope(types)
        scope, module = self._declared(around), self._global(mangling.class_of_private(node))
        if around.type != "class_definition" or scope not in self.bindings:
            return ()
        return (scope, module if module in self.bindings else None)

    def is_plain(self, occurrence: Occurrence) -> bool:
        """Whether the name is bound or looked up here, instead of being read from a module."""
        return occurrence.role == "name" and (not names.is_imported(occurrence.node) or scoping.binding_scope(occurrence.node) is not None)

    def is_read_too(self, occurrence: Occurrence) -> bool:
        """Whether the occurrence binds the name in a class, but reads it first: ``name += 1``."""
        parent = occurrence.node.parent
        container = self.container(occurrence) if parent is not None and parent.type == "augmented_assignment" else None
        return container is not None and container.is_class and occurrence.role == "name"

    def needs_value(self, occurrence: Occurrence) -> bool:
        """Whether the occurrence binds or deletes a name that must already have a value.

        Examples are ``name += 1`` and ``del name``.
        """
        parent = occurrence.node.parent
        augmented = parent is not None and parent.type == "augmented_assignment"
        return occurrence.role == "name" and (augmented or scoping.is_deleted(occurrence.node)) and self.container(occurrence) is not None

    def _binds(self, scope: Scope, node: Node) -> bool:
        """Whether a scope binds the name as it is read at `node`.

        A private name is only bound for code of the same class.
        """
        if not self._private:
            return scope in self.bindings
        owner = mangling.class_of_private(node)
        return any(mangling.class_of_private(binding.node) == owner for binding in self.bindings.get(scope, []))

    def _certainty(self, scope: Node, declared: Scope, node: Node) -> order.Certainty:
        if not declared.is_class:
            return "always"
        return order.reads(scope, (binding.node for binding in self.bindings[declared]), node)

    def _declared(self, scope: Node) -> Scope:
        """The scope that a binding in `scope` belongs to, after `global` and `nonlocal`."""
        declaration = self._declarations.get(scope.id)
        if declaration == "global_statement":
            return self._global(mangling.prefix_of(scope) if scope.type == "class_definition" else mangling.class_of_private(scope))
        return self.scope(scope if declaration is None else self._nonlocal(scope))

    def _global(self, owner: str) -> Scope:
        """The module as the scope of the name; for a private name it differs for each class."""
        return replace(self.module, owner=owner) if self._private else self.module

    def _nonlocal(self, scope: Node) -> Node:
        """The nearest function around a scope that binds the name itself."""
        around = scoping.outer_scope(scope)
        while around.type != "module":
            own = around.id in self._binding_nodes and around.id not in self._declarations
            if own and around.type in names.FUNCTIONS:
                return around
            around = scoping.outer_scope(around)
        return scope

    @cached_property
    def _declarations(self) -> dict[int, str]:
        """The type of the `global` or `nonlocal` statement of the name, by the scope's node."""
        found = {}
        for occurrence in self.occurrences:
            parent = occurrence.node.parent
            if occurrence.role == "name" and parent is not None and parent.type in {"global_statement", "nonlocal_statement"}:
                found[scoping.scope_of(occurrence.node).id] = parent.type
        return found


def library_names(scopes: Iterable[Scope]) -> list[str]:
    """The names of the modules outside the workspace that scopes come from, sorted."""
    paths = [scope.path for scope in scopes if scope.is_library]
    return sorted({"the interpreter" if path is None else path.parent.name if path.stem == "__init__" else path.stem for path in paths})
