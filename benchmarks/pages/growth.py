"""P9: does a page take longer when the list is longer?"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django_tables2 import RequestConfig

from benchmarks.pages.incidents import Few, Incident, IncidentFilters, IncidentTable, Many, StockTable, ask, incidents
from benchmarks.pages.incidents import database as name_of_database
from dr_console.web.listing import list_page
from dr_console.web.paging import Order, _Column, keyset_page

MOST_GROWTH, MOST_SQL = 1.3, 3.0
FEW = 1000


@dataclass(frozen=True)
class Case:
    """A page that somebody looks at: in which order, how deep, and of which rows."""

    name: str
    sort: str
    deep: bool = False
    backward: bool = False
    status: str = ""

    def rows(self, model: type[Incident]) -> QuerySet[Incident]:
        everything = model._default_manager.all()
        return everything.filter(status=self.status) if self.status else everything

    def cursor(self, model: type[Incident]) -> str:
        """The place in the middle of the list, found the slow way and outside of the clock."""
        if not self.deep:
            return ""
        order = Order.parse(self.sort)
        rows = self.rows(model)
        by = [f"{'-' if order.descending else ''}{name}" for name in (order.path, "pk")]
        middle = rows.order_by(*by)[rows.count() // 2]
        return _Column(rows, order).cursor(middle, forward=not self.backward)


CASES = [
    Case("first page", "-started_at"),
    Case("middle", "-started_at", deep=True),
    Case("middle, backward", "-started_at", deep=True, backward=True),
    Case("middle, by text", "reference", deep=True),
    Case("middle, among equals", "severity", deep=True),
    Case("first page, with NULLs", "-resolved_at"),
    Case("middle, with NULLs", "resolved_at", deep=True),
    Case("filtered", "-started_at", status="open"),
    Case("filtered, middle", "-started_at", deep=True, status="resolved"),
]


def main(description: str | None) -> int:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the long list; the goal speaks of 1000000")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with incidents(few=FEW, many=options.rows):
        print(f"{name_of_database()}, {FEW} and {options.rows} rows; medians of {options.rounds} rounds")
        good = [compare(case, options.rounds) for case in CASES]
        compare_offset(options.rows, options.rounds)
    return 0 if all(good) else 1


def compare(case: Case, rounds: int) -> bool:
    pages, queries = [], []
    for model in (Few, Many):
        cursor = case.cursor(model)
        query = urlencode({"sort": case.sort, "cursor": cursor, "status": case.status})
        pages.append(partial(_page, model, f"/?{query}"))
        queries.append(partial(keyset_page, case.rows(model), Order.parse(case.sort), cursor))
    few, many = medians(pages, rounds)
    _, sql = medians(queries, rounds)
    good = many / few <= MOST_GROWTH and sql <= MOST_SQL
    print(
        f"{case.name:24} {few:6.2f} → {many:6.2f} ms  {many / few:5.2f}x (at most {MOST_GROWTH}x)"
        f"   rows alone {sql:5.2f} ms (at most {MOST_SQL:g})   {'reached' if good else 'MISSED'}"
    )
    return good


def compare_offset(rows: int, rounds: int) -> None:
    """The peer: what django-tables2 does when left to itself, which counts, and skips rows one by one."""
    for name, share in (("first page", 0.0), ("middle", 0.5)):
        pages = [
            partial(_offset_page, model, 1 + int(count * share) // 25) for model, count in ((Few, FEW), (Many, rows))
        ]
        few, many = medians(pages, max(3, rounds // 3))
        print(f"peer, {name:18} {few:6.2f} → {many:6.2f} ms  {many / few:5.2f}x (offset and count)")


def medians(makers: Iterable[Callable[[], Any]], rounds: int) -> list[float]:
    """Milliseconds of each, taken in turns so that both see the same weather."""
    makers = list(makers)
    times: list[list[float]] = [[] for _ in makers]
    for maker in makers:
        maker()
    for _ in range(rounds):
        for maker, taken in zip(makers, times, strict=True):
            began = time.perf_counter()
            maker()
            taken.append((time.perf_counter() - began) * 1000)
    return [statistics.median(taken) for taken in times]


def _page(model: type[Incident], address: str) -> bytes:
    response = list_page(
        ask(address),  # type: ignore[arg-type]
        queryset=model._default_manager.all(),
        table_class=IncidentTable,
        filterset_class=IncidentFilters,
        template="unused",
    )
    assert response.status_code == 200
    return response.content


def _offset_page(model: type[Incident], number: int) -> str:
    request = ask(f"/?page={number}")
    table = StockTable(model._default_manager.all())
    RequestConfig(request, paginate={"per_page": 25}).configure(table)
    html: str = table.as_html(request)
    return html
