"""The loop of health checks against servers that hang, break and lie, a database that fails, and clocks that jump."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError
from incidents.models import EndpointState, ProbeLocation, ProbeRound, Region, Service, ServiceEndpoint
from incidents.watching.lease import Lease
from incidents.watching.loop import Watch

pytestmark = pytest.mark.django_db(transaction=True)

ANSWERS = {
    "good": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "error": b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
}


class World:
    """What every host does, and when it was asked. In sandbox mode all of them are asked at one port."""

    def __init__(self) -> None:
        self.does: dict[str, str] = {}
        self.asked: list[tuple[float, str]] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        host = line.split()[1].split(b"/")[2].decode()
        self.asked.append((time.monotonic(), host))
        does = self.does.get(host, "good")
        if does == "one error":
            does = self.does.pop(host) and "error"
        if does == "hang":
            await asyncio.sleep(30)
        elif does == "reset":
            writer.transport.abort()
        else:
            writer.write(ANSWERS[does])
        writer.close()

    def times(self, host: str) -> list[float]:
        return [at for at, asked in self.asked if asked == host]


@pytest.fixture
def world(settings, tmp_path) -> World:
    settings.DR_DATA_DIR = tmp_path
    settings.DR_CANARY_URLS = ["https://canary.example.net/"]
    settings.DR_PROBE_INTERVAL_SECONDS = 0.2
    settings.DR_PROBE_TIMEOUT_SECONDS = 1.0
    for position, key in enumerate(("tokyo", "california")):
        region = Region.objects.create(
            key=key, position=position, name=key, role="primary", provider="v", status="active"
        )
        service = Service.objects.create(key=f"{key}-api", position=position, name=key, hostnames=[])
        for number in (1, 2):
            service.endpoints.create(
                region=region,
                via=("cdn", "origin")[number - 1],
                url=f"https://{key}{number}.example.com/",
                expected_status=200,
                position=number,
            )
    return World()


@pytest.fixture
def watching(world, settings) -> Callable[..., None]:
    """Let the loop run while a story is told beside it, and end it. What goes wrong in either goes wrong here."""

    def run(story: Callable[[Watch], Coroutine[Any, Any, None]], **options: Any) -> None:
        async def all_of_it() -> None:
            server = await asyncio.start_server(world.answer, "127.0.0.1", 0)
            settings.DR_EDGE_URL = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/edge"
            watch = Watch("here", **options)
            running = asyncio.create_task(watch.run())
            try:
                await asyncio.wait_for(story(watch), 20)
            finally:
                watch.stop()
                await asyncio.wait_for(running, 10)
                server.close()

        asyncio.run(all_of_it())

    return run


async def until(is_so: Callable[[], bool], seconds: float = 8) -> None:
    """Wait for something in the database, asked in another thread as Django wants it."""
    ends = time.monotonic() + seconds
    while not await asyncio.to_thread(closing, is_so):
        assert time.monotonic() < ends, "that did not happen"
        await asyncio.sleep(0.02)


def closing(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    finally:
        connection.close()


def state(host: str) -> str:
    found = EndpointState.objects.filter(endpoint__url=f"https://{host}.example.com/").first()
    return found.state if found else "unknown"


def rounds() -> int:
    return ProbeRound.objects.filter(kind="round").count()


def test_it_asks_everything_again_and_again_and_keeps_what_it_finds(watching, world):
    async def story(watch):
        await until(lambda: rounds() >= 5)

    watching(story)
    assert {state(host) for host in ("tokyo1", "tokyo2", "california1", "california2")} == {"up"}
    place = ProbeLocation.objects.get()
    assert (place.canaries_asked, place.canaries_good, place.is_cut_off) == (1, 1, False)
    gaps = [
        b - a for a, b in zip(world.times("tokyo1.example.com"), world.times("tokyo1.example.com")[1:], strict=False)
    ]
    # A first round that begins late is followed by one in time.
    assert sum(gaps) / len(gaps) > 0.15


def test_what_fails_is_asked_again_at_once_until_it_is_clear(watching, world, settings):
    settings.DR_PROBE_INTERVAL_SECONDS = 30
    world.does["tokyo1.example.com"] = "reset"

    async def story(watch):
        began = time.monotonic()
        await until(lambda: state("tokyo1") == "down")
        assert time.monotonic() - began < 15  # and not after another half minute

    watching(story)
    times = world.times("tokyo1.example.com")
    assert len(times) == 3
    assert all(b - a > 0.14 for a, b in zip(times, times[1:], strict=False))
    # With its neighbours, so that it can be told what fails from what does not; but nobody else.
    assert len(world.times("tokyo2.example.com")) == 3
    assert len(world.times("california1.example.com")) == 1
    assert len(world.times("canary.example.net")) == 3
    assert list(ProbeRound.objects.order_by("at").values_list("kind", flat=True)) == ["round", *["confirmation"] * 2]


def test_a_single_failure_is_forgotten_as_soon_as_it_answers_again(watching, world, settings):
    settings.DR_PROBE_INTERVAL_SECONDS = 30
    world.does["tokyo1.example.com"] = "one error"

    async def story(watch):
        await until(lambda: state("tokyo1") == "up")

    watching(story)
    assert len(world.times("tokyo1.example.com")) == 2
    found = EndpointState.objects.get(endpoint__url="https://tokyo1.example.com/")
    assert (found.good_streak, found.bad_streak) == (1, 0)


def test_one_that_hangs_keeps_the_others_from_nothing(watching, world):
    world.does["tokyo1.example.com"] = "hang"

    async def story(watch):
        await until(lambda: state("tokyo1") == "down", 15)
        seen = len(world.times("california1.example.com"))
        await asyncio.sleep(2)
        assert len(world.times("california1.example.com")) - seen >= 8
        world.does.clear()
        await until(lambda: state("tokyo1") == "up")

    watching(story)


def test_a_canary_that_has_not_answered_yet_is_no_sign_of_being_cut_off(watching, world):
    def canaries() -> tuple[int, int]:
        return ProbeLocation.objects.values_list("canaries_asked", "canaries_good").get()

    async def story(watch):
        await until(lambda: rounds() >= 2)
        world.does["canary.example.net"] = "hang"
        seen = {(1, 1)}
        while (1, 0) not in seen:  # until its time is up, over several rounds
            seen.add(await asyncio.to_thread(closing, canaries))
        assert seen == {(1, 1), (1, 0)}

    watching(story)


def test_it_goes_on_asking_while_the_database_is_locked_and_loses_nothing(watching, world):
    async def story(watch):
        await until(lambda: rounds() >= 2)
        released = threading.Event()
        locked = asyncio.create_task(asyncio.to_thread(closing, lambda: hold_a_lock(released)))
        await asyncio.sleep(0.3)
        before, asked = await asyncio.to_thread(closing, rounds), len(world.times("tokyo1.example.com"))
        await asyncio.sleep(1.5)
        assert len(world.times("tokyo1.example.com")) >= asked + 3
        assert await asyncio.to_thread(closing, rounds) <= before + 1
        released.set()
        await locked
        await until(lambda: rounds() >= before + 5)

    watching(story)
    # The last one may have been cut off by the end of the test.
    assert len(world.times("tokyo1.example.com")) - rounds() in (0, 1)


def hold_a_lock(released: threading.Event) -> None:
    with transaction.atomic():
        ProbeLocation.objects.select_for_update().get()
        ProbeLocation.objects.update(at=now())
        released.wait(10)


def test_what_a_database_that_fails_did_not_take_is_written_when_it_does(watching, world):
    def rename(before: str, after: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")

    async def story(watch):
        await until(lambda: rounds() >= 2)
        await asyncio.to_thread(closing, lambda: rename("incidents_proberound", "lost"))
        await asyncio.sleep(1.0)
        await asyncio.to_thread(closing, lambda: rename("lost", "incidents_proberound"))
        await until(lambda: not watch._waiting)

    watching(story)
    # The last one may have been cut off by the end of the test.
    assert len(world.times("tokyo1.example.com")) - rounds() in (0, 1)


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_jumps_stops_nothing(watching, world, hours, time_machine):
    async def story(watch):
        await until(lambda: rounds() >= 2)
        time_machine.move_to(now() + timedelta(hours=hours))
        seen = rounds_seen = len(world.times("tokyo1.example.com"))
        await asyncio.sleep(1.2)
        assert len(world.times("tokyo1.example.com")) >= seen + 4
        world.does["tokyo1.example.com"] = "reset"
        await until(lambda: state("tokyo1") == "down")
        assert rounds_seen

    watching(story)


def test_what_follows_from_a_round_is_considered_after_it_and_cannot_stop_the_loop(watching, world):
    considered = []

    def breaks(*, at):
        raise DatabaseError("locked")

    def refuses(*, at):
        raise ProviderError("Cloudflare", "read the zone", Problem.REFUSED)

    def consider(*, at):
        assert ProbeRound.objects.filter(at=at).exists()
        considered.append(at)

    async def story(watch):
        await until(lambda: len(considered) >= 4)

    watching(story, after_round=(breaks, refuses, consider))
    assert considered == sorted(set(considered))


def test_a_mistake_of_our_own_ends_the_process_so_that_it_is_started_anew(watching, world):
    def mistaken(*, at):
        raise KeyError("a mistake")

    async def story(watch):
        await until(lambda: rounds() >= 1)
        await asyncio.sleep(1)

    with pytest.raises(KeyError, match="a mistake"):
        watching(story, after_round=(mistaken,))


def test_a_change_of_the_plan_is_followed(watching, world):
    def change() -> None:
        service = Service.objects.get(key="tokyo-api")
        service.endpoints.filter(url="https://tokyo2.example.com/").update(url="https://tokyo9.example.com/")
        ServiceEndpoint.objects.filter(url="https://california2.example.com/").update(retired_at=now())

    async def story(watch):
        await until(lambda: rounds() >= 2)
        await asyncio.to_thread(closing, change)
        await until(lambda: bool(world.times("tokyo9.example.com")))
        seen = len(world.times("california2.example.com"))
        await asyncio.sleep(0.8)
        assert len(world.times("california2.example.com")) <= seen + 1

    watching(story)


def test_what_was_down_before_a_restart_is_not_confirmed_again(watching, world, settings):
    settings.DR_PROBE_INTERVAL_SECONDS = 30
    world.does["tokyo1.example.com"] = "reset"

    async def story(watch):
        await until(lambda: state("tokyo1") == "down")
        await until(lambda: rounds() >= 1)

    watching(story)
    asked = len(world.times("tokyo1.example.com"))

    async def after_the_restart(watch):
        await until(lambda: rounds() >= 2)
        await asyncio.sleep(0.5)

    watching(after_the_restart)
    assert len(world.times("tokyo1.example.com")) == asked + 1


def test_a_second_process_of_the_same_place_waits_and_takes_over(watching, world):
    async def story(watch):
        await until(lambda: rounds() >= 2)
        second = Watch("here")
        waiting = asyncio.create_task(second.run())
        await asyncio.sleep(1.3)
        assert not second.known.endpoints
        watch.stop()
        seen = len(world.asked)
        await until(lambda: bool(second.known.endpoints) and len(world.asked) > seen + 8)
        second.stop()
        await waiting

    watching(story)


def test_another_machine_is_waited_for_until_its_time_is_up(world):
    ProbeLocation.objects.create(name="here", owner="tokyo:abc:1", lease_until=now() + timedelta(seconds=10))
    lease = Lease("here")
    assert not lease.take()
    ProbeLocation.objects.update(lease_until=now() - timedelta(seconds=1))
    assert lease.take()
    assert ProbeLocation.objects.get().owner == lease.owner
    assert lease.take()  # renewed
    lease.give_back()
    assert ProbeLocation.objects.get().owner == ""


def test_who_died_in_this_folder_is_not_waited_for(world):
    first = Lease("here")
    assert first.take()
    assert not Lease("here").take()
    first._lock, lock = None, first._lock  # as the kernel does when a process is killed
    os.close(lock)
    assert Lease("here").take()
