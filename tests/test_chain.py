"""What a chain of hashes finds: every row that was edited, removed or inserted, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dr_console import chain
from dr_console.chain import Break, Head, Link, breaks


def whole(length: int) -> tuple[list[Link], Head]:
    links, previous = [], ""
    for place in range(1, length + 1):
        found = chain.digest(previous, [place, f"row {place}"])
        links.append(Link(place, previous, found, found))
        previous = found
    return links, Head(length, previous)


def edited(link: Link) -> Link:
    """Its content is another, its hash is what it was."""
    return replace(link, digest=chain.digest(link.previous, [link.place, "another"]))


def rewritten(link: Link) -> Link:
    """Its hash was made anew as well."""
    changed = edited(link)
    return replace(changed, hash=changed.digest)


@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_whole_chain_is_whole(length):
    links, head = whole(length)
    assert list(breaks(links, head)) == []
    assert list(breaks(links)) == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_each_of_several_breaks_is_named(data):
    links, head = whole(8)
    places = data.draw(st.sets(st.integers(1, 8), min_size=1, max_size=3))
    # Two neighbours that were rewritten, or one beside a gap, cannot be told apart from one.
    places = {place for place in places if place - 1 not in places}
    expected = []
    for place in sorted(places):
        how = data.draw(st.sampled_from(["edited", "rewritten", "removed"]))
        expected.append(Break(place, "removed" if how == "removed" else "edited"))
        now = {"edited": edited, "rewritten": rewritten}.get(how)
        links = [(now(link) if now else None) if link.place == place else link for link in links if link]
        links = [link for link in links if link]
    assert sorted(breaks(links, head), key=lambda one: one.place) == expected


def test_a_missing_end_is_seen_by_the_head_alone():
    links, head = whole(5)
    assert list(breaks(links[:3], head)) == [Break(4, "removed"), Break(5, "removed")]
    assert list(breaks(links[:3])) == []
    assert list(breaks([], head)) == [Break(place, "removed") for place in range(1, 6)]


def test_what_was_put_behind_the_end_or_beside_another_row():
    links, head = whole(3)
    more, _further = whole(5)
    assert list(breaks(more, head)) == [Break(4, "inserted"), Break(5, "inserted")]
    assert list(breaks([Link(0, "", "x", "x"), *links], head)) == [Break(0, "inserted")]
    assert list(breaks([links[0], links[1], rewritten(links[1]), links[2]], head)) == [Break(2, "inserted")]
    assert list(breaks(links, Head(0, ""))) == [Break(place, "inserted") for place in (1, 2, 3)]


def test_an_edited_hash_is_an_edited_row():
    links, head = whole(3)
    for place in (0, 1, 2):
        broken = [replace(link, hash="0" * 64) if link is links[place] else link for link in links]
        assert list(breaks(broken, head)) == [Break(place + 1, "edited")]
        broken = [replace(link, previous="0" * 64, digest="1") if link is links[place] else link for link in links]
        assert list(breaks(broken, head)) == [Break(place + 1, "edited")]


def test_a_value_is_hashed_as_every_database_gives_it_back():
    assert chain.plain({1: ["a\0b", 3.0, (1.5, None)], "x": "\ud800"}) == {"1": ["ab", 3, [1.5, None]], "x": "?"}
    assert chain.digest("", [3.0]) == chain.digest("", [3])
