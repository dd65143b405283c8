"""Lay out steps and what they wait for as a graph of boxes, from left to right. Pure: the template draws it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

GAP_X = 30
GAP_Y = 20
PADDING = 12
EM = 14  # the font size in plan.css; a CJK character is one em wide, a bold Latin one about 0.62
LINE = 18
# A Latin word or a Chinese character, with the brackets and stops that belong to it.
WORD = r"[（《“「]*(?:[^\s\u2e80-\uffef]+|[\u2e80-\uffef])[）》”」，。；：、]*\s*"
WIDEST = 9.5  # in em: longer labels are broken into lines


@dataclass(frozen=True)
class Node:
    """`after` holds the keys of the nodes it waits for; `state` is a word the style sheet knows."""

    key: str
    label: str
    after: Sequence[str] = ()
    state: str = "todo"


@dataclass(frozen=True)
class Line:
    text: str
    x: int
    y: int


@dataclass(frozen=True)
class Box:
    node: Node
    x: int
    y: int
    width: int
    height: int

    @property
    def lines(self) -> list[Line]:
        """The label, broken into lines, each with the place of its first letter."""
        texts = _broken(self.node.label)
        top = self.y + (self.height - len(texts) * LINE) // 2
        return [Line(text, self.x + PADDING, top + index * LINE + 14) for index, text in enumerate(texts)]


@dataclass(frozen=True)
class Edge:
    """The line between two boxes. `path` describes it to SVG; `state` is taken, off or todo."""

    path: str
    state: str = "todo"


@dataclass(frozen=True)
class Graph:
    """All lengths are in the units of `view_box`."""

    boxes: list[Box]
    edges: list[Edge]
    width: int
    height: int

    @property
    def view_box(self) -> str:
        return f"0 0 {self.width} {self.height}"

    @property
    def sentence(self) -> str:
        """The graph in words, for those who do not see it."""
        return ", ".join(box.node.label for box in self.boxes)


def layout(nodes: Sequence[Node]) -> Graph:
    """Place each node one column behind the last of those it waits for. ValueError when they wait in a circle."""
    columns = _columns(nodes)
    tall = max((len(_broken(node.label)) for node in nodes), default=1) * LINE + 2 * PADDING
    tallest = max((len(column) for column in columns), default=0)
    height = tallest * tall + max(tallest - 1, 0) * GAP_Y + 2 * PADDING
    boxes: dict[str, Box] = {}
    x = PADDING
    for column in columns:
        width = max(_text_width(node.label) for node in column) + 2 * PADDING
        taken = len(column) * tall + (len(column) - 1) * GAP_Y
        for row, node in enumerate(column):
            boxes[node.key] = Box(node, x, (height - taken) // 2 + row * (tall + GAP_Y), width, tall)
        x += width + GAP_X
    edges = [_edge(boxes[key], boxes[node.key]) for node in nodes for key in _direct(node, nodes)]
    return Graph(list(boxes.values()), edges, x - GAP_X + PADDING, height)


def _columns(nodes: Sequence[Node]) -> list[list[Node]]:
    by_key = {node.key: node for node in nodes}
    waits = {node.key: [key for key in node.after if key in by_key] for node in nodes}
    try:
        ordered = list(TopologicalSorter(waits).static_order())
    except CycleError as error:
        raise ValueError(f"steps wait for each other in a circle: {' → '.join(error.args[1])}") from error
    depth: dict[str, int] = {}
    for key in ordered:
        depth[key] = max((depth[before] + 1 for before in waits[key]), default=0)
    columns: list[list[Node]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in nodes:
        columns[depth[node.key]].append(node)
    return columns


def _direct(node: Node, nodes: Sequence[Node]) -> list[str]:
    """Whom it waits for, without those whom the others wait for anyway: their lines would cross the boxes between."""
    by_key = {one.key: one for one in nodes}
    waits = [key for key in dict.fromkeys(node.after) if key in by_key]
    implied = {before for key in waits for before in _all_before(by_key[key], by_key)}
    return [key for key in waits if key not in implied]


def _all_before(node: Node, by_key: dict[str, Node]) -> set[str]:
    found: set[str] = set()
    todo = list(node.after)
    while todo:
        key = todo.pop()
        if key in by_key and key not in found:
            found.add(key)
            todo += by_key[key].after
    return found


def _text_width(label: str) -> int:
    return round(EM * max(ems(line) for line in _broken(label)))


def ems(text: str) -> float:
    """About how wide the text is, in font sizes."""
    return sum(1.0 if _is_wide(character) else 0.62 for character in text)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _broken(label: str) -> list[str]:
    """The label in lines of at most WIDEST where words allow; Chinese may be broken anywhere."""
    words = re.findall(WORD, label) or [label]
    lines = [""]
    for word in words:
        if lines[-1] and ems(lines[-1] + word.rstrip()) > WIDEST:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


def _edge(start: Box, end: Box) -> Edge:
    x1, y1 = start.x + start.width, start.y + start.height // 2
    x2, y2 = end.x, end.y + end.height // 2
    middle = (x1 + x2) // 2
    return Edge(f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}", _way(start.node.state, end.node.state))


def _way(start: str, end: str) -> str:
    """Whether the line has been gone along, will not be, or may still be."""
    if "skipped" in (start, end):
        return "off"
    return "todo" if end in ("todo", "unknown") else "taken"
