"""Tables of the console: django-tables2, rendered lean.

Left to itself it takes several times as long (benchmarks/page_render.py): for every cell it inspects the signature of
the same functions, looks for the same fields, and collects attributes that nobody sets. Here all that happens once for
each column, in `_Cells`, and `ConsoleTable.body` puts the rows together. Attributes of cells are therefore those of
their column; a callable for each cell does not work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.template.defaultfilters import linebreaksbr
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django_tables2 import Column as Column  # offered to the apps together with ours
from django_tables2 import Table, utils
from django_tables2.columns.base import BoundColumn
from django_tables2.data import TableListData
from django_tables2.rows import BoundRow

from dr_console.web import badges, times
from dr_console.web.paging import Page
from dr_console.web.requests import ConsoleRequest

_UNKNOWN = object()


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


class PageData(TableListData):
    """The rows of a page, which still know whose they are: headings default to the names of the model's fields."""

    def __init__(self, page: Page[Any], model: type[Model]) -> None:
        super().__init__(page.rows)
        self._model = model

    @property
    def model(self) -> type[Model]:
        return self._model


class ConsoleTable(Table):
    """A table whose rows come sorted and cut into a page already (see `listing`), or all of them where they are few."""

    #: What the table lists, for people who hear the page.
    caption: str | Promise = ""
    #: How the rows come when nobody has chosen a column, as Django writes it; not necessarily a column.
    default_order = "pk"
    #: The live event after which the table renews itself; without one it stays as it was when the page came.
    live = ""
    #: What stands where no row does; needs `table` and `filtered`.
    empty_template = "tables/_empty.html"
    #: Set by `listing`.
    request: ConsoleRequest | None = None
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
        columns = [_Cells(column, is_heading=index == 0) for index, column in enumerate(self.columns)]
        rows = []
        for row in self.rows:
            attributes = f" {row.attrs.as_html()}" if self.row_attrs else ""
            rows.append(f'<tr role="row"{attributes}>{"".join([cells.of(row) for cells in columns])}</tr>')
        return mark_safe("".join(rows))


class _Cells:
    """The cells of one column, with everything looked up once that is the same for all of them."""

    def __init__(self, column: BoundColumn, *, is_heading: bool) -> None:
        self.column = column
        self.empty_values = column.column.empty_values
        self.arguments, self.takes_all = utils.signature(column.render)
        self.takes_only_value = self.arguments == ("value",) and not self.takes_all and not column.link
        self.name = str(column.accessor)
        self.is_plain = self.name.isidentifier() and "__" not in self.name
        self.has_choices: bool | None = None
        name, role = ("th", 'scope="row" role="rowheader"') if is_heading else ("td", 'role="cell"')
        # The label is what the cell is called where a narrow screen shows the row as a card.
        label = conditional_escape(column.header)
        self.start = f'<{name} {role} class="{conditional_escape(_css(column))}" data-label="{label}">'
        self.end = f"</{name}>"

    def of(self, row: BoundRow) -> str:
        content = self._content(row)
        if not isinstance(content, SafeString):
            content = escape(content) if isinstance(content, str) else conditional_escape(localize(content))
        return f"{self.start}{content}{self.end}"

    def _content(self, row: BoundRow) -> Any:
        """What BoundRow.get_cell says; and it is asked wherever the way to the value is no plain attribute."""
        record = row.record
        value = getattr(record, self.name, None) if self.is_plain and not isinstance(record, dict) else _UNKNOWN
        if value is _UNKNOWN or callable(value):
            return row.get_cell(self.column.name)
        if self.has_choices is None:
            self.has_choices = _has_choices(record, self.name)
        if self.has_choices:
            value = getattr(record, f"get_{self.name}_display")()
        if value in self.empty_values:
            return self.column.default
        if self.takes_only_value:
            return self.column.render(value)
        given = {"value": value, "record": record, "column": self.column.column, "bound_column": self.column}
        given |= {"bound_row": row, "table": row.table}
        wanted = given if self.takes_all else {name: given[name] for name in self.arguments}
        content = self.column.render(**wanted)
        return self.column.link(content, **given) if self.column.link else content


def _has_choices(record: Any, name: str) -> bool:
    try:
        return isinstance(record, Model) and bool(getattr(record._meta.get_field(name), "choices", None))
    except FieldDoesNotExist:  # a property
        return False


def _css(column: BoundColumn) -> str:
    return str((column.column.attrs.get("td") or {}).get("class", ""))


def _heading(column: BoundColumn) -> Heading:
    alias = column.order_by_alias
    direction = "descending" if alias.is_descending else "ascending"
    return Heading(
        name=column.name,
        label=column.header,
        css=_css(column),
        sorted=direction if column.is_ordered else "",
        next_sort=str(alias.next) if column.orderable else "",
    )


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
