from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils.timezone import now

from dr_console.live import history
from dr_console.live.models import Event, Topic
from dr_console.live.publish import nudge
from dr_console.live.reading import ask
from tests.live.listeners import Listener, between_us_and_the_database, run

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_page_hears_that_it_is_connected_and_then_what_changes():
    async def story(hub):
        await ask(nudge, "console", "before")
        page = Listener(hub)
        await page.has((1, "connected"))
        await ask(nudge, "console", "plan")
        await ask(nudge, "console", "services")
        await page.has((1, "connected"), (2, "plan"), (3, "services"))
        assert page.chunks[0] == b"retry: 500\n\n"
        assert page.chunks[1] == b"id: 1\ndata: connected\n\n"
        await page.close()

    run(story)


def test_a_page_hears_only_of_its_topic():
    async def story(hub):
        console, incident = Listener(hub), Listener(hub, topic="incident-7")
        await console.has((0, "connected"))
        await incident.has((0, "connected"))
        await ask(nudge, "incident-7", "checklist")
        await ask(nudge, "console", "plan")
        await console.has((0, "connected"), (1, "plan"))
        await incident.has((0, "connected"), (1, "checklist"))
        await console.close()
        await incident.close()

    run(story)


def test_a_page_that_comes_back_gets_exactly_what_it_missed():
    Topic.objects.create(name="console", seq=1300)
    topic = Topic.objects.get()
    Event.objects.bulk_create([Event(topic=topic, seq=seq, name="plan") for seq in range(1, 1301)])

    async def story(hub):
        somebody_else = Listener(hub)
        await somebody_else.has((1300, "connected"))
        page = Listener(hub, after=4)
        await page.until(lambda page: len(page.events) >= 1296)
        await ask(nudge, "console", "next")
        await page.until(lambda page: page.events[-1][1] == "next")
        assert [seq for seq, _ in page.events] == list(range(5, 1302))
        up_to_date = Listener(hub, after=1301)
        await ask(nudge, "console", "last")
        await up_to_date.has((1302, "last"))
        for listener in (somebody_else, page, up_to_date):
            await listener.close()

    run(story)


def test_a_page_whose_events_are_forgotten_reads_everything_anew():
    for _ in range(3):
        nudge("console", "plan")
    Event.objects.filter(seq__lte=2).update(at=now() - timedelta(hours=2))
    Event.objects.filter(seq__lte=2).delete()

    async def story(hub):
        page = Listener(hub, after=1)
        await page.has((3, "connected"))
        await ask(nudge, "console", "plan")
        await page.has((3, "connected"), (4, "plan"))
        await page.close()

    run(story)


@pytest.fixture
def reads():
    """What anybody reads of the events."""
    asked = []

    def note(execute, sql, params, many, context):
        if sql.startswith("SELECT") and "live_event" in sql:
            asked.append(sql)
        return execute(sql, params, many, context)

    with between_us_and_the_database(note):
        yield asked


def test_an_event_is_read_once_and_everybody_gets_the_same_bytes(reads):
    async def story(hub):
        pages = [Listener(hub) for _ in range(50)]
        for page in pages:
            await page.has((0, "connected"))
        reads.clear()
        await ask(nudge, "console", "plan")
        for page in pages:
            await page.has((0, "connected"), (1, "plan"))
        assert len(reads) == 1
        assert len({id(page.chunks[-1]) for page in pages}) == 1
        for page in pages:
            await page.close()

    run(story)


def test_pages_that_come_while_others_watch_ask_nothing_unless_they_missed_something(reads):
    async def story(hub):
        first = Listener(hub)
        await first.has((0, "connected"))
        reads.clear()
        others = [Listener(hub), Listener(hub, after=0)]
        await others[0].has((0, "connected"))
        await ask(nudge, "console", "plan")
        await others[1].has((1, "plan"))
        assert len(reads) == 1
        for page in [first, *others]:
            await page.close()

    run(story)


def test_the_server_says_now_and_then_that_it_is_there():
    async def story(hub):
        page = Listener(hub)
        await page.until(lambda page: page.chunks.count(b"event: beat\ndata: beat\n\n") >= 2)
        await page.close()

    run(story, beat_seconds=0.02)


def test_who_may_no_longer_watch_is_shown_out_and_nobody_else():
    is_welcome = threading.Event()
    is_welcome.set()

    async def story(hub):
        ada, bob = Listener(hub), Listener(hub, may_stay=is_welcome.is_set)
        await ada.has((0, "connected"))
        await bob.has((0, "connected"))
        is_welcome.clear()
        async with asyncio.timeout(20):
            await bob.task
        assert not ada.task.done()
        await ada.close()

    run(story, check_seconds=0.02)


def test_pages_that_come_and_go_while_much_happens_see_everything_once_and_in_order():
    is_over = threading.Event()

    def write():
        for number in range(150):
            nudge("console", f"change-{number}")
            time.sleep(0.002)
        connections.close_all()
        is_over.set()

    async def visit(hub, seen):
        """Come, watch for a moment, go; again and again, each time from where one left."""
        while not is_over.is_set() or await ask(history.head, "console") > seen[-1]:
            page = Listener(hub, after=seen[-1])
            await asyncio.sleep(0.02)
            await page.close()
            assert "connected" not in [name for _, name in page.events]
            seen.extend(seq for seq, _ in page.events)

    async def story(hub):
        await ask(nudge, "console", "first")
        writer = threading.Thread(target=write)
        writer.start()
        histories = [[0] for _ in range(8)]
        async with asyncio.timeout(60), asyncio.TaskGroup() as visits:
            for seen in histories:
                visits.create_task(visit(hub, seen))
        writer.join()
        assert histories == [list(range(152))] * 8

    run(story)


def test_with_the_last_page_the_work_ends_and_with_the_next_it_begins_again():
    async def story(hub):
        for seq in (0, 1):
            page = Listener(hub)
            await page.has((seq, "connected"))
            await ask(nudge, "console", "plan")
            await page.has((seq, "connected"), (seq + 1, "plan"))
            await page.close()
            async with asyncio.timeout(20):
                while len(asyncio.all_tasks()) > 1:
                    await asyncio.sleep(0.005)

    run(story)
    until = time.monotonic() + 20
    while any(thread.name.startswith("live-reader") for thread in threading.enumerate()):
        assert time.monotonic() < until, "the reader's thread, and with it its connection, is still there"
        time.sleep(0.01)
