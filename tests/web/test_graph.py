"""The layout of steps as a graph."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dr_console.web.graph import GAP_X, Node, layout


def place(graph, key):
    return next(box for box in graph.boxes if box.node.key == key)


def test_a_step_stands_right_of_those_it_waits_for():
    graph = layout([Node("check", "Check"), Node("dns", "Point DNS", ["check"]), Node("verify", "Verify", ["dns"])])
    check, dns, verify = (place(graph, key) for key in ("check", "dns", "verify"))
    assert check.x + check.width + GAP_X == dns.x
    assert dns.x < verify.x
    assert len(graph.edges) == 2


def test_steps_that_run_side_by_side_share_a_column_and_do_not_overlap():
    graph = layout([Node("a", "A"), Node("b", "B", ["a"]), Node("c", "C", ["a"]), Node("d", "D", ["b", "c"])])
    b, c = place(graph, "b"), place(graph, "c")
    assert b.x == c.x
    assert abs(b.y - c.y) >= b.height


def test_chinese_labels_get_room():
    narrow, wide = layout([Node("a", "abcd")]), layout([Node("a", "更新记录")])
    assert wide.boxes[0].width > narrow.boxes[0].width


def test_a_line_that_others_imply_is_not_drawn():
    graph = layout([Node("a", "A"), Node("b", "B", ["a"]), Node("c", "C", ["a", "b"])])
    assert len(graph.edges) == 2


def test_a_circle_is_refused_in_words():
    with pytest.raises(ValueError, match="a circle"):
        layout([Node("a", "A", ["b"]), Node("b", "B", ["a"])])


def test_a_long_label_is_broken_into_lines_between_words():
    (box,) = layout([Node("a", "Start the standby deployment in production")]).boxes
    assert [line.text for line in box.lines] == ["Start the", "standby", "deployment in", "production"]
    assert all(line.y < box.y + box.height for line in box.lines)


def test_a_long_chinese_label_is_broken_anywhere():
    (box,) = layout([Node("a", "在生产环境中启动备用部署")]).boxes
    assert "".join(line.text for line in box.lines) == "在生产环境中启动备用部署"
    assert len(box.lines) == 2


def test_nothing_makes_an_empty_graph():
    assert layout([]).boxes == []


@given(st.lists(st.lists(st.integers(0, 11), max_size=4), max_size=12))
def test_all_boxes_lie_inside_the_picture(waits):
    nodes = [Node(str(i), f"Step {i}", [str(j) for j in after if j < i]) for i, after in enumerate(waits)]
    graph = layout(nodes)
    assert len(graph.boxes) == len(nodes)
    assert all(0 <= box.x and box.x + box.width <= graph.width for box in graph.boxes)
    assert all(0 <= box.y and box.y + box.height <= graph.height for box in graph.boxes)


def test_a_line_says_whether_it_was_gone_along():
    nodes = [Node("a", "A", state="ok"), Node("b", "B", ["a"], "running"), Node("c", "C", ["a"], "skipped")]
    graph = layout([*nodes, Node("d", "D", ["b", "c"])])
    assert [edge.state for edge in graph.edges] == ["taken", "off", "todo", "off"]
