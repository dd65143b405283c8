"""Tables of the console: django-tables2, rendered lean.

Its own template costs several times as much (benchmarks/page_render.py): for every cell it inspects the signature of
the same functions, and collects attributes that nobody sets. Here, signatures are remembered, and rows are put together
by `ConsoleTable.body`. Attributes of cells are those of their column; a callable for each cell does not work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.template.defaultfilters import linebreaksbr
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django_tables2 import Column as Column  # offered to the apps together with ours
from django_tables2 import Table, utils
from django_tables2.columns.base import BoundColumn

from dr_console.web import badges, times
from dr_console.web.paging import Page

inspect_signature = utils.signature


@lru_cache(maxsize=1024)
def _signature_of(function: Callable[..., Any]) -> tuple[tuple[str, ...], str | None]:
    return inspect_signature(function)  # type: ignore[no-any-return]


def remembered_signature(function: Callable[..., Any]) -> tuple[tuple[str, ...], str | None]:
    """What django-tables2 asks for every cell. A method is bound anew for every table: remember its function."""
    plain = getattr(function, "__func__", None)
    if plain is None:
        return _signature_of(function)
    arguments, keywords = _signature_of(plain)
    return arguments[1:], keywords


utils.signature = remembered_signature


@dataclass(frozen=True)
class Heading:
    """What stands above a column, and what a click on it sorts by."""

    name: str
    label: str | Promise
    css: str
    #: "ascending" or "descending" when the table is sorted by this column, as aria-sort wants it.
    sorted: str
    #: What to ask for next, "-at"; empty where the column cannot be sorted by.
    next_sort: str

    @property
    def icon(self) -> str:
        return {"ascending": "arrow-up", "descending": "arrow-down"}.get(self.sorted, "arrow-up-down")


class ConsoleTable(Table):
    """A table whose rows come sorted and cut into a page already (see `listing`), or all of them where they are few."""

    #: What the table lists, for people who hear the page.
    caption: str | Promise = ""
    #: How the rows come when nobody has chosen a column, as Django writes it; not necessarily a column.
    default_order = "pk"
    #: What stands where no row does; needs `table` and `filtered`.
    empty_template = "tables/_empty.html"
    #: Set by `listing`.
    page_of_rows: Page[Any] | None = None

    @property
    def order_by(self) -> utils.OrderByTuple | None:
        return self._order_by

    @order_by.setter
    def order_by(self, value: Any) -> None:
        """Only note the order, for the header: django-tables2 would sort the rows again."""
        names = value.split(",") if isinstance(value, str) else (value or ())
        known = [name for name in names if utils.OrderBy(name).bare in self.columns]
        self._order_by = utils.OrderByTuple(known)

    @property
    def headings(self) -> list[Heading]:
        return [_heading(column) for column in self.columns]

    def body(self) -> SafeString:
        """All rows. The first column is the row's heading."""
        columns = list(self.columns)
        tags = [_cell_tags(column, is_heading=index == 0) for index, column in enumerate(columns)]
        rows = []
        for row in self.rows:
            cells = "".join(
                f"{start}{_cell(cell)}{end}" for (start, end), (_column, cell) in zip(tags, row.items(), strict=True)
            )
            attributes = f" {row.attrs.as_html()}" if self.row_attrs else ""
            rows.append(f'<tr role="row"{attributes}>{cells}</tr>')
        return mark_safe("".join(rows))


def _heading(column: BoundColumn) -> Heading:
    alias = column.order_by_alias
    direction = "descending" if alias.is_descending else "ascending"
    return Heading(
        name=column.name,
        label=column.header,
        css=(column.column.attrs.get("td") or {}).get("class", ""),
        sorted=direction if column.is_ordered else "",
        next_sort=str(alias.next) if column.orderable else "",
    )


def _cell_tags(column: BoundColumn, *, is_heading: bool) -> tuple[str, str]:
    css = (column.column.attrs.get("td") or {}).get("class", "")
    name = "th" if is_heading else "td"
    role = 'scope="row" role="rowheader"' if is_heading else 'role="cell"'
    # The label is what the cell is called where a narrow screen shows the row as a card.
    return format_html('<{} {} class="{}" data-label="{}">', name, mark_safe(role), css, column.header), f"</{name}>"


def _cell(value: Any) -> str:
    return conditional_escape(value if isinstance(value, str) else localize(value))


class MomentColumn(Column):
    """A point in time, in UTC and in the person's own time."""

    def render(self, value: datetime) -> SafeString:
        return times.moment(value)


class DurationColumn(Column):
    """A length of time."""

    attrs = {"td": {"class": "num"}}

    def render(self, value: timedelta | float) -> str:
        return times.duration(value)


class NumberColumn(Column):
    """A number, ranged right."""

    attrs = {"td": {"class": "num"}}


class CodeColumn(Column):
    """An identifier, such as a key or an address."""

    def render(self, value: Any) -> SafeString:
        return format_html("<code>{}</code>", value)


class LinesColumn(Column):
    """Text of several lines."""

    def render(self, value: Any) -> SafeString:
        return linebreaksbr(value, autoescape=True)


class SeverityColumn(Column):
    """P0 to P3."""

    def render(self, record: Any, bound_column: BoundColumn) -> SafeString:
        return badges.severity(str(bound_column.accessor.resolve(record)))


class StateColumn(Column):
    """A stored word as a state, `StateColumn(states={"done": "ok", "broken": "failed"})`, labelled as Django does."""

    def __init__(self, *args: Any, states: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.states = states

    def render(self, value: Any, record: Any, bound_column: BoundColumn) -> SafeString:
        stored = str(bound_column.accessor.resolve(record))
        return badges.state(self.states.get(stored, "unknown"), value)


class YesNoColumn(Column):
    """True or False, in words."""

    def render(self, value: bool) -> str | Promise:
        return _("Yes") if value else _("No")
