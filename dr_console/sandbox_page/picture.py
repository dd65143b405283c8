"""The world as a picture: users, names, the CDN, origins and stores from left to right. Pure: the template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dr_console.web.graph import ems

TITLE_EM, NOTE_EM = 14, 12.5  # font sizes in sandbox.css
PADDING, GAP_X, GAP_Y, HEIGHT, MARGIN = 12, 56, 12, 52, 4


@dataclass(frozen=True)
class Place:
    """`state`: ok, waiting, failed, or off for what is not in use; `leads_to`: keys of places further right."""

    key: str
    title: str
    note: str = ""
    state: str = "ok"
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    place: Place
    x: int
    y: int
    width: int
    height: int = HEIGHT

    @property
    def text_x(self) -> int:
        return self.x + PADDING

    @property
    def title_y(self) -> int:
        return self.y + (22 if self.place.note else 31)

    @property
    def note_y(self) -> int:
        return self.y + 40


@dataclass(frozen=True)
class Line:
    """`state` is that of the place it leads to, or off where either end is."""

    path: str
    state: str


@dataclass(frozen=True)
class Picture:
    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int

    @property
    def view_box(self) -> str:
        return f"0 0 {self.width} {self.height}"


def draw(columns: Sequence[Sequence[Place]]) -> Picture:
    """Each column as wide as its longest text, and centred beside the tallest."""
    columns = [column for column in columns if column]
    tallest = max((len(column) for column in columns), default=0)
    height = tallest * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    boxes: dict[str, Box] = {}
    x = MARGIN
    for column in columns:
        width = max(_width(place) for place in column)
        y = (height - len(column) * (HEIGHT + GAP_Y) + GAP_Y) // 2
        for row, place in enumerate(column):
            boxes[place.key] = Box(place, x, y + row * (HEIGHT + GAP_Y), width)
        x += width + GAP_X
    lines = [
        _line(box, boxes[key]) for box in boxes.values() for key in dict.fromkeys(box.place.leads_to) if key in boxes
    ]
    # What is in use is drawn over what is not.
    lines.sort(key=lambda line: ("off", "ok", "waiting", "failed").index(line.state))
    return Picture(list(boxes.values()), lines, max(x - GAP_X + MARGIN, 0), max(height, 0))


def _width(place: Place) -> int:
    # Titles are bold; notes begin with a mark.
    return round(max(ems(place.title) * TITLE_EM * 1.15, (ems(place.note) + 1.6) * NOTE_EM)) + 2 * PADDING


def _line(start: Box, end: Box) -> Line:
    x1, y1 = start.x + start.width, start.y + start.height // 2
    x2, y2 = end.x, end.y + end.height // 2
    middle = (x1 + x2) // 2
    is_off = "off" in (start.place.state, end.place.state)
    return Line(f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}", "off" if is_off else end.place.state)
