from __future__ import annotations

import asyncio
import subprocess
import threading

import pytest
from django.db import OperationalError

from dr_console.live import viewers
from dr_console.live.models import Event, Topic
from dr_console.live.publish import nudge
from dr_console.live.reading import ask
from dr_console.live.viewers import Viewer, Watch
from dr_console.operations.redis_server import RedisServer, find_binary
from tests.live.listeners import Listener, between_us_and_the_database, run, yes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_page_from_before_the_database_was_restored_reads_everything_anew():
    nudge("console", "plan")

    async def story(hub):
        page = Listener(hub, after=99)
        await page.has((1, "connected"))
        await ask(nudge, "console", "plan")
        await page.has((1, "connected"), (2, "plan"))
        await page.close()

    run(story)


def test_when_the_database_is_restored_meanwhile_pages_are_asked_to_come_back():
    for _ in range(5):
        nudge("console", "plan")

    async def story(hub):
        page = Listener(hub)
        await page.has((5, "connected"))
        await ask(Topic.objects.update, seq=2)
        await ask(Event.objects.filter(seq__gt=2).delete)
        async with asyncio.timeout(20):
            await page.task
        back = Listener(hub, after=5)
        await back.has((2, "connected"))
        await back.close()

    run(story, sweep_seconds=0.02)


def test_a_server_that_slept_longer_than_events_are_kept_asks_its_pages_to_come_back():
    async def story(hub):
        page = Listener(hub)
        await page.has((0, "connected"))
        topic = await ask(Topic.objects.create, name="console", seq=5)
        await ask(Event.objects.create, topic=topic, seq=5, name="plan")
        async with asyncio.timeout(20):
            await page.task
        assert page.events == [(0, "connected")]
        back = Listener(hub, after=0)
        await back.has((5, "connected"))
        await back.close()

    run(story, sweep_seconds=0.02)


def test_without_redis_the_sweep_finds_what_happened(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    async def story(hub):
        page = Listener(hub)
        await page.has((0, "connected"))
        await ask(nudge, "console", "plan")
        await page.has((0, "connected"), (1, "plan"))
        await page.close()

    run(story, sweep_seconds=0.02)


@pytest.mark.processes
def test_after_redis_was_killed_pages_are_woken_again(settings, tmp_path):
    server = RedisServer(find_binary(), tmp_path, append_only=False)
    server.start(output=subprocess.DEVNULL)
    server.wait_until_ready()
    settings.REDIS_URL = server.url

    async def story(hub):
        page = Listener(hub)
        await page.has((0, "connected"))
        server.process.kill()
        server.process.wait()
        await asyncio.sleep(0)
        await ask(nudge, "console", "unheard")
        server.start(output=subprocess.DEVNULL)
        server.wait_until_ready()
        # No sweep: that this arrives shows that the subscription is back, and asked what it had missed.
        await page.has((0, "connected"), (1, "unheard"))
        await page.close()

    try:
        run(story)
    finally:
        server.stop()


def test_a_page_that_takes_nothing_is_let_go_and_misses_nothing(monkeypatch):
    monkeypatch.setattr(viewers, "ROOM", 5)

    async def story(hub):
        stuck = Viewer(Watch("console", None, yes))
        stream = hub.stream(stuck)
        assert [await anext(stream), await anext(stream)][1] == b"id: 0\ndata: connected\n\n"
        for _ in range(9):
            await ask(nudge, "console", "plan")
        async with asyncio.timeout(20):
            while not stuck.is_closed:
                await asyncio.sleep(0.005)
        assert [chunk async for chunk in stream] == []
        back = Listener(hub, after=0)
        await back.has(*[(seq, "plan") for seq in range(1, 10)])
        await back.close()

    run(story)


def test_a_database_that_fails_for_a_while_ends_no_stream():
    is_down, failures = threading.Event(), {"reader": 0, "check": 0}

    def fail(execute, sql, params, many, context):
        is_reader = threading.current_thread().name.startswith("live-reader")
        if is_down.is_set() and (is_reader or 'AS "a"' in sql):
            failures["reader" if is_reader else "check"] += 1
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    async def story(hub):
        await ask(nudge, "console", "first")
        page = Listener(hub, may_stay=lambda: Topic.objects.exists())
        await page.has((1, "connected"))
        await ask(nudge, "console", "plan")
        await page.until(lambda page: len(page.events) == 2)
        is_down.set()
        await ask(nudge, "console", "services")
        await page.until(lambda page: min(failures.values()) >= 2)
        assert len(page.events) == 2
        is_down.clear()
        await page.has((1, "connected"), (2, "plan"), (3, "services"))
        await page.close()

    with between_us_and_the_database(fail):
        run(story, sweep_seconds=0.02, check_seconds=0.02)
