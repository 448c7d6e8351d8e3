"""Instructions that change names, texts, annotations and the docstring."""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Callable, Iterator

from benchmarks.refactorings.functions import Definition, docstring_of
from benchmarks.refactorings.instructions.formats import format_nodes, in_one_form, with_f_strings
from benchmarks.refactorings.instructions.instruction import Instruction, Scope, Words, names_in, own_nodes
from benchmarks.refactorings.judges.hints import annotations_of
from benchmarks.refactorings.judges.same import Target, docstring_text, dump
from benchmarks.refactorings.prepared import parameters

MOST_FORMATS = 4


def local_variable(target: Target) -> str:
    """A local variable that can be renamed by its name alone; empty if there is none.

    It is the first by name, of two letters or more, that nothing else of the file is called.
    """
    stored = [one.id for one in own_nodes(target.node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    others = {one.arg for one in ast.walk(target.node) if isinstance(one, ast.arg | ast.keyword)}
    others |= {one.attr for one in ast.walk(target.node) if isinstance(one, ast.Attribute)}
    for one in ast.walk(target.node):
        if isinstance(one, ast.Global | ast.Nonlocal):
            others |= set(one.names)
        elif isinstance(one, ast.ExceptHandler):
            others.add(one.name or "")
        elif isinstance(one, ast.comprehension):
            others |= names_in(one.target)
        elif one is not target.node and isinstance(one, Scope):
            others |= names_in(one)
    read = {one.id for one in own_nodes(target.node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    fit = {name for name in stored if len(name) > 1 and not name.startswith("_") and name in read} - others
    return min(fit, default="")


def _renamed(node: Definition, old: str, new: str) -> Definition:
    one = copy.deepcopy(node)
    for name in ast.walk(one):
        if isinstance(name, ast.Name) and name.id == old:
            name.id = new
    return one


def _judge_formats(old: Target, new: Target) -> str:
    if format_nodes(new.node):
        return "a % or format is left"
    same = dump(in_one_form(old.node), docstring=False) == dump(in_one_form(new.node), docstring=False)
    return "" if same else "the texts are other ones"


def _open(node: Definition) -> set[str]:
    """The parameters that need an annotation and have none: no first `self` or `cls`, no `*`."""
    listed = node.args
    named = [one for one in [*listed.posonlyargs, *listed.args, *listed.kwonlyargs] if one.arg not in {"self", "cls"}]
    return {one.arg for one in named if one.annotation is None}


def _annotated(node: Definition) -> Definition:
    one, wanted = copy.deepcopy(node), _open(node)
    for parameter in parameters(one):
        if parameter.arg in wanted:
            parameter.annotation = ast.Name("object", ast.Load())
    return one


def _judge_annotations(old: Target, new: Target) -> str:
    before, after = annotations_of(old.node), annotations_of(new.node)
    if dump(old.node, docstring=False, annotations=False) != dump(new.node, docstring=False, annotations=False):
        return "more than annotations changed"
    if any(place not in after or ast.dump(after[place]) != ast.dump(one) for place, one in before.items()):
        return "an annotation that was there changed"
    if set(after) - set(before) - {one.arg for one in parameters(old.node)}:
        return "the return got an annotation that nobody asked for"
    if left := _open(new.node):
        return f"{min(left)} has no annotation"
    brought = [one for place, one in after.items() if place not in before]
    unknown = {name for one in brought for name in _type_names(one)} - _known_types(new)
    return f"{min(unknown)} is no type here" if unknown else ""


def _type_names(node: ast.expr) -> set[str]:
    nodes = list(_without_literals(node))
    found = {one.id for one in nodes if isinstance(one, ast.Name)}
    for one in nodes:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            try:
                found |= _type_names(ast.parse(one.value, mode="eval").body)
            except SyntaxError:
                found.add(one.value)
    return found


def _without_literals(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a type, but for the values of a `Literal` and what `Annotated` adds to one."""
    yield node
    name = ast.unparse(node.value).split(".")[-1] if isinstance(node, ast.Subscript) else ""
    for one in ast.iter_child_nodes(node):
        if isinstance(node, ast.Subscript) and one is node.slice and name in {"Literal", "Annotated"}:
            if name == "Annotated" and isinstance(one, ast.Tuple):
                yield from _without_literals(one.elts[0])
        else:
            yield from _without_literals(one)


def _known_types(target: Target) -> set[str]:
    """Built-in classes, and whatever the statements of the module and of the class bind."""
    known = {name for name, value in vars(builtins).items() if isinstance(value, type)}
    owners = [one for one in ast.walk(target.tree) if isinstance(one, ast.ClassDef) and target.node in one.body]
    for one in [below for owner in (target.tree, *owners) for below in own_nodes(owner)]:
        if isinstance(one, ast.Import | ast.ImportFrom):
            known |= {(alias.asname or alias.name).split(".")[0] for alias in one.names}
        elif isinstance(one, ast.ClassDef):
            known.add(one.name)
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            known.add(one.id)
    return known


def _with_one_line(node: Definition) -> Definition:
    one = copy.deepcopy(node)
    docstring = docstring_of(one)
    assert docstring is not None, "only functions with a docstring fit"
    docstring.value = ast.Constant(docstring_text(node).strip().split("\n")[0])
    return one


def _judge_one_line(old: Target, new: Target) -> str:
    text = docstring_text(new.node).strip()
    if not text or "\n" in text:
        return "the docstring has several lines" if text else "the docstring is gone"
    same = dump(old.node, docstring=False) == dump(new.node, docstring=False)
    return "" if same else "more than the docstring changed"


NewName = Callable[[str], str]


def rename(words: Words, new_name: NewName, *, key: str = "rename") -> Instruction:
    """A local variable has another name, in comments as well or not."""

    def judge(old: Target, new: Target) -> str:
        name = local_variable(old)
        if name in names_in(new.node):
            return f"{name} is still there"
        undone = _renamed(new.node, new_name(name), name)
        return "" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than the name changed"

    def said_before(old: Target, text: str) -> str:
        name = local_variable(old)
        return re.sub(rf"\b{re.escape(new_name(name))}\b", name, text)

    return Instruction(
        key,
        words,
        lambda one: bool(local_variable(one)) and new_name(local_variable(one)) not in one.text,
        lambda one: _renamed(one.node, local_variable(one), new_name(local_variable(one))),
        judge,
        said_before=said_before,
    )


def f_strings(words: Words, *, key: str = "f-strings") -> Instruction:
    """Texts are put together by f-strings alone, and print the same."""
    return Instruction(
        key,
        words,
        lambda one: 1 <= len(format_nodes(one.node)) <= MOST_FORMATS and with_f_strings(one.node) is not None,
        lambda one: with_f_strings(one.node) or one.node,
        _judge_formats,
    )


def annotate(words: Words, *, key: str = "annotate") -> Instruction:
    """Each parameter has a type that is known in the file."""
    return Instruction(key, words, lambda one: bool(_open(one.node)), lambda one: _annotated(one.node), _judge_annotations)


def one_line_docstring(words: Words, *, key: str = "one-line-docstring") -> Instruction:
    """The docstring is one line; what it says is not judged."""
    return Instruction(
        key,
        words,
        lambda one: docstring_text(one.node).strip().count("\n") > 1,
        lambda one: _with_one_line(one.node),
        _judge_one_line,
        keeps_docstring=False,
    )


def _value(name: str) -> str:
    return f"{name}_value"


ALL = (
    rename(lambda one: f"Rename the local variable {local_variable(one)} to {_value(local_variable(one))}.", _value),
    f_strings(lambda _one: "Use f-strings instead of % and str.format."),
    annotate(lambda _one: "Add a type annotation to each parameter that has none."),
    one_line_docstring(lambda _one: "Shorten the docstring to one line."),
)
