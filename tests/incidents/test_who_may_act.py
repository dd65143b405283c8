"""What holds for every address of this room: who may open it, and who may change anything there."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import URLPattern, reverse

from incidents.urls import urlpatterns
from tests import make

pytestmark = pytest.mark.django_db

# Another program shows a secret of its own; the product itself reads the two documents.
OPEN_TO_ALL = {"alert-hook", "degradation-document", "degradation-public-key", "oncall-feed"}
# Nothing of it has to be there: who may not do a thing is told so before anything is looked up.
MADE_UP = {
    "reference": "INC-2026-001",
    "code": "RUN-1",
    "key": "some-key",
    "name": "index.html",
    "audience": "managers",
}
NUMBERS = ("pk", "number", "level", "change")
FORBIDDEN, ONLY_READ = 403, 405


def address(pattern: URLPattern) -> str:
    names = pattern.pattern.converters
    values: dict[str, Any] = {name: 1 if name in NUMBERS else MADE_UP[name] for name in names}
    return reverse(f"incidents:{pattern.name}", kwargs=values)


GUARDED = [pattern for pattern in urlpatterns if pattern.name not in OPEN_TO_ALL]


def answers(ask) -> dict[str | None, int]:
    return {pattern.name: ask(address(pattern)).status_code for pattern in GUARDED}


def let_through(ask) -> set[str | None]:
    return {name for name, status in answers(ask).items() if status not in (FORBIDDEN, ONLY_READ)}


def test_a_viewer_changes_nothing(client):
    client.force_login(make.user("vera", role="viewer"))
    assert let_through(client.post) == set()


def test_somebody_without_a_role_sees_and_changes_nothing(client):
    client.force_login(make.user("nobody"))
    assert let_through(client.get) == set()
    assert let_through(client.post) == set()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_log_in(client, method):
    for pattern in GUARDED:
        response = getattr(client, method)(address(pattern))
        assert (response.status_code, response.headers.get("Location", "").partition("?")[0]) == (
            302,
            reverse("account_login"),
        ), pattern.name
