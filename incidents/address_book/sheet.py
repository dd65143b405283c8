"""CSV: a row each, a column for each field, and a column for each channel in the order of preference."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from django.utils.translation import gettext as _

from dr_console.audit.export import BEGINS_A_FORMULA, UTF_8_MARK, csv_lines, harmless
from incidents.address_book.cards import ALL_KINDS, KINDS, Card, Fields, Reading, Wrong, both, second

CHANNEL = "channel"
DELIMITERS = ",;\t"
# What such columns are called elsewhere; without signs and spaces, in small letters.
CALLED = {
    "fullname": "name",
    "displayname": "name",
    "姓名": "name",
    "名称": "name",
    "名字": "name",
    "中文名": "name zh-hans",
    "中文姓名": "name zh-hans",
    "jobtitle": "title",
    "responsibility": "title",
    "职责": "title",
    "职务": "title",
    "电话": "phone",
    "手机": "phone",
    "mobile": "phone",
    "mobilephone": "phone",
    "telephone": "phone",
    "emailaddress": "email",
    "mail": "email",
    "邮箱": "email",
    "邮件": "email",
    "电子邮件": "email",
    "语言": "language",
    "时区": "time_zone",
    "timezone": "time_zone",
    "quiethours": "quiet_hours",
    "安静时段": "quiet_hours",
    "免打扰": "quiet_hours",
    "合同号": "contract_number",
    "合同编号": "contract_number",
    "contractnumber": "contract_number",
    "supporturl": "support_url",
}


# --- Written --------------------------------------------------------------------------------------
def written(entries: Sequence[dict[str, Any]], fields: Fields) -> str:
    """The file. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    most = max((len(entry["channels"]) for entry in entries), default=0)
    columns = [column for name in fields.names for column in _columns(name, fields)]
    head = [*columns, *(f"{CHANNEL} {number}" for number in range(1, most + 1))]
    return UTF_8_MARK + csv_lines([head, *(_row(entry, fields, most) for entry in entries)])


def _columns(name: str, fields: Fields) -> list[str]:
    return [name, second(name)] if name in fields.texts else [name]


def _row(entry: dict[str, Any], fields: Fields, most: int) -> list[str]:
    cells: list[str] = []
    for name in fields.names:
        value = entry.get(name)
        cells += both(value) if name in fields.texts else ["" if value is None else str(value)]
    ways = [f"{one['kind']}: {one['address']}" for one in entry["channels"]]
    return [_safe(cell) for cell in [*cells, *ways, *[""] * (most - len(ways))]]


def _safe(cell: str) -> str:
    """One that begins with an apostrophe itself gets another: `_plain` takes one away."""
    return f"'{cell}" if cell.startswith("'") else harmless(cell)


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:].strip() if cell.startswith(tuple(f"'{mark}" for mark in (*BEGINS_A_FORMULA, "'"))) else cell


# --- Read -----------------------------------------------------------------------------------------
def read(text: str, fields: Fields) -> Reading:
    """What the file says. Commas, semicolons or tabs stand between its cells; its first row names the columns."""
    reading = Reading()
    try:
        rows = list(_rows(text))
    except csv.Error as error:
        reading.wrong.append(Wrong(0, _("This is no CSV file: %(error)s.") % {"error": error}))
        return reading
    if not rows:
        reading.wrong.append(Wrong(0, _("The file is empty.")))
        return reading
    head = [_meant(cell, fields) for cell in rows[0][1]]
    reading.ignored = [cell for cell, meant in zip(rows[0][1], head, strict=True) if cell and not meant]
    if not any(head):
        reading.wrong.append(Wrong(1, _("The first row must name the columns, such as: key, name, phone, email.")))
        return reading
    for line, cells in rows[1:]:
        _read_row(line, cells, head, reading)
    return reading


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins."""
    first, _feed, rest = text.partition("\n")
    skipped = 0
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text, skipped = first.strip()[4], rest, 1
    else:
        delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(text), delimiter=delimiter, strict=True)
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield begins + skipped, [_plain(cell) for cell in cells]
        begins = reader.line_num + 1


def _meant(cell: str, fields: Fields) -> str:
    """The field, the channel's kind, or “channel” that a column is of; "" for one that says nothing here."""
    name = cell.strip().casefold()
    if name.rstrip("0123456789").strip() == CHANNEL:
        return CHANNEL
    known = {column for field in fields.names for column in _columns(field, fields)}
    for guess in (name, name.replace(" ", "_"), CALLED.get("".join(filter(str.isalnum, name)), "")):
        if guess in known or guess in ALL_KINDS:
            return guess
    plain = name.replace("-", "").replace(" ", "")
    return plain if plain in ALL_KINDS else ""


def _read_row(line: int, cells: list[str], head: list[str], reading: Reading) -> None:
    if any(cells[len(head) :]):
        reading.wrong.append(Wrong(line, _("More cells than the first row has columns.")))
        return
    cells = [*cells, *[""] * (len(head) - len(cells))]
    card = Card(line, replaces=_replaced(head))
    for meant, cell in zip(head, cells, strict=True):
        if meant == CHANNEL or meant in ALL_KINDS:
            card.channels += _channels(meant, cell, line, reading)
        elif meant:
            card.values[meant] = cell
    reading.cards.append(card)


def _replaced(head: Iterable[str]) -> frozenset[str]:
    return ALL_KINDS if CHANNEL in head else ALL_KINDS & set(head)


def _channels(meant: str, cell: str, line: int, reading: Reading) -> Iterator[dict[str, str]]:
    """A column of one kind may have several addresses, one a line or with semicolons between."""
    if meant != CHANNEL:
        for address in cell.replace(";", "\n").replace("；", "\n").splitlines():
            if address.strip():
                yield {"kind": meant, "address": address.strip()}
        return
    kind, colon, address = cell.replace("：", ":", 1).partition(":")
    kind = kind.strip().casefold().replace("-", "")
    if kind in KINDS and address.strip():
        yield {"kind": kind, "address": address.strip()}
    elif cell:
        words = _("“%(cell)s” is no channel: write its kind first, such as “phone: +86 10 6552 9988”.")
        reading.wrong.append(Wrong(line, words % {"cell": cell[:60]}))
