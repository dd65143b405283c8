"""A list page: filter, then sort, then cut a page. All three stand in the address."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import DateField, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django_tables2.utils import OrderBy
from modeltranslation.manager import rewrite_order_lookup_key

from dr_console.web.filters import ConsoleFilterSet
from dr_console.web.paging import ROWS, BrokenCursor, Order, Page, keyset_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.tables import ConsoleTable, PageData


def list_page(
    request: ConsoleRequest,
    *,
    queryset: QuerySet[Any],
    table_class: type[ConsoleTable],
    template: str,
    filterset_class: type[ConsoleFilterSet] | None = None,
    context: dict[str, Any] | None = None,
    table_kwargs: dict[str, Any] | None = None,
    rows: int = ROWS,
) -> HttpResponse:
    """The page `template`, which includes "tables/_list.html"; or to htmx only its part `#table`.

    `?sort=` takes the table's orderable columns, `?cursor=` the place in the list; the rest belongs to the filters.
    """
    listing = Listing(request, queryset, table_class, filterset_class, rows, table_kwargs or {})
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    response = render(
        request,
        "tables/_table.html" if partial else template,
        {**(context or {}), "listing": listing, "table": listing.table},
        status=200 if listing.is_valid else 422,
    )
    patch_vary_headers(response, ["HX-Request"])
    # A table that renews itself has not gone anywhere.
    if partial and request.htmx.trigger != "table":
        response["HX-Push-Url"] = listing.address
    return response


@dataclass
class Listing:
    """What the templates of tables/ show."""

    request: ConsoleRequest
    queryset: QuerySet[Any]
    table_class: type[ConsoleTable]
    filterset_class: type[ConsoleFilterSet] | None
    rows: int
    table_kwargs: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def filterset(self) -> ConsoleFilterSet | None:
        if self.filterset_class is None:
            return None
        return self.filterset_class(self.request.GET, queryset=self.queryset, request=self.request)

    @property
    def is_valid(self) -> bool:
        return self.filterset is None or self.filterset.is_valid()

    @property
    def is_filtered(self) -> bool:
        return self.filterset is not None and self.filterset.is_filtered()

    @cached_property
    def sort(self) -> str:
        """The column to sort by, as the address names it: "-at". Else the table's own order, else none."""
        asked = self.request.GET.get("sort", "")
        if not asked:
            return str((self.table_class._meta.order_by or [""])[0])
        column = self.table_class.base_columns.get(OrderBy(asked).bare)
        if column is None or column.orderable is False:
            raise BadRequest(_("This list cannot be sorted by “%(column)s”.") % {"column": asked})
        return asked

    @property
    def order(self) -> Order:
        """The same for the database: a column of the table may be called otherwise there."""
        name = OrderBy(self.sort)
        if not name:
            return Order.parse(self.table_class.default_order)
        column = self.table_class.base_columns[name.bare]
        path = (column.order_by or (column.accessor or name.bare,))[0]
        # A bilingual column is sorted by the language that the page shows.
        order = Order.parse(rewrite_order_lookup_key(self.queryset.model, OrderBy(path).for_queryset()))
        return Order(order.path, order.descending != name.is_descending)

    @cached_property
    def page(self) -> Page[Any]:
        if not self.is_valid:
            return Page([], None, None)
        queryset = self.filterset.qs if self.filterset else self.queryset
        try:
            return keyset_page(queryset, self.order, self.request.GET.get("cursor", ""), rows=self.rows)
        except BrokenCursor as error:
            raise BadRequest(
                _("This address names a place in the list that does not exist. Start at its top.")
            ) from error

    @cached_property
    def table(self) -> ConsoleTable:
        order_by = [self.sort] if self.sort else None
        data = PageData(self.page, self.queryset.model)
        table = self.table_class(data, order_by=order_by, **self.table_kwargs)
        # Given to the table itself, the request would make django-tables2 sort and cut the rows once more.
        table.request, table.page_of_rows = self.request, self.page
        return table

    @property
    def address(self) -> str:
        """This page's address, without the filters that are empty."""
        return self._address(**{name: self.request.GET.get(name) or None for name in self.request.GET})

    @property
    def previous_address(self) -> str:
        return self._address(cursor=self.page.previous)

    @property
    def next_address(self) -> str:
        return self._address(cursor=self.page.next)

    @property
    def first_address(self) -> str:
        return self._address(cursor=None)

    @property
    def all_address(self) -> str:
        """The same list without any filter."""
        query = QueryDict(mutable=True)
        if self.request.GET.get("sort"):
            query["sort"] = self.request.GET["sort"]
        return f"{self.request.path}?{query.urlencode()}" if query else self.request.path

    @property
    def neighbours(self) -> tuple[str | Promise, str | Promise]:
        """What the links to the pages before and after are called."""
        if not self._is_by_time:
            return _("Previous"), _("Next")
        return (_("Newer"), _("Older")) if self.order.descending else (_("Older"), _("Newer"))

    @property
    def _is_by_time(self) -> bool:
        model = self.queryset.model
        names = {field.name for field in model._meta.get_fields() if isinstance(field, DateField)}
        return self.order.path in names

    def _address(self, **changes: str | None) -> str:
        query = self.request.GET.copy()
        for name, value in changes.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return f"{self.request.path}?{query.urlencode()}" if query else self.request.path
