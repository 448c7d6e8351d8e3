"""Which of a region's statements may change: those that the instruction speaks of, and of an
instruction that only adds something none.

For Python alone, whose own parser tells two programs apart. Each check gives its refusal in the
user's words, or nothing.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from seed_lsp.features.refactor import purpose
from seed_lsp.features.refactor.asked import Asked
from seed_lsp.features.refactor.change import Change, code_key, shown
from seed_lsp.features.refactor.embedding import Allowed, embeds, head, is_within, stored_names, tokens
from seed_lsp.features.refactor.kept_names import parsed
from seed_lsp.features.refactor.spoken import speaks_of_code
from seed_lsp.source.patch import likeness
from seed_lsp.source.syntax import is_text, text_of

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MENDING = re.compile(r"fix|bug|fault|wrong|broken|correct|mend|issue|problem|work|better|improv|fail", re.IGNORECASE)
_ALIKE = 0.5
"""How alike two statements are of which one is a version of the other."""
_EXITS = (ast.Return, ast.Continue, ast.Break)


def is_readable(change: Change) -> bool:
    """Whether Python reads the new code, if it reads the old one."""
    return parsed(change.region, change) is None or parsed(change.new, change) is not None


def changed_besides_texts(change: Change) -> str:
    """Comments are no code, and docstrings hardly are."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not purpose.is_about_texts(change.asked):
        return ""
    if re.search(r"\bdoc-?strings?\b", change.asked.spoken, re.IGNORECASE) and len(_loose_texts(new)) > len(_loose_texts(old)):
        return "the model wrote a string that is no docstring; try again with another selection"
    if purpose.adds(change.asked) and not _grows(change):
        return "the model added nothing; try again with other words"
    if purpose.is_about_docstrings(change.asked):
        old, new = _without_docstrings(old), _without_docstrings(new)
    if ast.dump(old) == ast.dump(new):
        return ""
    return f"the model changed code{_odd(old, new)}, where only text was asked for; try again with other words"


def changed_texts_alone(change: Change) -> str:
    """Who speaks of code is not served with other words in a comment or docstring."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not change.asked.instruction or change.asked.speaks_of("comments", "strings", "licences", "fences"):
        return ""
    if ast.dump(_without_docstrings(old)) != ast.dump(_without_docstrings(new)) or len(change.new.split()) > len(change.region.split()):
        return ""
    return "the model changed nothing but comments or the docstring; try again with other words"


def changed_besides_types(change: Change) -> str:
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not purpose.is_about_types(change.asked):
        return ""
    spoken = change.asked.spoken
    about_all = not re.search(r"\b(?:param\w*|arg\w*)\b", spoken, re.IGNORECASE) or change.asked.speaks_of("returns")
    if not about_all and _returns(old) != _returns(new):
        return "the model annotated what is returned, where only parameters were asked for; try again with other words"
    if ast.dump(_without_types(old)) == ast.dump(_without_types(new)):
        return ""
    return f"the model changed code{_odd(_without_types(old), _without_types(new))}, where only types were asked for; try again with other words"


def changed_old_code(change: Change) -> str:
    """An instruction to add something lets nothing go."""
    adds, widens = purpose.adds(change.asked), purpose.widens(change.asked)
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not (adds or widens) or purpose.is_about_texts(change.asked) or purpose.is_about_types(change.asked):
        return ""
    added = _parameters(new) - _parameters(old)

    def may_grow(before: Sequence[str], after: Sequence[str]) -> bool:
        return is_within(before, after) and (widens or bool(added & set(after)))

    def wraps(node: ast.AST, block: str) -> bool:
        """Whether old code may stand in a new statement: under a new condition only if asked."""
        return widens and (not isinstance(node, ast.If) or block == "orelse" or purpose.may_skip(change.asked))

    if not embeds(old, new, Allowed(wraps, may_grow, keeps_result=True, raises=purpose.raises(change.asked))):
        return f"the model changed or moved code{_odd(old, new)}, where something was to be added; say what else may change"
    if not _grows(change):
        return "the model added nothing; try again with other words"
    if widens:
        return ""
    words = change.asked.words | added
    again = (Counter(_stored(new)) - Counter(_stored(old))).keys() & set(_stored(old)) - words
    if again:
        return f"the model gives {min(again)} another value, of which the instruction says nothing; say that it may change"
    exits = _exits(new) - _exits(old)
    if purpose.only_tells(change.asked) and exits > 0:
        return "the model added a way out of the code, of which the instruction says nothing; try again with other words"
    return ""


def _grows(change: Change) -> bool:
    """Whether the answer has more code."""
    assert change.before is not None, "Python has a grammar"
    assert change.after is not None, "Python has a grammar"
    sides = [
        Counter(code_key(text_of(node)) for node in side.nodes if is_text(node) or not node.child_count)
        for side in (change.before, change.after)
    ]
    return bool(sides[1] - sides[0])


def changed_unspoken(change: Change) -> str:
    """Each statement that goes or changes has something in it that the instruction speaks of."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    asked = change.asked
    if (
        old is None
        or new is None
        or purpose.keeps_behaviour(asked)
        or not asked.instruction
        or not asked.is_brief
        or asked.speaks_of("faults")
        or purpose.leaves_open(asked)
    ):
        # Where a fault is, the instruction rarely says.
        return ""
    if asked.speaks_of("names") or (
        re.search(r"\b(?:this|it|function|everything|all|class|code|bod(?:y|ies))\b", asked.spoken) and asked.speaks_of("removal")
    ):
        return ""
    gone, come = Counter(_heads(old)) - Counter(_heads(new)), Counter(_heads(new)) - Counter(_heads(old))
    for one in gone:
        if not speaks_of_code(asked, one) and not any(_is_spoken_version(asked, one, other) for other in come):
            return f"the model changed or left out {shown(one)}, of which the instruction says nothing; name what should change"
    return ""


def unspoken_alone(change: Change) -> str:
    """An answer has something of what the instruction says."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    asked = change.asked
    vague = (
        _MENDING.search(asked.instruction)
        or purpose.keeps_behaviour(asked)
        or purpose.adds(asked)
        or purpose.widens(asked)
        or asked.speaks_of("names", "removal")
    )
    if old is None or new is None or vague or purpose.is_about_texts(asked) or purpose.is_about_types(asked):
        return ""
    gone, come = Counter(_heads(old)) - Counter(_heads(new)), Counter(_heads(new)) - Counter(_heads(old))
    changed = [*gone, *come]
    if not changed or any(speaks_of_code(asked, one) for one in (*changed, *_signatures(new))):
        return ""
    words = {word for one in changed for word in re.findall(r"\w+", one)}
    if words & asked.words:
        return ""
    return "the model's change has nothing of what the instruction says; try again with other words"


def _is_spoken_version(asked: Asked, one: str, other: str) -> bool:
    """Whether a statement became another one that has more, or whose new pieces the instruction
    names.
    """
    before, after = tokens(one), tokens(other)
    if is_within(before, after):
        return True
    come = Counter(after) - Counter(before)
    return likeness(one, other) >= _ALIKE and any(asked.names(word) for token in come for word in re.findall(r"\w+", token))


def _heads(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.excepthandler)) and not isinstance(node, (*_DEFINITIONS, ast.Try)) and not _is_text(node):
            yield head(node)


def _signatures(tree: ast.AST) -> Iterator[str]:
    return (head(node) for node in ast.walk(tree) if isinstance(node, _DEFINITIONS))


def _odd(old: ast.AST, new: ast.AST) -> str:
    """The first of the old statements that is not among the new ones, to be told of."""
    left = Counter(_heads(new))
    for one in _heads(old):
        if not left[one]:
            return f" ({shown(one)})"
        left[one] -= 1
    return ""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _loose_texts(tree: ast.AST) -> list[ast.AST]:
    """Strings that stand alone and are no docstring."""
    docstrings = {node.body[0] for node in ast.walk(tree) if isinstance(node, _DEFINITIONS)}
    return [node for node in ast.walk(tree) if _is_text(node) and node not in docstrings]


def _stored(tree: ast.AST) -> list[str]:
    return [*stored_names(tree)]


def _exits(tree: ast.AST) -> int:
    return sum(isinstance(node, _EXITS) for node in ast.walk(tree))


def _parameters(tree: ast.AST) -> set[str]:
    return {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def _returns(tree: ast.AST) -> list[str]:
    return [
        ast.unparse(node.returns) if node.returns is not None else ""
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    class Remover(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
            return None if _is_text(node) else node

        def visit_Pass(self, _node: ast.Pass) -> None:
            return None

    Remover().visit(tree)
    return tree


def _without_types(tree: ast.Module) -> ast.Module:
    class Remover(ast.NodeTransformer):
        def visit_arg(self, node: ast.arg) -> ast.arg:
            node.annotation = None
            return node

        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
            self.generic_visit(node)
            node.returns = None
            return node

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
            self.generic_visit(node)
            node.returns = None
            return node

        def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
            if node.value is None:
                return node
            return ast.copy_location(ast.Assign([node.target], node.value), node)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
            return None if node.module in {"typing", "collections.abc"} else node

    Remover().visit(tree)
    return tree
