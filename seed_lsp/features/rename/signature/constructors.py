"""What constructs the objects of a class: where it is defined, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.decorators import KEEPS_CONSTRUCTOR
from seed_lsp.features.rename.python.lineage import Lineage, named_bases
from seed_lsp.features.rename.python.names import CONSTRUCTORS
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.definitions import functions_of
from seed_lsp.features.rename.signature.fields import parameters_from_fields
from seed_lsp.features.rename.signature.signature import pieces_of
from seed_lsp.features.rename.sites import Scope, Symbol
from seed_lsp.source.document import CharOffset


@dataclass(frozen=True)
class Constructor:
    """What constructs the objects of a class: a method of this name, or its fields.

    `by_class` is true if the user asked at the class's name, where a signature may leave out the
    object.
    """

    scope: Scope
    method: str
    by_fields: bool = False
    by_class: bool = False


def constructor_at(resolution: Resolution, path: Path, offset: CharOffset) -> Constructor | None:
    """The constructor whose method is named at a place; None if something else is named."""
    place = resolution.place(path)
    occurrence = place.at(offset)
    if resolution.name not in CONSTRUCTORS or occurrence is None or occurrence.role not in {"name", "attribute"}:
        return None
    scopes = resolution.scopes(place, occurrence)
    if len(scopes) != 1 or not all(scope.is_class for scope in scopes):
        return None
    constructor = Constructor(next(iter(scopes)), resolution.name)
    _require_alone(resolution, constructor)
    return constructor


def constructor_of(resolution: Resolution, symbol: Symbol) -> Constructor:
    """The constructor of a class; `RenameRefusedError` if it has none of its own."""
    lineage = Lineage(resolution)
    scope = min(symbol.scopes, key=lambda one: (one.path is None or one.path.suffix != ".py", str(one.path), one.start))
    assert scope.path is not None, "a class of the workspace"
    place = resolution.place(scope.path)
    nodes = [binding.node.parent for binding in place.bindings.get(scope, [])]
    classes = [place.scope(node) for node in nodes if node is not None and node.type == "class_definition"]
    if len(classes) != 1 or len(nodes) != 1:
        raise RenameRefusedError(f"{symbol.name} has several definitions; change the signature of the __init__ that you mean")
    own = lineage.defined(classes[0])
    method = "__init__" if "__init__" in own or not own else "__new__"
    by_fields = method == "__init__" and lineage.is_dataclass(classes[0])
    if not own and not by_fields:
        _, node = lineage.place_of(classes[0])
        if any(place.file.text_of(base) == "NamedTuple" for base in named_bases(node)):
            raise RenameRefusedError(f"the fields of {symbol.name} are its places as a tuple, too; they cannot be followed")
        unknown = sorted(set(names.decorators_of(place.file, lineage.place_of(classes[0])[1])) - KEEPS_CONSTRUCTOR)
        if unknown:
            raise RenameRefusedError(f"{symbol.name} may have its constructor from {unknown[0]}, which is not known; there is no __init__")
        above = lineage.constructor(classes[0], "__init__") or lineage.constructor(classes[0], "__new__")
        where = f"; its constructor is that of {lineage.title(above)}" if above is not None else ""
        raise RenameRefusedError(f"{symbol.name} has no constructor of its own whose signature could change{where}")
    constructor = Constructor(classes[0], method, by_fields, by_class=True)
    _require_alone(resolution, constructor)
    return constructor


def signature_of(resolution: Resolution, constructor: Constructor) -> str:
    """The parameters of a constructor, in the form that `parse_signature` takes."""
    if constructor.by_fields:
        parameters = parameters_from_fields(Lineage(resolution), constructor.scope)
    else:
        own = resolution.for_name(constructor.method)
        parameters = functions_of(own, frozenset({constructor.scope}))[0].parameters
    return f"({', '.join(pieces_of(parameters))})"


def _require_alone(resolution: Resolution, constructor: Constructor) -> None:
    """`RenameRefusedError` if the arguments also go elsewhere.

    ``__new__`` and ``__init__`` get the same arguments, and the values of an enumeration are
    arguments, too.
    """
    lineage, other = Lineage(resolution), CONSTRUCTORS[constructor.method]
    if lineage.is_enumeration(constructor.scope):
        raise RenameRefusedError(
            f"the members of {lineage.title(constructor.scope)} are made of their values, which are no calls; they cannot be followed"
        )
    also = lineage.constructor(constructor.scope, other)
    if also is not None and not takes_anything(resolution, also, other):
        title = lineage.title(constructor.scope)
        raise RenameRefusedError(
            f"{other} of {lineage.title(also)} takes the same arguments as {constructor.method} of {title}; only one of them would change"
        )


def takes_anything(resolution: Resolution, scope: Scope, method: str) -> bool:
    """Whether the class's method takes any arguments: ``(cls, *args, **kwargs)``."""
    own = resolution.for_name(method)
    for function in functions_of(own, frozenset({scope})):
        if [parameter.kind for parameter in function.parameters[1:]] != ["args", "kwargs"]:
            return False
    return True
