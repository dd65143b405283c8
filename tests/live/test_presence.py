"""Who is on a page: across processes, gone by themselves, and nothing that anybody waits for."""

from __future__ import annotations

import asyncio

import pytest
import redis

from dr_console.live import attendance, presence
from dr_console.live.attendance import Attendance
from dr_console.live.reading import ask
from dr_console.live.viewers import SOMEBODY, Channel, Viewer, Watch
from tests.live.listeners import Listener, run, yes

ADA, BOB = 7, 8


@pytest.fixture(autouse=True)
def room(redis_url, monkeypatch):
    # On a machine that is busy with other tests Redis may take its time, and would be left alone then.
    monkeypatch.setattr(presence, "WAIT_SECONDS", 20)
    presence._room_of.cache_clear()
    client = redis.Redis.from_url(redis_url)
    client.delete("here:incident-1")
    yield client
    presence._room_of.cache_clear()
    client.close()


def there() -> set[int] | None:
    found = presence.here("incident-1")
    return None if found is None else set(found)


def test_whoever_opens_a_page_is_there_once_however_many_tabs_they_have():
    presence.arrive("incident-1", ADA, process="one")
    presence.arrive("incident-1", ADA, process="two")
    presence.arrive("incident-1", BOB, process="two")
    assert sorted(presence.here("incident-1") or []) == [ADA, BOB]
    assert presence.here("incident-2") == []


def test_a_second_tab_stays_when_the_first_is_closed(monkeypatch):
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0)
    presence.arrive("incident-1", ADA, process="one")
    presence.arrive("incident-1", ADA, process="two")
    presence.leave("incident-1", ADA, process="one")
    assert there() == {ADA}
    presence.leave("incident-1", ADA, process="two")
    assert there() == set()


def test_whoever_loads_the_page_anew_does_not_flicker():
    presence.arrive("incident-1", ADA, process="one")
    presence.leave("incident-1", ADA, process="one")
    assert there() == {ADA}


def test_whoever_gives_no_sign_of_life_is_gone_and_their_open_line_does_not_bring_them_back(monkeypatch):
    monkeypatch.setattr(presence, "HERE_SECONDS", 0)
    presence.arrive("incident-1", ADA, process="one")
    monkeypatch.setattr(presence, "HERE_SECONDS", 18)
    assert there() == set()
    presence.stay("incident-1", [ADA], process="one")
    assert there() == set()
    presence.sign_of_life("incident-1", ADA)
    assert there() == {ADA}


def test_a_sign_of_life_without_an_open_stream_says_nothing():
    presence.sign_of_life("incident-1", ADA)
    assert there() == set()


def test_what_redis_has_forgotten_is_told_it_again(room):
    presence.arrive("incident-1", ADA, process="one")
    room.delete("here:incident-1")
    presence.stay("incident-1", [ADA], process="one")
    assert there() == {ADA}


def test_without_redis_nobody_can_say_and_nobody_waits(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    presence.arrive("incident-1", ADA, process="one")
    presence.sign_of_life("incident-1", ADA)
    assert there() is None


@pytest.mark.django_db(transaction=True)
def test_pages_hear_who_comes_and_who_has_gone(monkeypatch):
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0)
    monkeypatch.setattr(attendance, "AFTER_GRACE_SECONDS", 0.05)

    async def story(hub):
        ada = Listener(hub, topic="incident-1", person=ADA)
        await until(lambda: there() == {ADA})
        await ada.until(lambda me: b"connected" in b"".join(me.chunks))
        heard = ada.chunks.count(SOMEBODY.wire)
        bob = Listener(hub, topic="incident-1", person=BOB)
        await until(lambda: there() == {ADA, BOB})
        await ada.until(lambda me: me.chunks.count(SOMEBODY.wire) > heard)
        heard = ada.chunks.count(SOMEBODY.wire)
        await bob.close()
        await until(lambda: there() == {ADA})
        await ada.until(lambda me: me.chunks.count(SOMEBODY.wire) > heard)
        await ada.close()
        await until(lambda: there() == set())

    run(story)


@pytest.mark.django_db(transaction=True)
def test_a_hub_says_again_who_is_there(room):
    async def story(hub):
        ada = Listener(hub, topic="incident-1", person=ADA)
        await until(lambda: there() == {ADA})
        room.delete("here:incident-1")
        await until(lambda: there() == {ADA})
        await ada.close()

    run(story, keep_seconds=0.02)


def test_a_second_page_in_the_same_process_keeps_its_person_there():
    async def story():
        channel = Channel("incident-1", 0, {Viewer(Watch("incident-1", None, yes, ADA))})
        Attendance().left(channel, ADA)

    presence.arrive("incident-1", ADA, process="one")
    asyncio.run(story())
    assert there() == {ADA}


async def until(holds) -> None:
    async with asyncio.timeout(20):
        while not await ask(holds):
            await asyncio.sleep(0.02)
