"""Where a request comes from."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse

from dr_console.audit import origin
from dr_console.audit.middleware import RememberOrigin, client_address
from tests import make


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "expected"),
    [
        (0, "", "192.0.2.1", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.9", "192.0.2.1", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "192.0.2.1", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 198.51.100.2", "192.0.2.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1", "192.0.2.1"),
        (1, "not an address", "192.0.2.1", "192.0.2.1"),
        (1, "", "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.9:4711", "192.0.2.1", "203.0.113.9"),
        (1, "[2001:db8::7]:4711", "192.0.2.1", "2001:db8::7"),
        (1, "2001:db8::7", "192.0.2.1", "2001:db8::7"),
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
        (0, "", "", "unknown"),
    ],
)
def test_only_as_many_hops_are_believed_as_there_are_proxies(rf, settings, proxies, forwarded, peer, expected):
    settings.DR_TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert client_address(rf.get("/", headers=headers, REMOTE_ADDR=peer)) == expected


def seen_by(request):
    seen = {}

    def view(request):
        seen.update(structlog.contextvars.get_contextvars(), origin=origin.current())
        return HttpResponse()

    RememberOrigin(view)(request)
    return seen


def test_the_view_and_its_log_lines_know_where_the_request_comes_from(rf):
    request = rf.get("/", REMOTE_ADDR="192.0.2.1")
    request.user = AnonymousUser()
    seen = seen_by(request)
    assert seen["origin"] == seen["ip"] == "192.0.2.1"
    assert seen["person"] is None
    assert len(seen["request"]) == 12


@pytest.mark.django_db
def test_log_lines_know_the_person(rf):
    request = rf.get("/")
    request.user = make.user("ada")
    assert seen_by(request)["person"] == request.user.pk


def test_nothing_is_left_for_what_the_thread_does_next(rf):
    request = rf.get("/", REMOTE_ADDR="192.0.2.1")
    request.user = AnonymousUser()
    seen_by(request)
    assert origin.current() == "terminal"
    assert structlog.contextvars.get_contextvars() == {}


def test_asynchronous_views_know_it_too(rf):
    request = rf.get("/", REMOTE_ADDR="192.0.2.1")
    request.user = AnonymousUser()

    async def view(request):
        return HttpResponse(origin.current())

    response = asyncio.run(RememberOrigin(view)(request))
    assert response.content == b"192.0.2.1"
