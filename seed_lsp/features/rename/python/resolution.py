"""What each occurrence of a name refers to: by the scopes if the syntax tells it, else by jedi."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from tree_sitter import Node

from seed_lsp.features.rename.python import calls, mangling, names, receivers
from seed_lsp.features.rename.python.bindings import Bindings
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.inference import offset_of, receiver_of
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.sites import Scope, is_private
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Definition, Resolver

ALIAS_STEPS = 8
"""How many imports are followed one by one, if a module imports the name from another."""
BUILTINS = frozenset(dir(builtins))


class Resolution(Bindings):
    """What the occurrences of one name refer to, in the present state of the files."""

    def __init__(self, files: WorkspaceFiles, resolver: Resolver, name: str, check: Callable[[], None] = lambda: None) -> None:
        super().__init__(files, resolver, name, check)
        self._imports: dict[tuple[Path, int], frozenset[Scope]] = {}
        self._stars: dict[Path, list[Path]] = {}

    def scopes(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        """The scopes that define what an occurrence refers to; empty if they are unknown."""
        self.check()
        if occurrence.role in {"string", "comment"}:
            return frozenset()
        if occurrence.role == "field":
            return self._class_pattern(place, occurrence)
        if occurrence.role == "attribute":
            if receivers.is_taken_for_self(place.file, occurrence.node):
                return frozenset()
            if self._import_in_classes and (imported := self._by_import_in_class(place, occurrence)):
                return imported
            found = self._of_same_class(occurrence, self._by_jedi(place, occurrence))
            if found and all(scope.is_library for scope in found):
                # jedi takes a member of an enumeration for its value, and so looks in the value's
                # class.
                return self._defined_by_receiver(place, occurrence) or found
            return found or self._by_receiver(place, occurrence)
        if occurrence.role == "keyword":
            found = self._by_jedi(place, occurrence) or calls.parameter_scopes(self, place, occurrence)
            return found | calls.parameter_scopes_by_name(self, place, occurrence, found)
        if names.is_imported(occurrence.node) and not names.is_alias_of_import(occurrence.node):
            return self._imported(place, occurrence)
        own = place.container(occurrence)
        meant = (own,) if own is not None else place.meanings(occurrence.node)
        if own is not None and place.is_read_too(occurrence):
            meant = (own, *place.meanings(occurrence.node))
        found = frozenset().union(*(self.bound_in(place, scope) for scope in meant if scope is not None))
        if (own is None or place.needs_value(occurrence)) and (place.module in meant or None in meant):
            found |= self.by_star(place)
        if None in meant and self.name in BUILTINS:
            found |= {Scope(None, 0, "library")}
        return found or self._from_elsewhere(place, occurrence)

    def _from_elsewhere(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        """The scopes of a name that no scope in sight binds.

        jedi may find a scope out of sight, such as the class around a comprehension. Then it does
        not look at imports of ``*``.
        """
        found = self._by_jedi(place, occurrence)
        in_sight = frozenset(one for one in found if one.path != place.path or one == place.module)
        return in_sight or (self.by_star(place) if found else in_sight)

    def bound_in(self, place: FileOccurrences, scope: Scope) -> frozenset[Scope]:
        """The scopes that the bindings of one scope define.

        If all bindings import one and the same thing, this is what they import, else it is the
        scope itself.
        """
        bindings = place.bindings.get(scope, []) if scope == place.module else []
        if bindings and all(place.needs_value(binding) for binding in bindings):
            return self.by_star(place) or frozenset({scope})
        return self._bound_by_statements(place, scope)

    def _bound_by_statements(self, place: FileOccurrences, scope: Scope) -> frozenset[Scope]:
        imported: set[frozenset[Scope]] = set()
        for binding in place.bindings[scope]:
            if not names.is_imported(binding.node) or names.is_alias_of_import(binding.node):
                return frozenset({scope})
            imported.add(self._imported(place, binding))
        return imported.pop() if len(imported) == 1 else frozenset({scope})

    def star_sources(self, place: FileOccurrences) -> list[Path]:
        """The modules of the workspace from which the file imports ``*``."""
        if place.path not in self._stars:
            found = [path for module in place.file.star_imports for path in self.modules_at(place, module)]
            self._stars[place.path] = found
        return self._stars[place.path]

    def by_star(self, place: FileOccurrences) -> frozenset[Scope]:
        """The scopes that a name of the module may come from through an import of ``*``.

        Such an import leaves out names that begin with an underscore, unless ``__all__`` lists
        them.
        """
        found: frozenset[Scope] = frozenset()
        may_bring = any(self._may_have_name(place, module) for module in place.file.star_imports)
        for source in self.star_sources(place) if may_bring else ():
            there = self.place(source)
            listed = not self.name.startswith("_") or "__all__" in there.file.document.text
            if listed and there.module in there.bindings:
                found |= self._bound_by_statements(there, there.module)
        return found

    def _may_have_name(self, place: FileOccurrences, module: Node) -> bool:
        """Whether a module of this name has the word at all; this saves many questions to jedi."""
        last = names.last_identifier(module)
        return last is None or place.file.text_of(last) in self._modules_with_name

    @cached_property
    def _modules_with_name(self) -> frozenset[str]:
        paths = self.files.containing(self.name)
        return frozenset(path.parent.name if path.stem == "__init__" else path.stem for path in paths)

    def inherited(self, place: FileOccurrences, binding: Occurrence) -> frozenset[Scope]:
        """What a member of a class overrides, as far as jedi knows; itself if it overrides none."""
        return self._by_jedi(place, binding)

    def _by_module(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        """What ``from module import name`` brings, if jedi knows the module but not its binding."""
        statement = names.enclosing(occurrence.node, {"import_from_statement"})
        module = statement.child_by_field_name("module_name") if statement is not None else None
        if module is None or names.lies_in(occurrence.node, module):
            return frozenset()
        found: frozenset[Scope] = frozenset()
        for path in self.modules_at(place, module):
            there = self.place(path)
            if there.module in there.bindings:
                found |= self.bound_in(there, there.module)
        return found

    @cached_property
    def _import_in_classes(self) -> bool:
        """Whether an import in the body of a class binds the name.

        Then jedi goes on to what is imported, and leaves the class out.
        """
        found = (some for place in self.python_places() for scope, some in place.bindings.items() if scope.is_class)
        return any(names.is_imported(binding.node) for some in found for binding in some)

    def _by_import_in_class(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        own = place.class_of_self(occurrence)
        classes = (
            [own]
            if own is not None
            else [scope for value in self.receivers(place, occurrence) if (scope := self.class_at(value, {"class", "instance"}))]
        )
        found: frozenset[Scope] = frozenset()
        for scope in classes:
            above = next((one for one in self.line_of(scope) if self.binds(one)), None)
            if above is not None and above.path is not None:
                found |= self.bound_in(self.place(above.path), above)
        return found

    def _of_same_class(self, occurrence: Occurrence, found: frozenset[Scope]) -> frozenset[Scope]:
        """The scopes without classes whose private members begin with another class's name."""
        if not is_private(self.name):
            return found
        owner = mangling.class_of_private(occurrence.node)
        return frozenset(scope for scope in found if not scope.is_class or self.prefix_of(scope) == owner)

    def _imported(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        key = (place.path, occurrence.start)
        if key not in self._imports:
            self._imports[key] = self._by_jedi(place, occurrence) or self._by_module(place, occurrence)
        return self._imports[key]

    def _by_jedi(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        definitions = self.ask(place).definitions(occurrence.start)
        if any(definition.name != self.name for definition in definitions):
            return self._step_by_step(place, occurrence)
        keyword = occurrence.role == "keyword"
        found = frozenset(scope for one in definitions if (scope := self._scope_of(one, by_keyword=keyword)) is not None)
        # If there are several, a module may choose between them, and the name is the module's own.
        return self._step_by_step(place, occurrence) or found if len(found) > 1 and not keyword else found

    def _by_receiver(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        """The scopes of an attribute that jedi finds no definition of, by the class of its object.

        This happens, for example, where the attribute is set from outside of the class.
        """
        own = place.class_of_self(occurrence)
        if own is not None:
            return self._of_self(place, occurrence, own)
        found: set[Scope] = set()
        for value in self.receivers(place, occurrence):
            if value.path is None or not self.files.holds(value.path):
                continue
            if value.kind == "module":
                there = self.place(value.path)
                scopes = {there.scope(there.file.tree.root_node)}
            else:
                scope = self._node_of(value, "class_definition")
                scopes = {scope, *self.ancestors(scope)} if scope is not None else set()
            found |= {scope for scope in scopes if self.binds(scope)}
        return frozenset(found)

    def _of_self(self, place: FileOccurrences, occurrence: Occurrence, own: Scope) -> frozenset[Scope]:
        """The scopes of an attribute of `self` that jedi does not find.

        A mixin may only read what a class beside it sets. What no class sets belongs to the
        reader's own class.
        """
        if place.container(occurrence) is not None or not self._is_set_somewhere:
            return frozenset({own})
        above = next((scope for scope in self.line_of(own) if self.binds(scope)), None)
        if above is not None:
            return frozenset({above})
        return frozenset(scope for scope in self.hierarchy.beside(own) if self.binds(scope))

    def _defined_by_receiver(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        """The classes whose body defines the name: the object's class, or classes above it."""
        found: set[Scope] = set()
        for scope in self.classes_of_values(place, receiver) if (receiver := receiver_of(occurrence)) is not None else ():
            found |= {one for one in (scope, *self.ancestors(scope)) if one.path is not None and one in self.place(one.path).bindings}
        return frozenset(found)

    def _step_by_step(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        """Follow imports one by one, up to a scope that gives the name itself.

        A scope gives the name itself if its import has an ``as``, or if it chooses from several
        things.
        """
        definitions = self.ask(place).definitions(occurrence.start, follow_imports=False)
        for _ in range(ALIAS_STEPS):
            found = [d for d in definitions if d.name == self.name and d.path is not None and self.files.holds(d.path)]
            scopes = frozenset(scope for one in found if (scope := self._scope_of(one)) is not None)
            if len(scopes) != 1 or found[0].path is None:
                return scopes
            there = self.place(found[0].path)
            target = there.at(offset_of(there, found[0]))
            bindings = there.bindings.get(next(iter(scopes)), [])
            steps_on = len(bindings) == 1 and names.is_imported(bindings[0].node) and not names.is_alias_of_import(bindings[0].node)
            if target is None or not steps_on or (there.path, target.start) == (place.path, occurrence.start):
                return scopes
            definitions = self.ask(there).definitions(target.start, follow_imports=False)
        return frozenset()

    def _scope_of(self, definition: Definition, *, by_keyword: bool = False) -> Scope | None:
        """The scope that binds a definition's name; None for an attribute of an unknown object.

        With `by_keyword`, a parameter that no argument can name gives None, too.
        """
        path = definition.path
        if path is None and definition.kind == "namespace":
            return Scope(None, 0, "file")
        if path is None or not self.files.holds(path):
            return Scope(path, 0, "library")
        if definition.kind in {"module", "namespace"}:
            return Scope(path, 0, "file")
        place = self.place(path)
        occurrence = place.at(offset_of(place, definition))
        if occurrence is None:
            return None
        return None if by_keyword and not names.takes_keyword(occurrence.node) else place.container(occurrence)

    def _class_pattern(self, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
        pattern = names.enclosing(occurrence.node, {"class_pattern"})
        named = [node for node in pattern.named_children if node.type == "dotted_name"] if pattern is not None else []
        classes = self.classes_named_at(place, named[0].named_children[-1]) if named else frozenset()
        return frozenset(next((one for one in self.line_of(scope) if self.binds(one)), scope) for scope in classes)
