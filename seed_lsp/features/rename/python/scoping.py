"""Python's rules of scope, by the syntax alone (language reference, 4.2 and 8.10).

They say where a name is bound, and in which scopes a name that is used is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from seed_lsp.features.rename.python.names import FUNCTIONS, enclosing, is_same, lies_in

COMPREHENSIONS = frozenset({"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"})
TYPE_PARAMETERS = "type_parameter"
"""The type of a node that lists type parameters; it is the scope that they are bound in (PEP 695).

The grammar uses the same type for arguments in types.
"""

_GENERIC = frozenset({"function_definition", "class_definition", "type_alias_statement"})
# Nodes between the statement and a type parameter, or the name that a ``type`` statement defines.
_IN_TYPES = frozenset(
    {"type", "constrained_type", "splat_type", "generic_type", "list_splat", "dictionary_splat", "ERROR", TYPE_PARAMETERS}
)
_DEFAULTS = frozenset({"default_parameter", "typed_default_parameter"})
_PATTERNS = frozenset({"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "dictionary_splat_pattern"})
_PARAMETERS = frozenset({"parameters", "lambda_parameters"})
# The nodes that bind a name, with the field that holds the name.
_BINDS = {
    "assignment": "left",
    "augmented_assignment": "left",
    "for_statement": "left",
    "for_in_clause": "left",
    "named_expression": "name",
    "function_definition": "name",
    "class_definition": "name",
    "default_parameter": "name",
    "typed_default_parameter": "name",
    "aliased_import": "alias",
}


def scope_of(node: Node) -> Node:
    """The scope whose names an expression at `node` sees first.

    It is a function, class, comprehension, list of type parameters, or module. A decorator and a
    default value belong to the scope around their function. So do annotations and the bases of a
    class, if there are no type parameters. The first iterable of a comprehension belongs to the
    scope around it.
    """
    child, parent = node, node.parent
    while parent is not None:
        entered = _entered(parent, child, node)
        if entered is not None:
            return entered
        child, parent = parent, parent.parent
    return child


def _entered(parent: Node, child: Node, node: Node) -> Node | None:
    """The scope that `parent` opens around its child `child`, which holds `node`."""
    if parent.type == "module":
        return parent
    if parent.type in COMPREHENSIONS:
        return None if _is_first_iterable(parent, child, node) else parent
    if parent.type in FUNCTIONS or parent.type == "class_definition":
        if child.type == "block" or is_same(parent.child_by_field_name("body"), child):
            return parent
    elif parent.type != "type_alias_statement":
        return None
    types = type_parameters_of(parent)
    if types is None or is_same(parent.child_by_field_name("name"), child):
        return None
    if parent.type == "type_alias_statement":
        return None if is_same(child, _left_of(parent)) and not lies_in(node, types) else types
    return None if child.type == "parameters" and _is_default(child, node) else types


def _is_first_iterable(comprehension: Node, clause: Node, node: Node) -> bool:
    first = next((child for child in comprehension.children if child.type == "for_in_clause"), None)
    iterable = clause.child_by_field_name("right")
    return is_same(first, clause) and iterable is not None and lies_in(node, iterable)


def _is_default(parameters: Node, node: Node) -> bool:
    values = (one.child_by_field_name("value") for one in parameters.named_children if one.type in _DEFAULTS)
    return any(value is not None and lies_in(node, value) for value in values)


def type_parameters_of(definition: Node) -> Node | None:
    """The list of type parameters of a function, a class or a ``type`` statement."""
    if definition.type != "type_alias_statement":
        return definition.child_by_field_name("type_parameters")
    left = _left_of(definition)
    generic = left.named_children[0] if left is not None and left.named_children else None
    return next((child for child in generic.named_children if child.type == TYPE_PARAMETERS), None) if generic is not None else None


def _left_of(alias: Node) -> Node | None:
    return alias.child_by_field_name("left")


def outer_scope(scope: Node) -> Node:
    """The scope around a scope that is no module.

    Around the body of a generic function this is its list of type parameters.
    """
    if scope.type == TYPE_PARAMETERS:
        definition = enclosing(scope, _GENERIC)
        return scope_of(definition if definition is not None else scope)
    types = type_parameters_of(scope)
    return types if types is not None else scope_of(scope)


def visible_scopes(node: Node) -> Iterator[Node]:
    """The scopes in which a name at `node` is looked for, from the inside out.

    A class's names are seen in its own body only, and by the type parameters and annotations of
    what is defined there. Functions, comprehensions and classes inside of it do not see them.
    """
    scope, in_class = scope_of(node), True
    while True:
        if in_class or scope.type != "class_definition":
            yield scope
        if scope.type == "module" or scope.parent is None:
            return
        in_class = in_class and scope.type == TYPE_PARAMETERS
        scope = outer_scope(scope)


def binding_scope(node: Node) -> Node | None:
    """The scope in which the identifier `node` is bound here; None if it is only used."""
    parent = node.parent
    if parent is None:
        return None
    if parent.type in _PARAMETERS or (parent.type == "typed_parameter" and not is_same(parent.child_by_field_name("type"), node)):
        return _function_of(parent)
    if parent.type in _IN_TYPES and (bound := _bound_type(node)) is not None:
        return bound
    top, holder = node, parent
    while holder.type in _PATTERNS:
        top, holder = holder, holder.parent or holder
        if holder.type in _PARAMETERS or holder.type == "typed_parameter":
            return _function_of(holder)
    if holder.type in _DEFAULTS and is_same(holder.child_by_field_name("name"), top):
        return _function_of(holder)
    field_name = _BINDS.get(holder.type)
    if field_name is not None and is_same(holder.child_by_field_name(field_name), top):
        return _scope_for_binding(holder)
    if _is_alias(node) or _is_import(node) or _is_capture(node) or is_deleted(node):
        return _scope_for_binding(holder)
    return None


def _bound_type(node: Node) -> Node | None:
    """The scope that binds a type parameter, or the name of a ``type`` statement."""
    around = node.parent
    while around is not None and around.type in _IN_TYPES:
        definition = around.parent
        if definition is None:
            return None
        if definition.type == "type_alias_statement" and is_same(_left_of(definition), around):
            return scope_of(definition)
        if around.type == TYPE_PARAMETERS and (found := _list_of_parameters(around)) is not None:
            return found if _begins_parameter(found, node) else None
        if definition.type == "generic_type" and not is_same(definition.named_children[0], around) and around.type != TYPE_PARAMETERS:
            return None
        around = definition
    return None


def _list_of_parameters(listed: Node) -> Node | None:
    """The list itself, if it is a list of type parameters, else None."""
    definition = listed.parent
    if definition is not None and definition.type == "generic_type":
        left = definition.parent
        definition = left.parent if left is not None else None
    return listed if definition is not None and definition.type in _GENERIC and is_same(type_parameters_of(definition), listed) else None


def _begins_parameter(listed: Node, node: Node) -> bool:
    """Whether a name stands first in the list, or behind one of its commas.

    This also finds parameters with default values (PEP 696), which the grammar does not know.
    """
    depth, first = 0, False
    for leaf in _leaves(listed):
        if is_same(leaf, node):
            return first
        depth += (leaf.type in {"[", "(", "{"}) - (leaf.type in {"]", ")", "}"})
        first = (depth == 1 and leaf.type in {"[", ","}) or (first and leaf.type in {"*", "**"})
    return False


def _leaves(node: Node) -> Iterator[Node]:
    if not node.children:
        yield node
    for child in node.children:
        yield from _leaves(child)


def _scope_for_binding(holder: Node) -> Node:
    scope = scope_of(holder)
    if holder.type == "named_expression":
        while scope.type in COMPREHENSIONS:
            scope = outer_scope(scope)
    return scope


def _is_import(node: Node) -> bool:
    """Whether an import statement binds the name.

    It binds the first part of a dotted name, or the last name of ``from … import``.
    """
    parent = node.parent
    if parent is None or parent.type != "dotted_name" or parent.parent is None:
        return False
    statement = parent.parent
    if statement.type == "import_statement":
        return is_same(parent.named_children[0], node)
    return statement.type == "import_from_statement" and not is_same(statement.child_by_field_name("module_name"), parent)


def _is_alias(node: Node) -> bool:
    """Whether the name stands behind an ``as`` outside of imports, alone or in brackets."""
    top, parent = node, node.parent
    while parent is not None and parent.type in {"tuple", "list", "parenthesized_expression", "list_splat"}:
        top, parent = parent, parent.parent
    if parent is None:
        return False
    return parent.type == "as_pattern_target" or (parent.type == "as_pattern" and is_same(parent.named_children[-1], top))


def _is_capture(node: Node) -> bool:
    """Whether the name is a bare name in a ``case``, which binds it."""
    parent = node.parent
    if parent is None or parent.type == "splat_pattern":
        return parent is not None
    around = parent.parent
    if parent.type != "dotted_name" or len(parent.named_children) > 1 or around is None:
        return False
    return around.type == "case_pattern" or (around.type == "keyword_pattern" and not is_same(around.named_children[0], parent))


def is_deleted(node: Node) -> bool:
    """Whether the name stands behind ``del``, which makes it local as an assignment does."""
    parent = node.parent
    while parent is not None and parent.type in {"expression_list", "tuple", "list", "parenthesized_expression"}:
        parent = parent.parent
    return parent is not None and parent.type == "delete_statement"


def _function_of(node: Node) -> Node:
    found: Node | None = node
    while found is not None and found.type not in FUNCTIONS:
        found = found.parent
    return found if found is not None else node
