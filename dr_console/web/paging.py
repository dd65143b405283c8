"""Pages of a list by place (keyset), not by number: as quick at row 900,000 as at row 1, and nothing is counted.

A page starts after (or ends before) a row named by its sort value and primary key. That asks for one comparison of two
values, `(started_at, id) < (…, …)`, which an index on both columns serves at any depth; spelled out with OR, as Django
does on SQLite, no index would. Where the sort column may be NULL, the rows with and without a value are two stretches,
each asked for on its own, in the order in which the database itself puts them: PostgreSQL takes NULL for the largest
value, SQLite for the smallest, and asking either for the other order would cost the index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import BooleanField, Expression, F, Field, Func, Model, Q, QuerySet, Value
from django.db.models.constants import LOOKUP_SEP

ROWS = 25
_signer = signing.Signer(salt="dr_console.web.paging")

Row = TypeVar("Row", bound=Model)


class BrokenCursor(ValueError):
    """The place in the list that an address names cannot be understood."""


@dataclass(frozen=True)
class Order:
    """By which column a list is sorted, with the primary key deciding between equals, in the same direction."""

    path: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str) -> Order:
        """From Django's way of writing it: "-started_at", "service__name"."""
        return cls(text.removeprefix("-"), text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.path}" if self.descending else self.path


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the cursors of the pages on either side of them; None where there is nothing more."""

    rows: list[Row]
    previous: str | None
    next: str | None


@dataclass(frozen=True)
class _Place:
    """A row's place in the order, and on which side of it the page lies."""

    forward: bool
    value: Any
    pk: Any


def keyset_page(queryset: QuerySet[Row], order: Order, cursor: str = "", *, rows: int = ROWS) -> Page[Row]:
    """The page of `queryset` at `cursor`, or the first one. Raises BrokenCursor."""
    column = _Column(queryset, order)
    place = column.place(cursor) if cursor else None
    if place is None:
        return _first(column, rows)
    page = _forward(column, place, rows) if place.forward else _backward(column, place, rows)
    # The rows there were deleted meanwhile, or fewer are left than make a page: begin at the beginning.
    return page or _first(column, rows)


def _first(column: _Column, rows: int) -> Page[Any]:
    found = column.rows_from(None, forward=True, most=rows + 1)
    return Page(found[:rows], None, column.cursor(found[rows - 1], forward=True) if len(found) > rows else None)


def _forward(column: _Column, place: _Place, rows: int) -> Page[Any] | None:
    found = column.rows_from(place, forward=True, most=rows + 1)
    if not found:
        return None
    onward = column.cursor(found[rows - 1], forward=True) if len(found) > rows else None
    return Page(found[:rows], column.cursor(found[0], forward=False), onward)


def _backward(column: _Column, place: _Place, rows: int) -> Page[Any] | None:
    found = column.rows_from(place, forward=False, most=rows + 1)
    if len(found) <= rows:
        return None
    found = found[:rows][::-1]
    return Page(found, column.cursor(found[0], forward=False), column.cursor(found[-1], forward=True))


class _Column:
    """The sort column of one queryset: how to read it from a row, write it into a cursor, and compare with it."""

    def __init__(self, queryset: QuerySet[Any], order: Order) -> None:
        self.queryset = queryset
        self.order = order
        self.field, self.attributes, self.nullable = _resolve(queryset, order.path)
        self.pk: Field[Any, Any] = queryset.model._meta.pk
        self.nulls_are_largest = connections[queryset.db].features.nulls_order_largest

    def cursor(self, row: Model, *, forward: bool) -> str:
        value: Any = row
        for name in self.attributes:
            value = None if value is None else getattr(value, name)
        # str() of a datetime loses nothing, unlike Django's JSON, which cuts to milliseconds.
        text = None if value is None else str(value)
        return _signer.sign_object([str(self.order), forward, text, str(row.pk)])

    def place(self, cursor: str) -> _Place:
        try:
            order, forward, text, pk = _signer.unsign_object(cursor)
            if order != str(self.order):
                raise BrokenCursor("a place in another order")
            return _Place(forward, None if text is None else self.field.to_python(text), self.pk.to_python(pk))
        except (signing.BadSignature, ValidationError, ValueError, TypeError) as error:
            raise BrokenCursor(str(error)) from error

    def rows_from(self, place: _Place | None, *, forward: bool, most: int) -> list[Any]:
        descending = self.order.descending == forward
        terms = [F(self.order.path), F("pk")]
        queryset = self.queryset.order_by(*(term.desc() if descending else term.asc() for term in terms))
        found: list[Any] = []
        for stretch in self._stretches(place, descending):
            if len(found) < most:
                found += queryset.filter(stretch)[: most - len(found)]
        return found

    def _stretches(self, place: _Place | None, descending: bool) -> Iterator[Q | Expression]:
        """The rows after `place` in the given direction, as conditions that follow one another."""
        if place is None:
            yield Q()
            return
        path = self.order.path
        if place.value is not None:
            yield _Beyond(path, self.field, self.pk, place, descending)
        else:
            yield Q(**{f"{path}__isnull": True, f"pk__{'lt' if descending else 'gt'}": place.pk})
        nulls_come_last = self.nulls_are_largest != descending
        if self.nullable and (place.value is None) != nulls_come_last:
            yield Q(**{f"{path}__isnull": place.value is not None})


class _Beyond(Func):
    """(column, key) > (value, key), compared as a whole."""

    output_field = BooleanField()

    def __init__(self, path: str, field: Field[Any, Any], pk: Field[Any, Any], place: _Place, descending: bool) -> None:
        super().__init__(F(path), F("pk"), Value(place.value, output_field=field), Value(place.pk, output_field=pk))
        self.operator = "<" if descending else ">"

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        parts: list[str] = []
        parameters: list[Any] = []
        for expression in self.get_source_expressions():
            sql, values = compiler.compile(expression)
            parts.append(sql)
            parameters += values
        return "({}, {}) {operator} ({}, {})".format(*parts, operator=self.operator), tuple(parameters)


def _resolve(queryset: QuerySet[Any], path: str) -> tuple[Field[Any, Any], list[str], bool]:
    """The field at the end of the path, the attributes that lead to its value, and whether that may be NULL."""
    if path in queryset.query.annotations:
        return queryset.query.annotations[path].output_field, [path], True
    model, nullable = queryset.model, False
    attributes = []
    field: Any = None
    for name in path.split(LOOKUP_SEP):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        attributes.append(name)
        nullable = nullable or field.null
        model = field.related_model
    if field.is_relation:
        return field.target_field, [*attributes[:-1], field.attname], nullable
    return field, attributes, nullable
