"""How each field of the plan is built, read from its annotation once: what rows, checks and documentation go by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from dr_console.plans.schema import Called, PlanPart, RefersTo, Translated

Kind = Literal["value", "text", "reference", "parts", "values"]


@dataclass(frozen=True)
class Shape:
    """One field: a plain value, a text in every language, a reference, a list of parts or a list of plain values."""

    name: str
    kind: Kind
    type: Any
    optional: bool
    part: type[PlanPart] | None = None
    refers: RefersTo | None = None
    called: str = ""


@cache
def shapes(part: type[PlanPart]) -> tuple[Shape, ...]:
    """The fields of a part, in the order of the file."""
    return tuple(
        _shape(name, Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)
        for name, field in part.model_fields.items()
    )


def _shape(name: str, annotation: Any) -> Shape:
    plain, marks, optional = _unwrapped(annotation)
    kind: Kind = "value"
    if get_origin(plain) is list:
        plain, marks, _ = _unwrapped(get_args(plain)[0])
        kind = "values"
    refers = next((mark for mark in marks if isinstance(mark, RefersTo)), None)
    called = next((mark.name for mark in marks if isinstance(mark, Called)), "")
    if isinstance(plain, type) and issubclass(plain, PlanPart):
        return Shape(name, "parts", plain, optional, part=plain)
    if isinstance(plain, type) and issubclass(plain, Translated):
        kind = "text"
    elif refers and kind == "value":
        kind = "reference"
    return Shape(name, kind, plain, optional, refers=refers, called=called)


def _unwrapped(annotation: Any) -> tuple[Any, list[Any], bool]:
    """The type inside Annotated and Optional, what it was annotated with, and whether it may be left out."""
    marks: list[Any] = []
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            marks += more
        elif get_origin(annotation) in (Union, UnionType):
            (annotation,) = (option for option in get_args(annotation) if option is not NoneType)
            optional = True
        else:
            return annotation, marks, optional
