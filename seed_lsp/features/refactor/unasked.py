"""Changes in a model's text that nobody asked for.

White space within strings and at the ends of lines is put back where that is possible.
"""

from __future__ import annotations

import re

from seed_lsp.source.document import Document, first_indent, split_lines
from seed_lsp.source.patch import with_line_breaks
from seed_lsp.source.syntax import Span, identifiers, parse, text_nodes
from seed_lsp.source.texts import with_old_line_ends, with_old_white_space

# What an instruction calls white space, where that is no name of the code.
_WHITE_SPACE = re.compile(
    r"\b(?:white[ -]?space|spaces?|spacing|blanks?|tabs?|(?:re|de|un)?-?indent(?:s|ed|ing|ation)?|align(?:ed|ing|ment)?|trailing|new[ -]?lines?|line breaks?|reflow|re-?wrap)\b",
    re.IGNORECASE,
)


def keep_white_space(document: Document, span: Span, answer: str, instruction: str | None) -> str:
    """A model's text for a region, with white space as the document has it.

    That means line breaks, indentation, and the white space of strings and comments.

    `instruction`: what the user asked for in words of their own, which may be other white space.
    """
    region, language = document.text[span.start : span.end], document.language
    new = with_line_breaks(_as_deep(region, answer, language), region, document.newline)
    if not new.strip() or (instruction is not None and _is_about_white_space(instruction, region, language)):
        return new
    return with_old_white_space(document, span, with_old_line_ends(region, new), always=instruction is None)


def _is_about_white_space(instruction: str, region: str, language: str) -> bool:
    named = {match.group(0) for match in _WHITE_SPACE.finditer(instruction)}
    return bool(named - identifiers(region, language))


def _as_deep(region: str, answer: str, language: str) -> str:
    """The answer with its code indented as deep as the region's.

    Strings that are less deep can hide the indentation from the model.
    """
    old, new = first_indent(region), first_indent(answer)
    if old == new or all(line.startswith(old) for line in split_lines(region) if line.strip()):
        return answer
    tree = parse(answer, language)
    if tree is None:
        return answer
    source = answer.encode("utf-8", "surrogatepass")
    texts = [(node.start_byte, node.end_byte) for node in text_nodes(tree.root_node)]
    lines, at = [], 0
    for line in source.splitlines(keepends=True):
        code = line.decode("utf-8", "surrogatepass")
        if code.strip() and code.startswith(new) and not any(start < at < end for start, end in texts):
            code = old + code[len(new) :]
        lines.append(code)
        at += len(line)
    return "".join(lines)
