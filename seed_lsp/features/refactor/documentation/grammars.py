"""What the syntax trees of languages with documentation comments tell about definitions.

Node types are those of the tree-sitter grammars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

BLOCK, LINES = "/**", "///"
_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})


@dataclass(frozen=True)
class Grammar:
    """A language's definitions, and how it documents them.

    `forms` are what a documentation comment may begin with, the usual first. `tags` name the
    sections that such comments have, by what they are about. `wrappers` are nodes that begin with a
    definition, such as ``export``; `attached` stand before one and belong to it, such as
    attributes. `holders` are declarations of variables that define a function where their value is
    one of `values`. `nested` are nodes whose returns are not those of the function around.
    """

    functions: frozenset[str]
    classes: frozenset[str]
    forms: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    wrappers: frozenset[str] = frozenset()
    attached: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    nested: frozenset[str] = frozenset()
    separator: str = " "
    """Between a parameter's name and its description."""
    starts_with_name: bool = False
    spreads: bool = False
    """Whether a comment of one line usually has its signs on lines of their own."""


_JAVASCRIPT = Grammar(
    functions=frozenset({"function_declaration", "generator_function_declaration", "method_definition"}),
    classes=frozenset({"class_declaration"}),
    forms=(BLOCK,),
    tags={"parameters": "@param", "returns": "@returns", "raises": "@throws"},
    wrappers=frozenset({"export_statement"}),
    attached=frozenset({"decorator"}),
    holders=frozenset({"lexical_declaration", "variable_declaration", "field_definition", "public_field_definition"}),
    values=_FUNCTION_VALUES,
    nested=frozenset(
        {"function_declaration", "generator_function_declaration", "method_definition", "class_declaration", *_FUNCTION_VALUES}
    ),
    separator=" - ",
)
_TYPESCRIPT_FUNCTIONS = frozenset({"function_signature", "method_signature", "abstract_method_signature"})
_TYPESCRIPT_CLASSES = frozenset({"abstract_class_declaration", "interface_declaration", "type_alias_declaration", "enum_declaration"})
_TYPESCRIPT = Grammar(
    functions=_JAVASCRIPT.functions | _TYPESCRIPT_FUNCTIONS,
    classes=_JAVASCRIPT.classes | _TYPESCRIPT_CLASSES,
    forms=_JAVASCRIPT.forms,
    tags=_JAVASCRIPT.tags,
    wrappers=_JAVASCRIPT.wrappers | {"ambient_declaration"},
    attached=_JAVASCRIPT.attached,
    holders=_JAVASCRIPT.holders,
    values=_JAVASCRIPT.values,
    nested=_JAVASCRIPT.nested,
    separator=_JAVASCRIPT.separator,
)
_DOXYGEN = {"parameters": "@param", "returns": "@return", "raises": "@throws"}
_C = Grammar(
    functions=frozenset({"function_definition", "declaration", "field_declaration"}),
    classes=frozenset({"struct_specifier", "union_specifier", "enum_specifier"}),
    forms=(BLOCK, LINES, "/*!", "//!"),
    tags=_DOXYGEN,
    wrappers=frozenset({"type_definition"}),
)
_CPP = Grammar(
    functions=_C.functions,
    classes=_C.classes | {"class_specifier", "concept_definition"},
    forms=_C.forms,
    tags=_DOXYGEN,
    wrappers=_C.wrappers | {"template_declaration"},
    nested=frozenset({"lambda_expression", "class_specifier", "struct_specifier"}),
)
_GO = Grammar(
    functions=frozenset({"function_declaration", "method_declaration"}),
    classes=frozenset({"type_declaration"}),
    forms=("//", "/*"),
    starts_with_name=True,
)
_RUST = Grammar(
    functions=frozenset({"function_item", "function_signature_item"}),
    classes=frozenset({"struct_item", "enum_item", "union_item", "trait_item", "type_item"}),
    forms=(LINES, BLOCK),
    attached=frozenset({"attribute_item"}),
)
_JAVA = Grammar(
    functions=frozenset({"method_declaration", "constructor_declaration", "compact_constructor_declaration"}),
    classes=frozenset(
        {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration", "annotation_type_declaration"}
    ),
    forms=(BLOCK,),
    tags={"parameters": "@param", "returns": "@return", "raises": "@throws"},
    nested=frozenset({"lambda_expression", "class_body"}),
    spreads=True,
)

GRAMMARS: Mapping[str, Grammar] = {
    "javascript": _JAVASCRIPT,
    "javascriptreact": _JAVASCRIPT,
    "typescript": _TYPESCRIPT,
    "typescriptreact": _TYPESCRIPT,
    "go": _GO,
    "rust": _RUST,
    "java": _JAVA,
    "c": _C,
    "cpp": _CPP,
}
