"""Lay out steps and what they wait for as a graph of boxes, from left to right. Pure: the template draws it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

HEIGHT = 50
GAP_X = 36
GAP_Y = 22
PADDING = 14
EM = 14  # the font size in console.css; a CJK character is one em wide, a Latin one about 0.58


@dataclass(frozen=True)
class Node:
    """`after` holds the keys of the nodes it waits for; `state` is a word the style sheet knows."""

    key: str
    label: str
    after: Sequence[str] = ()
    state: str = "todo"


@dataclass(frozen=True)
class Box:
    node: Node
    x: int
    y: int
    width: int

    @property
    def text_x(self) -> int:
        return self.x + PADDING

    @property
    def text_y(self) -> int:
        return self.y + HEIGHT // 2 + 5


@dataclass(frozen=True)
class Graph:
    """`edges` are SVG path descriptions; all lengths are in the units of `view_box`."""

    boxes: list[Box]
    edges: list[str]
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
    """Place each node one column behind the last of those it waits for. Raises ValueError when they wait in a circle."""
    columns = _columns(nodes)
    tallest = max((len(column) for column in columns), default=0)
    height = tallest * HEIGHT + max(tallest - 1, 0) * GAP_Y + 2 * PADDING
    boxes: dict[str, Box] = {}
    x = PADDING
    for column in columns:
        width = max(_text_width(node.label) for node in column) + 2 * PADDING
        taken = len(column) * HEIGHT + (len(column) - 1) * GAP_Y
        for row, node in enumerate(column):
            boxes[node.key] = Box(node, x, (height - taken) // 2 + row * (HEIGHT + GAP_Y), width)
        x += width + GAP_X
    edges = [_edge(boxes[key], boxes[node.key]) for node in nodes for key in node.after if key in boxes]
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


def _text_width(label: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in label)
    return round(EM * (wide + 0.58 * (len(label) - wide)))


def _edge(start: Box, end: Box) -> str:
    x1, y1 = start.x + start.width, start.y + HEIGHT // 2
    x2, y2 = end.x, end.y + HEIGHT // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
