"""P10: how long the console takes to draw a list, beside the least and the usual."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.template import Context, Template
from django_tables2 import RequestConfig
from django_tables2.paginators import LazyPaginator

from benchmarks.pages.incidents import IncidentTable, Many, StockTable, ask, incidents
from dr_console.web.listing import list_page

HAND_WRITTEN = """
{% load console %}
<table><thead><tr>
{% for name in names %}<th scope="col"><a href="?sort={{ name }}">{{ name }}</a></th>{% endfor %}
</tr></thead>
<tbody>
{% for row in rows %}
  <tr>
    <th scope="row"><a href="{{ row.get_absolute_url }}">{{ row.reference }}</a></th>
    <td>{{ row.title }}</td>
    <td>{% severity row.severity %}</td>
    <td>{% state "ok" row.get_status_display %}</td>
    <td>{{ row.service }}</td>
    <td>{{ row.commander }}</td>
    <td>{{ row.started_at|moment }}</td>
    <td>{{ row.resolved_at|moment }}</td>
  </tr>
{% endfor %}
</tbody></table>
"""
MOST_OF_HAND_WRITTEN, MOST_OF_STOCK = 2.5, 0.4
Page = Callable[[HttpRequest], str]


def ours(request: HttpRequest) -> str:
    response = list_page(request, queryset=Many.objects.all(), table_class=IncidentTable, template="unused")  # type: ignore[arg-type]
    return response.content.decode()


def hand_written(template: Template) -> Page:
    names = [column.name for column in StockTable([]).columns]

    def page(request: HttpRequest) -> str:
        rows = Many.objects.order_by("-started_at")[:25]
        return template.render(Context({"rows": rows, "names": names}))

    return page


def stock(request: HttpRequest) -> str:
    table = StockTable(Many.objects.all())
    RequestConfig(request, paginate={"per_page": 25, "paginator_class": LazyPaginator}).configure(table)
    html: str = table.as_html(request)
    return html


def main(description: str | None) -> int:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=150)
    options = parser.parse_args()
    makers: dict[str, Page] = {"ours": ours, "hand-written": hand_written(Template(HAND_WRITTEN)), "stock": stock}
    with incidents(few=1, many=1000):
        for page in makers.values():
            assert page(ask("/")).count("INC-") >= 25
        times: dict[str, list[float]] = {name: [] for name in makers}
        for _ in range(options.rounds):
            for name, page in makers.items():
                request = ask("/")
                began = time.process_time()
                page(request)
                times[name].append((time.process_time() - began) * 1000)
    return report({name: statistics.median(each) for name, each in times.items()})


def report(medians: dict[str, float]) -> int:
    print("CPU time, medians: " + ", ".join(f"{name} {median:.2f} ms" for name, median in medians.items()))
    good = True
    for peer, most in (("hand-written", MOST_OF_HAND_WRITTEN), ("stock", MOST_OF_STOCK)):
        ratio = medians["ours"] / medians[peer]
        good = good and ratio <= most
        print(f"ours / {peer}: {ratio:.2f}x, goal at most {most}x {'reached' if ratio <= most else 'MISSED'}")
    return 0 if good else 1
