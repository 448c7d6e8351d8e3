"""Signatures and calls by Python's rules (language reference, 6.3.4 and 8.7).

They say what each argument is bound to, and how a call is written for another signature. A call
that cannot be bound for certain is never guessed at.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.features.rename.signature import effects
from seed_lsp.features.rename.signature.effects import Evaluation
from seed_lsp.source.document import Document

Kind = Literal["positional_only", "either", "args", "keyword_only", "kwargs"]

OTHER_ORDER = "its arguments would be evaluated in another order"


class UnboundError(Exception):
    """A call cannot be bound or rewritten, for the reason in the text; it stays as it is."""


class MissingValueError(UnboundError):
    """A call would have to pass a value that nobody gave."""


@dataclass(frozen=True)
class Parameter:
    """A parameter; `annotation` and `default` are expressions as written, or None."""

    name: str
    kind: Kind
    annotation: str | None = None
    default: str | None = None

    @property
    def text(self) -> str:
        written = {"args": "*", "kwargs": "**"}.get(self.kind, "") + self.name
        if self.annotation is not None:
            written += f": {self.annotation}"
        if self.default is None:
            return written
        return written + (f" = {self.default}" if self.annotation is not None else f"={self.default}")

    @property
    def is_splat(self) -> bool:
        return self.kind in {"args", "kwargs"}

    @property
    def by_place(self) -> bool:
        return self.kind in {"positional_only", "either"}


@dataclass(frozen=True)
class Argument:
    """An argument of a call: an expression, with the name of its parameter, if it is named.

    `name` is "" if the argument is positional. `simple` says that evaluating it has no effect.
    `as_written` is the whole text of a named argument, with its spaces. `index` is its position in
    the call; it is infinite for an argument that the call did not have. `evaluation` is only called
    if the position changes.
    """

    text: str
    name: str = ""
    simple: bool = True
    as_written: str = ""
    evaluation: Callable[[], Evaluation] = field(default=Evaluation, compare=False)
    index: float = math.inf

    @property
    def written(self) -> str:
        return self.as_written or (f"{self.name}={self.text}" if self.name else self.text)

    def named(self, name: str) -> Argument:
        """The same argument with another name; with "" it is positional."""
        return self if self.name == name else replace(self, name=name, as_written="")


@dataclass(frozen=True)
class SignatureChange:
    """A change from the `old` parameters to the `new` ones.

    `was` maps the name of a new parameter to that of the old one that it continues. Any other new
    parameter continues the old one of its own name. `arguments` has expressions for parameters that
    calls have no value for yet.
    """

    old: tuple[Parameter, ...]
    new: tuple[Parameter, ...]
    was: Mapping[str, str]
    arguments: Mapping[str, str]

    def source_of(self, parameter: Parameter) -> Parameter | None:
        """The old parameter that a new one continues; None if it continues none."""
        name = self.was.get(parameter.name, parameter.name)
        return next((old for old in self.old if old.name == name and old.name not in self._taken(parameter)), None)

    def _taken(self, parameter: Parameter) -> set[str]:
        """The names of old parameters that other new parameters continue by `was`."""
        return {old for new, old in self.was.items() if new != parameter.name}

    @property
    def missing(self) -> tuple[str, ...]:
        """The new parameters that a call has to pass, without an expression for them."""
        return tuple(
            p.name for p in self.new if not p.is_splat and p.default is None and p.name not in self.arguments and self.source_of(p) is None
        )

    @property
    def removed(self) -> list[Parameter]:
        kept = {source.name for new in self.new if (source := self.source_of(new)) is not None}
        return [old for old in self.old if old.name not in kept]

    @property
    def renamed(self) -> dict[str, str]:
        """The new names of renamed parameters, by their old names."""
        return {source.name: new.name for new in self.new if (source := self.source_of(new)) is not None and source.name != new.name}


def parse_signature(text: str) -> tuple[Parameter, ...]:
    """The parameters of a signature, written as between ``def f`` and the colon.

    `RenameRefusedError` if the text is no signature.
    """
    inner = text.strip()
    inner = inner if inner.startswith("(") else f"({inner})"
    file = PythonFile(Document("", f"def f{inner}: ...\n", language="python"))
    function = file.tree.root_node.named_children[0] if file.tree.root_node.named_children else None
    parameters = function.child_by_field_name("parameters") if function is not None else None
    if file.tree.root_node.has_error or parameters is None:
        raise RenameRefusedError(f"{text!r} is no signature; write it as in a definition, such as (self, width, height=1, *, unit)")
    found = parameters_of(file, parameters)
    names = [parameter.name for parameter in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise RenameRefusedError(f"the signature has {twice} twice")
    required_late = False
    for parameter in found:
        if parameter.by_place and parameter.default is None and required_late:
            raise RenameRefusedError(f"{parameter.name} has no default and stands behind one that has")
        required_late = required_late or (parameter.by_place and parameter.default is not None)
    return found


def parameters_of(file: PythonFile, node: Node, text_of: Callable[[Node], str] | None = None) -> tuple[Parameter, ...]:
    """The parameters of a ``parameters`` node.

    `text_of` returns the text of a node with the edits made so far.
    """
    found: list[Parameter] = []
    kind: Kind = "either"
    for child in node.named_children:
        if child.type == "positional_separator":
            found = [replace(p, kind="positional_only") for p in found]
        elif child.type == "keyword_separator":
            kind = "keyword_only"
        elif child.type != "comment":
            parameter = _parameter(text_of or file.text_of, child, kind)
            found.append(parameter)
            kind = "keyword_only" if parameter.kind == "args" else kind
    return tuple(found)


def _parameter(text_of: Callable[[Node], str], node: Node, kind: Kind) -> Parameter:
    name, annotation, default = (node.child_by_field_name(part) for part in ("name", "type", "value"))
    inner = node
    while name is None and inner.type != "identifier":
        if inner.type == "list_splat_pattern":
            kind = "args"
        elif inner.type == "dictionary_splat_pattern":
            kind = "kwargs"
        inner = inner.named_children[0]
    found = name if name is not None else inner
    parts = (None if part is None else text_of(part) for part in (annotation, default))
    return Parameter(text_of(found), kind, *parts)


def pieces_of(parameters: Sequence[Parameter]) -> list[str]:
    """The parameters as they are written, with the separators that their kinds need."""
    pieces: list[str] = []
    for i, parameter in enumerate(parameters):
        if parameter.kind == "keyword_only" and not any(p.kind in {"args", "keyword_only"} for p in parameters[:i]):
            pieces.append("*")
        pieces.append(parameter.text)
        following = parameters[i + 1].kind if i + 1 < len(parameters) else None
        if parameter.kind == "positional_only" and following != "positional_only":
            pieces.append("/")
    return pieces


def arguments_of(
    file: PythonFile, node: Node, text_of: Callable[[Node], str] | None = None, of_call: effects.Ask = lambda _call: None
) -> list[Argument]:
    """The arguments of an ``argument_list`` node, or of a generator that is the only argument.

    `text_of` returns the text of a node with the edits made so far. `UnboundError` if a star hides
    what is passed.
    """
    text_of = text_of or file.text_of
    if node.type != "argument_list":
        return [Argument(text_of(node), simple=False, evaluation=functools.partial(effects.evaluation_of, file, node, of_call), index=0)]
    found: list[Argument] = []
    for child in (child for child in node.named_children if child.type != "comment"):
        if child.type in {"list_splat", "dictionary_splat"}:
            raise UnboundError("a star in the call hides what is passed")
        name, value = (child.child_by_field_name(part) for part in ("name", "value"))
        if child.type != "keyword_argument" or name is None or value is None:
            name, value = None, child
        found.append(
            Argument(
                text_of(value),
                "" if name is None else file.text_of(name),
                effects.is_simple(value),
                "" if name is None else text_of(child),
                functools.cache(functools.partial(effects.evaluation_of, file, value, of_call)),
                len(found),
            )
        )
    return found


def bind(parameters: Sequence[Parameter], arguments: Sequence[Argument]) -> tuple[dict[str, Argument], list[Argument]]:
    """The argument of each parameter, and those that ``*args`` and ``**kwargs`` take.

    `UnboundError` if the call does not fit the signature.
    """
    bound: dict[str, Argument] = {}
    more: list[Argument] = []
    places = [p for p in parameters if p.by_place]
    names = {p.name for p in parameters if p.kind in {"either", "keyword_only"}}
    takes_args, takes_kwargs = (any(p.kind == kind for p in parameters) for kind in ("args", "kwargs"))
    given = 0
    for argument in arguments:
        if not argument.name:
            if given < len(places):
                bound[places[given].name] = argument
                given += 1
            elif takes_args:
                more.append(argument)
            else:
                raise UnboundError("the call passes more than the function takes")
        elif argument.name in names and argument.name not in bound:
            bound[argument.name] = argument
        elif takes_kwargs and argument.name not in bound:
            more.append(argument)
        else:
            raise UnboundError(f"the call names {argument.name}, which the function does not take")
    missing = [p.name for p in parameters if not p.is_splat and p.default is None and p.name not in bound]
    if missing:
        raise UnboundError(f"the call passes no {missing[0]}")
    return bound, more


def rewritten(change: SignatureChange, arguments: Sequence[Argument], *, skip_first: bool) -> list[Argument]:
    """The arguments of a call for the new signature.

    With `skip_first`, the first parameter is the object, which the call does not pass. Effects keep
    their order: if they would not, arguments are named and keep their positions. `UnboundError` if
    the call cannot be rewritten for certain.
    """
    old, new = (tuple(parameters[1:] if skip_first else parameters) for parameters in (change.old, change.new))
    bound, more = bind(old, arguments)
    for removed in change.removed:
        dropped = bound.get(removed.name)
        if dropped is not None and (not dropped.simple or dropped.evaluation().acts):
            raise UnboundError(f"what is passed for {removed.name} may have an effect")
    passed = [(parameter, _argument_for(change, parameter, bound)) for parameter in new if not parameter.is_splat]
    _require_room(new, more)
    most = sum(parameter.by_place for parameter in new)
    for places in range(most, -1, -1):
        try:
            found = _arranged(passed, more, places)
        except UnboundError:
            if places == most:
                raise
            break
        if effects.in_order((argument.index, argument.evaluation) for argument in found):
            return found
    raise UnboundError(OTHER_ORDER)


def _require_room(new: Sequence[Parameter], more: Sequence[Argument]) -> None:
    """`UnboundError` unless ``*args`` and ``**kwargs`` still take what they took."""
    kinds = {parameter.kind for parameter in new}
    taken = {parameter.name for parameter in new if parameter.kind in {"either", "keyword_only"}}
    for argument in more:
        if not argument.name and "args" not in kinds:
            raise UnboundError("the call passes more than the function takes now")
        if argument.name and "kwargs" not in kinds:
            raise UnboundError(f"the function takes no {argument.name} any more")
        if argument.name in taken:
            raise UnboundError(f"{argument.name} would go to a parameter of that name")


def _arranged(passed: Sequence[tuple[Parameter, Argument | None]], more: Sequence[Argument], most: int) -> list[Argument]:
    """The arguments as they are written.

    At most `most` of them are positional. The others are named, in the order that they had.
    """
    by_place: list[Argument] = []
    by_name: list[Argument] = []
    in_places = True
    for parameter, argument in passed:
        in_places = in_places and (not parameter.by_place or (argument is not None and len(by_place) < most))
        if argument is None:
            continue
        if parameter.by_place and in_places and (not argument.name or parameter.kind == "positional_only"):
            by_place.append(argument.named(""))
        elif parameter.kind == "positional_only":
            raise UnboundError(f"{parameter.name} cannot be named, and what stands before it is not passed")
        else:
            in_places = in_places and not parameter.by_place
            by_name.append(argument.named(parameter.name))
    extra_places = [argument for argument in more if not argument.name]
    if extra_places and len(by_place) != sum(parameter.by_place for parameter, _ in passed):
        raise UnboundError("what the star takes would move")
    named = [*by_name, *(argument for argument in more if argument.name)]
    return [*by_place, *extra_places, *sorted(named, key=lambda argument: argument.index)]


def _argument_for(change: SignatureChange, parameter: Parameter, bound: Mapping[str, Argument]) -> Argument | None:
    """What a call passes for a parameter of the new signature; None if its default serves."""
    source = change.source_of(parameter)
    if source is not None and source.name in bound:
        return bound[source.name]
    if source is not None and source.default is not None and parameter.default is None:
        # The call relied on a default that is gone.
        if not effects.is_literal_text(source.default):
            raise UnboundError(f"it relied on the default of {source.name}, which may mean something else there")
        return Argument(source.default, parameter.name if parameter.kind != "positional_only" else "")
    if source is None and parameter.name in change.arguments:
        text = change.arguments[parameter.name]
        name = "" if parameter.default is None and parameter.by_place else parameter.name
        return Argument(text, name, evaluation=functools.partial(effects.evaluation_of_text, text))
    if parameter.default is None:
        raise MissingValueError(f"there is nothing to pass for {parameter.name}")
    return None
