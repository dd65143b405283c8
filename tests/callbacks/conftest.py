"""What the tests of answers stand on: somebody who is asked, and messages that can be answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dr_console.notifications import purposes
from dr_console.notifications.models import Delivery
from tests import make
from tests.callbacks import asked as asking
from tests.callbacks.asked import Asked
from tests.notifications.conftest import People, _people, people

__all__ = ["People", "_people", "people"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setitem(purposes._purposes, "asked", asking.__name__)
    yield asking.forget()
    asking.forget()


@pytest.fixture
def sent(asked: Asked) -> Callable[..., Delivery]:
    """A message that asks for an answer and has been handed over, as far as `fields` say nothing else."""

    def made(**fields: Any) -> Delivery:
        row = {name: fields.pop(name) for name in ("state", "provider_ref", "handed_over_at") if name in fields}
        defaults = {"purpose": "asked", "group": "asked:1", "person": "contact:ada", "recipient": "Ada"}
        one = make.message(**defaults | fields)
        row.setdefault("state", Delivery.State.SENT)
        Delivery.objects.filter(pk=one.pk).update(**row)
        one.refresh_from_db()
        return one

    return made
