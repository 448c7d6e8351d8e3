"""What the syntax trees of other languages than Python tell about names.

For each language: which nodes are scopes, which nodes bind a name and in which scope, and which
names are parts of something else. Node types are those of the tree-sitter grammars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.source.document import Document

Where = Literal["here", "outer", "hoisted", "after", "within", "itself"]
"""The scope in which a definition binds its name.

``here``: the innermost scope around the name. ``outer``: the scope around the definition, if the
definition is a scope itself. ``hoisted``: the function around. ``after``: the scope around, from
the end of the definition on. ``within``: the definition's own scope, behind the value that it
takes. ``itself``: the definition's own scope, where any other binding of the name hides this one.
"""

FAMILIES = {
    **dict.fromkeys(("javascript", "javascriptreact", "typescript", "typescriptreact"), "javascript"),
    **dict.fromkeys(("c", "cpp"), "c"),
    **{language: language for language in ("go", "rust", "java")},
}
"""The family of each language: files of one family may use each other's names."""

ANY = "*"


@dataclass(frozen=True)
class Grammar:
    """What the node types of a language mean for names.

    `scopes` are the nodes that are scopes. `binders` maps a definition to the field that holds its
    name, and to where the name is bound. `patterns` maps the nodes that names may be nested in to
    their fields that hold something else. `members` are pairs of a node and the field of a name in
    it that is a part of something else; `member_types` are identifiers that are always such names.
    `open_scopes` are scopes within a file whose names other files may see.
    """

    scopes: frozenset[str]
    binders: Mapping[str, tuple[str, Where]]
    patterns: Mapping[str, frozenset[str]]
    members: frozenset[tuple[str, str]] = frozenset()
    member_types: frozenset[str] = frozenset()
    open_scopes: frozenset[str] = frozenset()
    transparent: frozenset[str] = frozenset()
    """Scopes whose own definition is bound outside of them, such as C++'s ``template <…>``."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Nodes that only are definitions with this field, or this token, among their children."""
    types_alone: frozenset[str] = frozenset()
    values_alone: frozenset[str] = frozenset()
    """`types_alone`: definitions that only a type can mean; `values_alone`: only an expression."""
    hides_earlier: bool = False
    """Whether a scope may define a name again, which hides the earlier definition from then on."""
    constants_in_patterns: bool = False
    """Whether a capitalised name in a pattern is a constant to compare with, and not bound."""

    def binds(self, holder: Node, top: Node, leaf: Node) -> Where | None:
        """The scope in which the definition `holder` binds the name `leaf`; None if it does not.

        `top` is the child of `holder` that holds `leaf`.
        """
        found = self.binders.get(holder.type)
        if found is None or found[0] not in {ANY, field_of(holder, top)}:
            return None
        needed = self.needs.get(holder.type)
        if needed is not None and holder.child_by_field_name(needed) is None and all(child.type != needed for child in holder.children):
            return None
        if self.constants_in_patterns and found[0] in {"pattern", ANY} and (leaf.text or b"")[:1].isupper():
            return None
        if _is_constructor(holder, leaf) or _is_misread_call(holder):
            return None
        hoisted = holder.type == "variable_declarator" and holder.parent is not None and holder.parent.type == "variable_declaration"
        return "hoisted" if hoisted else found[1]

    def sees(self, leaf: Node, holder_type: str) -> bool:
        """Whether a use of a name, in an expression or a type, can mean this kind of definition."""
        in_type = leaf.type == "type_identifier" or (leaf.parent is not None and leaf.parent.type == "nested_type_identifier")
        return holder_type not in (self.values_alone if in_type else self.types_alone)

    def is_pattern(self, node: Node, child: Node) -> bool:
        """Whether `node` is a pattern, and `child` is one of the things that it binds."""
        other = self.patterns.get(node.type)
        return other is not None and field_of(node, child) not in other

    def is_member(self, leaf: Node) -> bool:
        """Whether an identifier is a field, a method, or a name in another module."""
        parent = leaf.parent
        if parent is None or leaf.type in self.member_types:
            return leaf.type in self.member_types
        if parent.type == "token_tree":
            # The arguments of a macro of Rust have no tree, so that the sign before the name
            # decides.
            return leaf.prev_sibling is not None and leaf.prev_sibling.type in {".", "::"}
        if parent.type in {"required_parameter", "optional_parameter"}:
            # A parameter of a TypeScript constructor may be a field as well.
            return any(child.type in {"accessibility_modifier", "readonly", "override_modifier"} for child in parent.children)
        if (parent.type, field_of(parent, leaf)) not in self.members:
            return False
        return parent.type != "import_specifier" or parent.child_by_field_name("alias") is not None

    def may_be_field(self, leaf: Node) -> bool:
        """Whether the name is a field or a variable, depending on a type: Go's ``T{name: 1}``."""
        keyed = leaf.parent.parent if leaf.parent is not None else None
        return keyed is not None and keyed.type == "keyed_element" and field_of(keyed, leaf.parent) == "key"


def require_language(document: Document) -> None:
    """`RenameRefusedError` for a language whose names are not known."""
    if document.language != "python" and document.language not in FAMILIES:
        raise RenameRefusedError(f"names are known in {', '.join(('python', *FAMILIES))}, and this is {document.language}")


def _is_constructor(holder: Node, leaf: Node) -> bool:
    """Whether a definition has the name of the class around it, and so is a constructor (C++)."""
    around = holder.parent
    while around is not None and not around.type.endswith(("class_specifier", "struct_specifier")):
        around = around.parent
    name = around.child_by_field_name("name") if around is not None else None
    return name is not None and name.text == leaf.text and holder.type in {"function_definition", "declaration"}


def _is_misread_call(holder: Node) -> bool:
    """Whether a prototype, or its parameter, stands in a function, and is no prototype (C, C++).

    The grammar reads a macro with a call behind it like that.
    """
    node: Node | None = holder
    if holder.type != "declaration":
        while node is not None and node.type.endswith(("parameter_declaration", "parameter_list", "declarator")):
            node = node.parent
        if holder.type != "parameter_declaration" or node is None or node.type != "declaration":
            return False
    assert node is not None, "a declaration"
    declarator = node.child_by_field_name("declarator")
    while declarator is not None and declarator.type in {"pointer_declarator", "reference_declarator"}:
        declarator = declarator.child_by_field_name("declarator") or declarator.named_children[-1]
    within = node.parent is not None and node.parent.type in {"compound_statement", "if_statement", "for_statement", "case_statement"}
    return within and declarator is not None and declarator.type == "function_declarator"


def field_of(parent: Node, child: Node | None) -> str:
    """The name of the field in which a node has its child; "" if it has none."""
    for i, one in enumerate(parent.children):
        if child is not None and one.id == child.id:
            return parent.field_name_for_child(i) or ""
    return ""


@cache
def grammar_of(language: str) -> Grammar:
    """The grammar of a language; `KeyError` if the language is not one of `FAMILIES`."""
    return _GRAMMARS[language]


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_JAVASCRIPT = Grammar(
    scopes=_set(
        "program function_declaration function_expression generator_function generator_function_declaration arrow_function method_definition "
        "statement_block for_statement for_in_statement catch_clause switch_body class_static_block"
    ),
    binders={
        "function_declaration": ("name", "outer"),
        "generator_function_declaration": ("name", "outer"),
        "function_expression": ("name", "itself"),
        "generator_function": ("name", "itself"),
        "class_declaration": ("name", "outer"),
        "variable_declarator": ("name", "here"),
        "formal_parameters": (ANY, "here"),
        "arrow_function": ("parameter", "here"),
        "catch_clause": ("parameter", "here"),
        "for_in_statement": ("left", "here"),
        "import_clause": (ANY, "here"),
        "namespace_import": (ANY, "here"),
        "import_specifier": (ANY, "here"),
    },
    needs={"for_in_statement": "kind"},
    patterns={
        "object_pattern": frozenset(),
        "array_pattern": frozenset(),
        "rest_pattern": frozenset(),
        "pair_pattern": frozenset({"key"}),
        "assignment_pattern": frozenset({"right"}),
        "object_assignment_pattern": frozenset({"right"}),
    },
    members=frozenset({("export_specifier", "alias"), ("import_specifier", "name")}),
    member_types=_set("property_identifier private_property_identifier statement_identifier"),
)
_TYPESCRIPT = Grammar(
    scopes=_JAVASCRIPT.scopes
    | _set(
        "class_declaration abstract_class_declaration interface_declaration type_alias_declaration internal_module module function_signature "
        "method_signature abstract_method_signature function_type constructor_type call_signature construct_signature index_signature "
        "conditional_type"
    ),
    binders={
        **_JAVASCRIPT.binders,
        "abstract_class_declaration": ("name", "outer"),
        "interface_declaration": ("name", "outer"),
        "type_alias_declaration": ("name", "outer"),
        "enum_declaration": ("name", "outer"),
        "internal_module": ("name", "outer"),
        "module": ("name", "outer"),
        "function_signature": ("name", "outer"),
        "type_parameter": ("name", "here"),
        "mapped_type_clause": ("name", "here"),
        "index_signature": ("name", "here"),
        "infer_type": (ANY, "here"),
        "required_parameter": ("pattern", "here"),
        "optional_parameter": ("pattern", "here"),
    },
    needs=_JAVASCRIPT.needs,
    patterns=_JAVASCRIPT.patterns,
    members=_JAVASCRIPT.members | {("nested_type_identifier", "name"), ("nested_identifier", "property")},
    member_types=_JAVASCRIPT.member_types,
    types_alone=_set("interface_declaration type_alias_declaration type_parameter mapped_type_clause infer_type"),
    values_alone=_set(
        "variable_declarator formal_parameters required_parameter optional_parameter arrow_function catch_clause for_in_statement "
        "function_declaration generator_function_declaration function_expression generator_function function_signature"
    ),
    open_scopes=_set("internal_module module"),
)
_GO = Grammar(
    scopes=_set(
        "source_file function_declaration method_declaration func_literal block if_statement for_statement expression_switch_statement "
        "type_switch_statement expression_case type_case default_case communication_case type_spec function_type method_elem"
    ),
    binders={
        "function_declaration": ("name", "outer"),
        "parameter_declaration": ("name", "here"),
        "variadic_parameter_declaration": ("name", "here"),
        "type_parameter_declaration": ("name", "here"),
        "var_spec": ("name", "after"),
        "const_spec": ("name", "after"),
        "short_var_declaration": ("left", "after"),
        "range_clause": ("left", "after"),
        "receive_statement": ("left", "after"),
        "type_switch_statement": ("alias", "within"),
        "type_spec": ("name", "outer"),
        "type_alias": ("name", "outer"),
        "import_spec": ("name", "here"),
    },
    needs={"range_clause": ":=", "receive_statement": ":="},
    patterns={"expression_list": frozenset()},
    member_types=_set("field_identifier label_name"),
)
_RUST = Grammar(
    scopes=_set(
        "source_file function_item function_signature_item closure_expression block match_arm if_expression while_expression for_expression "
        "impl_item trait_item struct_item enum_item union_item type_item mod_item"
    ),
    binders={
        "function_item": ("name", "outer"),
        "function_signature_item": ("name", "outer"),
        "const_item": ("name", "outer"),
        "static_item": ("name", "outer"),
        "struct_item": ("name", "outer"),
        "enum_item": ("name", "outer"),
        "union_item": ("name", "outer"),
        "trait_item": ("name", "outer"),
        "type_item": ("name", "outer"),
        "mod_item": ("name", "outer"),
        "macro_definition": ("name", "outer"),
        "type_parameter": ("name", "here"),
        "const_parameter": ("name", "here"),
        "parameter": ("pattern", "here"),
        "closure_parameters": (ANY, "here"),
        "let_declaration": ("pattern", "after"),
        "let_condition": ("pattern", "after"),
        "for_expression": ("pattern", "within"),
        "match_arm": ("pattern", "here"),
        "use_as_clause": ("alias", "here"),
        "use_list": (ANY, "here"),
        "use_declaration": ("argument", "here"),
    },
    patterns={
        "tuple_pattern": frozenset(),
        "slice_pattern": frozenset(),
        "reference_pattern": frozenset(),
        "ref_pattern": frozenset(),
        "mut_pattern": frozenset(),
        "captured_pattern": frozenset(),
        "or_pattern": frozenset(),
        "tuple_struct_pattern": frozenset({"type"}),
        "struct_pattern": frozenset({"type"}),
        "field_pattern": frozenset(),
        "match_pattern": frozenset({"condition"}),
    },
    members=frozenset({("scoped_identifier", "name"), ("scoped_type_identifier", "name"), ("enum_variant", "name")}),
    member_types=_set("field_identifier"),
    open_scopes=_set("impl_item trait_item struct_item enum_item union_item mod_item"),
    hides_earlier=True,
    constants_in_patterns=True,
)
_JAVA = Grammar(
    scopes=_set(
        "program class_declaration interface_declaration enum_declaration record_declaration class_body method_declaration "
        "constructor_declaration compact_constructor_declaration block for_statement enhanced_for_statement lambda_expression catch_clause "
        "try_with_resources_statement switch_block switch_block_statement_group switch_rule"
    ),
    binders={
        "class_declaration": ("name", "outer"),
        "interface_declaration": ("name", "outer"),
        "enum_declaration": ("name", "outer"),
        "record_declaration": ("name", "outer"),
        "annotation_type_declaration": ("name", "outer"),
        "type_parameter": (ANY, "here"),
        "variable_declarator": ("name", "here"),
        "formal_parameter": ("name", "here"),
        "inferred_parameters": (ANY, "here"),
        "lambda_expression": ("parameters", "here"),
        "catch_formal_parameter": ("name", "here"),
        "resource": ("name", "here"),
        "enhanced_for_statement": ("name", "within"),
        "instanceof_expression": ("name", "after"),
        "type_pattern": (ANY, "after"),
    },
    patterns={},
    members=frozenset(
        {
            ("field_access", "field"),
            ("method_invocation", "name"),
            ("method_declaration", "name"),
            ("scoped_identifier", "name"),
            ("element_value_pair", "key"),
            ("enum_constant", "name"),
            ("labeled_statement", ""),
            ("break_statement", ""),
            ("continue_statement", ""),
            ("method_reference", ""),
        }
    ),
    open_scopes=_set("class_declaration interface_declaration enum_declaration record_declaration class_body"),
)
_C = Grammar(
    scopes=_set(
        "translation_unit function_definition function_declarator compound_statement for_statement for_range_loop if_statement "
        "while_statement switch_statement lambda_expression catch_clause namespace_definition class_specifier struct_specifier "
        "union_specifier template_declaration preproc_function_def abstract_function_declarator"
    ),
    binders={
        "function_definition": ("declarator", "outer"),
        "declaration": ("declarator", "after"),
        "parameter_declaration": ("declarator", "here"),
        "optional_parameter_declaration": ("declarator", "here"),
        "variadic_parameter_declaration": ("declarator", "here"),
        "for_range_loop": ("declarator", "within"),
        "type_definition": ("declarator", "outer"),
        "alias_declaration": ("name", "here"),
        "struct_specifier": ("name", "outer"),
        "union_specifier": ("name", "outer"),
        "class_specifier": ("name", "outer"),
        "enum_specifier": ("name", "outer"),
        "enumerator": ("name", "here"),
        "namespace_definition": ("name", "outer"),
        "type_parameter_declaration": (ANY, "here"),
        "preproc_def": ("name", "here"),
        "preproc_function_def": ("name", "outer"),
        "preproc_params": (ANY, "here"),
    },
    needs={"struct_specifier": "body", "union_specifier": "body", "class_specifier": "body", "enum_specifier": "body"},
    patterns={
        "init_declarator": frozenset({"value"}),
        "pointer_declarator": frozenset(),
        "reference_declarator": frozenset(),
        "array_declarator": frozenset({"size"}),
        "parenthesized_declarator": frozenset(),
        "attributed_declarator": frozenset(),
        "structured_binding_declarator": frozenset(),
        "function_declarator": frozenset({"parameters"}),
    },
    members=frozenset({("qualified_identifier", "name")}),
    member_types=_set("field_identifier statement_identifier"),
    open_scopes=_set("namespace_definition class_specifier struct_specifier union_specifier"),
    transparent=_set("template_declaration"),
)
_GRAMMARS = {
    "javascript": _JAVASCRIPT,
    "javascriptreact": _JAVASCRIPT,
    "typescript": _TYPESCRIPT,
    "typescriptreact": _TYPESCRIPT,
    "go": _GO,
    "rust": _RUST,
    "java": _JAVA,
    "c": _C,
    "cpp": _C,
}
