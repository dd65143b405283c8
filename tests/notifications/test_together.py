"""What several threads write in one transaction: each its own, or each alone where one of them cannot."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from dr_console.live.models import Event
from dr_console.live.publish import nudge
from dr_console.notifications.together import _Writer
from tests.notifications.test_real_worker import until


def write(writer: _Writer, name: str) -> str:
    try:
        return writer.write(lambda: _say(name))
    except DatabaseError as error:
        return str(error)
    finally:
        connection.close()


def _say(name: str) -> str:
    nudge("together", name)
    if name == "broken":
        raise DatabaseError("no room")
    return name


def at_once(names: list[str]) -> tuple[list[str], int]:
    """What each thread got, and how many transactions that took; the first holds the turn until all have come."""
    begun: list[int] = []
    go_on = threading.Event()

    def first() -> None:
        begun.append(1)
        assert go_on.wait(30)

    writer = _Writer(first)
    with ThreadPoolExecutor(len(names)) as pool:
        futures = [pool.submit(write, writer, names[0])]
        until(lambda: bool(begun))
        futures += [pool.submit(write, writer, name) for name in names[1:]]
        until(lambda: len(writer._asked) == len(names) - 1)
        go_on.set()
        return [future.result() for future in futures], len(begun)


@pytest.mark.django_db(transaction=True)
def test_who_comes_meanwhile_is_written_with_the_next():
    names = ["one", "two", "three", "four"]
    assert at_once(names) == (names, 2)
    assert Event.objects.filter(topic__name="together").count() == 4


@pytest.mark.django_db(transaction=True)
def test_one_that_cannot_be_written_keeps_no_other_from_it():
    got, transactions = at_once(["one", "two", "broken", "four"])
    assert got == ["one", "two", "no room", "four"]
    assert transactions == 2 + 3
    assert sorted(Event.objects.filter(topic__name="together").values_list("name", flat=True)) == ["four", "one", "two"]


@pytest.mark.django_db
def test_within_a_transaction_nobody_waits_for_a_turn():
    writer = _Writer(lambda: None)
    with writer._turn, transaction.atomic():
        assert writer.write(lambda: 7) == 7
