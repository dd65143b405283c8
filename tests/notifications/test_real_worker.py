"""A real worker, a real Redis, and what arrives: also where the worker is killed, and where Redis is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from dr_console.notifications import doorbell
from dr_console.notifications.models import Delivery
from dr_console.notifications.poller import Poller
from tests import make
from tests.notifications.conftest import People
from tests.notifications.test_delivery_in_trouble import A_WHILE_AGO
from tests.notifications.worker import Worker

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
State = Delivery.State


@pytest.fixture
def worker(redis_url: str, people: People) -> Iterator[Worker]:
    one = Worker(redis_url)
    one.start()
    yield one
    one.kill()


def until(done: Callable[[], bool], seconds: float = 120) -> float:
    """Seconds until it was so."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, list(Delivery.objects.values("state", "error", "attempts"))
        time.sleep(0.02)
    return time.monotonic() - began


def sending() -> list[threading.Thread]:
    """Threads of this process that send. Until they have ended, they may read what the next test finds empty."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("notifications ")]


def is_sent(one: Delivery) -> Callable[[], bool]:
    return Delivery.objects.filter(pk=one.pk, state=State.SENT).exists


def test_what_is_committed_arrives_within_a_second(worker, people):
    until(is_sent(make.message()))  # the worker is there
    with transaction.atomic():
        one = make.message()
        time.sleep(0.3)
        assert len(people.heard("slack")) == 1, "not before it is committed"
    # The quickest of three: one may wait for a machine that is busy with other tests.
    took = [until(is_sent(one)), *(until(is_sent(make.message())) for _ in range(2))]
    assert min(took) < 2
    assert len(people.heard("slack")) == 4


def test_a_worker_that_is_killed_in_the_middle_loses_nothing_and_says_nothing_twice(worker, people):
    until(is_sent(make.message()))
    people.fault("timeout-after-effect", "slack", route="*chat.postMessage*", seconds=20, times=1)
    one = make.message()
    until(lambda: len(people.heard("slack")) == 2)
    worker.kill()  # while it waits for the answer
    worker.start()
    Delivery.objects.filter(pk=one.pk).update(lease_until=A_WHILE_AGO)  # instead of waiting for it
    until(is_sent(one))
    assert len(people.heard("slack")) == 2
    assert Delivery.objects.get(pk=one.pk).provider_ref


def test_without_redis_whoever_looks_sends_it(people, settings, monkeypatch):
    def gone(id: int) -> None:
        raise OSError("no Redis")

    monkeypatch.setattr(doorbell, "_put", gone)
    poller = Poller(every=0.1)
    poller.start()
    one = make.message()
    try:
        until(is_sent(one))
    finally:
        poller.stop()
        poller.join()
        until(lambda: not sending())
    assert len(people.heard("slack")) == 1
