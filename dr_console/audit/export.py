"""The audit log as a CSV file, however long, without ever holding more than a piece of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.db.models import QuerySet

from dr_console.audit.models import AuditEntry
from dr_console.web.paging import Order, keyset_page

HEADER = ["at", "who", "from", "action", "about", "before", "after"]
ROWS_A_PIECE = 500
UTF_8_MARK = "\ufeff"  # by which Excel knows it
# Spreadsheets take a cell that begins so for a formula, and a formula can send the sheet to a stranger.
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_pieces(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    """The file, piece by piece, newest first. Each piece is one short query: nothing stays open in between."""
    yield UTF_8_MARK + csv_lines([HEADER])
    newest_first = Order("at", descending=True)
    cursor: str | None = ""
    while cursor is not None:
        page = keyset_page(entries, newest_first, cursor, rows=ROWS_A_PIECE)
        if page.rows:
            yield csv_lines([_row(entry) for entry in page.rows])
        cursor = page.next


def harmless(cell: str) -> str:
    """The cell as text in every spreadsheet: an apostrophe before what would be a formula."""
    return f"'{cell}" if cell.startswith(BEGINS_A_FORMULA) else cell


def _row(entry: AuditEntry) -> list[str]:
    at = entry.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    sides = (_json(entry.before), _json(entry.after))
    return [at, *(harmless(c) for c in (entry.actor_name, entry.origin, entry.action, entry.target, *sides))]


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def csv_lines(rows: list[list[str]]) -> str:
    """Rows of cells as lines of a CSV file."""
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
