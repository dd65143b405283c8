"""The picture of the world: places in columns, lines between them."""

from __future__ import annotations

from dr_console.sandbox_page.picture import Place, draw


def test_places_stand_in_columns_and_lead_to_those_further_right():
    drawn = draw([[Place("a", "Users", leads_to=("b", "c"))], [Place("b", "First"), Place("c", "Second")]])
    a, b, c = drawn.boxes
    assert a.x + a.width < b.x == c.x
    assert b.y + b.height < c.y
    assert b.y < a.y < c.y  # the short column stands beside the middle of the tall one
    assert len(drawn.lines) == 2
    assert all(box.x + box.width < drawn.width and box.y + box.height < drawn.height for box in drawn.boxes)


def test_a_line_has_the_state_of_where_it_leads_and_is_off_where_either_end_is():
    places = [
        Place("lost", "Lost", state="failed"),
        Place("slow", "Slow", state="waiting"),
        Place("off", "Off", state="off"),
        Place("ok", "Ok"),
    ]
    everywhere = tuple(place.key for place in places)
    drawn = draw([[Place("users", "Users", state="failed", leads_to=everywhere)], places])
    assert [line.state for line in drawn.lines] == ["off", "ok", "waiting", "failed"]  # what matters is drawn last
    assert {line.state for line in draw([[Place("a", "A", state="off", leads_to=("ok",))], places]).lines} == {"off"}


def test_what_leads_nowhere_and_empty_columns_are_left_out():
    drawn = draw([[Place("a", "A", leads_to=("gone",))], []])
    assert (len(drawn.boxes), drawn.lines) == (1, [])
    assert draw([]).boxes == []


def test_a_chinese_title_gets_the_room_it_takes():
    narrow, wide = draw([[Place("a", "abcdef")]]).boxes[0], draw([[Place("a", "东京区域不可用")]]).boxes[0]
    assert wide.width > narrow.width
