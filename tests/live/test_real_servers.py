from __future__ import annotations

import asyncio
import random
import subprocess
import threading
import time

import pytest
from django.conf import settings as django_settings
from django.db import connections

from dr_console.live import history
from dr_console.live.publish import nudge
from dr_console.live.reading import ask
from dr_console.operations.redis_server import RedisServer, find_binary
from tests import make
from tests.live.pages import Page, is_whole
from tests.live.web import Web

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cookie(client):
    client.force_login(make.user("ada"))
    return f"{django_settings.SESSION_COOKIE_NAME}={client.session.session_key}"


def port_of(server):
    return int(server.rpartition(":")[2])


def test_an_event_streams_to_an_open_page(server, cookie):
    async def story():
        async with Page(port_of(server), cookie) as page:
            await page.until(lambda page: page.connected == 1)
            assert b"text/event-stream" in page.headers
            assert b"content-length" not in page.headers.lower()
            await ask(nudge, "console", "plan")
            await page.until(lambda page: page.seen == [(1, "plan")])

    asyncio.run(story())


def test_a_page_that_lost_its_connection_gets_what_it_missed(server, cookie):
    async def story():
        async with Page(port_of(server), cookie) as page:
            await page.until(lambda page: page.connected == 1)
            page.drop()
            await ask(nudge, "console", "plan")
            await ask(nudge, "console", "services")
            await page.until(lambda page: len(page.seen) == 2)
            assert page.connections == 2
            assert page.connected == 1
            assert is_whole(page, upto=2)

    asyncio.run(story())


@pytest.mark.parametrize(("path", "status"), [("/live/nothing/", 404), ("/live/console/?after=x", 400)])
def test_a_refusal_is_an_ordinary_answer(server, cookie, path, status):
    async def story():
        async with Page(port_of(server), cookie, path=path) as page:
            await page.until(lambda page: page.statuses != [])
            assert page.statuses[0] == status

    asyncio.run(story())


def test_an_open_page_does_not_hold_the_server_when_it_is_asked_to_stop(redis_url, cookie):
    web = Web(redis_url)
    web.start()
    web.wait_until_ready()

    async def story():
        async with Page(web.port, cookie) as page:
            await page.until(lambda page: page.connected == 1)
            began = time.monotonic()
            printed = await asyncio.to_thread(web.stop)
            assert time.monotonic() - began < 10
            assert "Traceback" not in printed

    asyncio.run(story())


def _write(is_over, upto):
    for number in range(upto):
        nudge("console", f"change-{number}")
        time.sleep(0.01)
    connections.close_all()
    is_over.set()


async def _shake(pages, is_over):
    """Cut connections at random, for as long as something is written."""
    while not is_over.is_set():
        await asyncio.sleep(0.03)
        random.choice(pages).drop()


def test_whatever_is_killed_every_page_sees_everything_once_and_in_order(settings, tmp_path, cookie):
    redis = RedisServer(find_binary(), tmp_path, append_only=False)
    redis.start(output=subprocess.DEVNULL)
    redis.wait_until_ready()
    settings.REDIS_URL = redis.url
    web = Web(redis.url)
    web.start()
    web.wait_until_ready()
    is_over = threading.Event()

    async def story():
        pages = [Page(web.port, cookie) for _ in range(8)]
        for page in pages:
            await page.__aenter__()
            await page.until(lambda page: page.connected == 1)
        writer = asyncio.create_task(asyncio.to_thread(_write, is_over, 200))
        shaking = asyncio.create_task(_shake(pages, is_over))
        await pages[0].until(lambda page: len(page.seen) > 20)
        await asyncio.to_thread(redis.process.kill)
        await pages[0].until(lambda page: len(page.seen) > 60)
        await asyncio.to_thread(web.kill)
        redis.start(output=subprocess.DEVNULL)
        web.start()
        await asyncio.gather(writer, shaking)
        upto = await ask(history.head, "console")
        for page in pages:
            await page.until(lambda page: page.last_id == upto, seconds=60)
            await page.__aexit__()
        assert [is_whole(page, upto) for page in pages] == [True] * 8
        assert [page.connected for page in pages] == [1] * 8
        assert sum(page.connections for page in pages) > 16

    try:
        asyncio.run(story())
    finally:
        web.kill()
        redis.stop()
