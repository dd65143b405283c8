from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from django.db import connection, connections, transaction

from dr_console.live.models import Event, Topic
from dr_console.live.publish import nudge

pytestmark = pytest.mark.django_db


def written(topic="console"):
    return list(Event.objects.filter(topic__name=topic).order_by("seq").values_list("seq", "name"))


@pytest.fixture
def rings(redis_url) -> Iterator[redis.client.PubSub]:
    """What a web process hears from Redis."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client, client.pubsub() as ears:
        ears.psubscribe("live:*")
        assert ears.get_message(timeout=5)["type"] == "psubscribe"
        yield ears


@pytest.fixture
def silent_redis(settings) -> Iterator[None]:
    """A Redis whose machine takes connections and then says nothing, as when its network has gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.REDIS_URL = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        yield


def test_each_topic_counts_for_itself_from_one():
    for topic, name in [("console", "plan"), ("incident-7", "checklist"), ("console", "services")]:
        nudge(topic, name)
    assert written() == [(1, "plan"), (2, "services")]
    assert written("incident-7") == [(1, "checklist")]
    assert Topic.objects.get(name="console").seq == 2


def test_nobody_is_woken_before_the_commit(rings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        nudge("console", "plan")
    assert rings.get_message(timeout=0.05) is None
    for callback in callbacks:
        callback()
    heard = rings.get_message(timeout=5)
    assert (heard["channel"], heard["data"]) == ("live:console", "plan")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_taken_back_leaves_nothing_behind(rings):
    nudge("console", "kept")
    assert rings.get_message(timeout=5)["data"] == "kept"
    with transaction.atomic():
        nudge("console", "taken-back")
        transaction.set_rollback(True)
    assert rings.get_message(timeout=0.05) is None
    nudge("console", "next")
    assert written() == [(1, "kept"), (2, "next")]


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_it_makes_its_own(rings):
    assert connection.get_autocommit()
    nudge("console", "plan")
    assert written() == [(1, "plan")]
    assert rings.get_message(timeout=5)["data"] == "plan"


@pytest.mark.parametrize(
    ("topic", "name"),
    [("con sole", "plan"), ("console", "pl\nan"), ("console", ""), ("", "plan"), ("console", "connected")],
)
def test_a_name_that_the_stream_could_not_carry_is_refused(topic, name):
    with pytest.raises(ValueError, match="is no name of a"):
        nudge(topic, name)
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_without_redis_it_neither_fails_nor_waits_long_and_says_so_once(silent_redis, caplog):
    began = time.monotonic()
    for _ in range(20):
        nudge("console", "plan")
    assert time.monotonic() - began < 4  # twenty time-outs would be ten seconds
    assert len(written()) == 20
    assert [line.levelname for line in caplog.records if line.name == "dr_console.live.publish"] == ["WARNING"]


@pytest.mark.django_db(transaction=True)
def test_a_name_service_that_does_not_answer_holds_nobody_up(settings, monkeypatch):
    released = threading.Event()
    ask_the_name_service = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        if host == "redis.example.com":
            released.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ask_the_name_service(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    settings.REDIS_URL = "redis://redis.example.com:6379/0"
    began = time.monotonic()
    nudge("console", "plan")
    released.set()
    assert time.monotonic() - began < 5
    assert written() == [(1, "plan")]


def _at_once(writers, each):
    """Several writers, each in a thread and a transaction of its own a time. Returns what went wrong."""
    start, wrong = threading.Barrier(writers), []

    def write():
        try:
            start.wait(20)
            for number in range(each):
                with transaction.atomic():
                    nudge("console", f"change-{number}")
                    time.sleep(0.001)
        except Exception as error:  # noqa: BLE001 (shown by the test)
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return wrong


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_take_numbers_without_gap_from_the_very_first():
    assert _at_once(writers=4, each=15) == []
    assert [seq for seq, _ in written()] == list(range(1, 61))


@pytest.mark.django_db(transaction=True)
def test_on_postgresql_numbers_become_visible_in_their_order():
    """What a reader has passed by stays passed: no lower number appears later. An id from a sequence fails this."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time.")
    seen, is_over = [0], threading.Event()

    def read():
        while not is_over.is_set() or Topic.objects.get(name="console").seq > seen[-1]:
            seen.extend(Event.objects.filter(seq__gt=seen[-1]).order_by("seq").values_list("seq", flat=True))
        connections.close_all()

    reader = threading.Thread(target=read)
    Topic.objects.create(name="console")
    reader.start()
    wrong = _at_once(writers=4, each=50)
    is_over.set()
    reader.join(60)
    assert wrong == []
    assert seen == list(range(201))
