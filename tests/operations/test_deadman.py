"""The sign of life to a dead man's switch outside: only while nothing is overdue, and over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.urls import reverse
from django.utils.timezone import now

from dr_console.home import not_ready
from dr_console.notifications.models import Delivery
from dr_console.operations import deadman, engine, signs_of_life
from dr_console.operations.models import EngineTick, HeartbeatOut
from incidents.models import Escalation
from tests import make

pytestmark = pytest.mark.django_db


class Outside:
    """A dead man's switch that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200

    def handler(self) -> type[BaseHTTPRequestHandler]:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.asked.append(self.path)
                self.send_response(outside.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            def log_message(self, *args: object) -> None:
                return

        return Handler


@pytest.fixture
def outside(settings) -> Iterator[Outside]:
    found = Outside()
    with ThreadingHTTPServer(("127.0.0.1", 0), found.handler()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        settings.DR_DEADMAN_URL = f"http://127.0.0.1:{server.server_port}/ping/5eaf00d5"
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def _engine_ticks():
    engine.ticked()


def late_escalation(seconds, status=Escalation.Status.ACTIVE):
    at = now() - timedelta(seconds=seconds)
    Escalation.objects.create(incident=make.incident(), number=1, severity="P0", snapshot={}, status=status, next_at=at)


def late_message(seconds, **fields):
    at = now() - timedelta(seconds=seconds)
    Delivery.objects.create(channel="email", subject="Page", dedup_key="one", not_before=at, **fields)


def home_says() -> list[tuple[str, str]]:
    return [(found.state, found.why) for found in not_ready([]) if "outside" in found.what]


@pytest.mark.usefixtures("_engine_ticks")
def test_where_nothing_is_overdue_the_switch_is_asked(outside):
    assert signs_of_life.look()
    assert outside.asked == ["/ping/5eaf00d5"]
    assert deadman.switch().sent_at
    assert not deadman.switch().is_old
    assert home_says() == []


@pytest.mark.usefixtures("_engine_ticks")
def test_it_is_asked_once_a_minute_by_however_many_processes(outside, time_machine):
    time_machine.move_to(now(), tick=False)
    for _ in range(3):
        signs_of_life.look()
    assert len(outside.asked) == 1
    time_machine.shift(60)
    EngineTick.objects.update(at=now())
    signs_of_life.look()
    assert len(outside.asked) == 2


@pytest.mark.usefixtures("_engine_ticks")
def test_what_was_claimed_by_a_clock_ahead_does_not_silence_it(outside):
    HeartbeatOut.objects.create(pk=deadman.THE_ROW, looked_at=now() + timedelta(hours=1))
    assert signs_of_life.look()


@pytest.mark.usefixtures("_engine_ticks")
@pytest.mark.parametrize("status", Escalation.DUE)
def test_not_while_a_ladder_is_overdue(outside, status):
    late_escalation(61, status)
    assert not signs_of_life.look()
    assert outside.asked == []
    assert deadman.switch().withheld_words == ["Escalations that should have gone on more than a minute ago: 1."]
    assert home_says() == [("failed", "Escalations that should have gone on more than a minute ago: 1.")]


@pytest.mark.usefixtures("_engine_ticks")
@pytest.mark.parametrize(
    "fields",
    [{"state": "queued"}, {"state": "sending", "lease_until": now() - timedelta(minutes=5)}],
    ids=["not sent", "left by a worker that is gone"],
)
def test_not_while_a_message_is_overdue(outside, fields):
    late_message(61, **fields)
    assert not signs_of_life.look()
    assert outside.asked == []
    assert deadman.switch().withheld_words == ["Messages that should have been sent more than a minute ago: 1."]


@pytest.mark.usefixtures("_engine_ticks")
def test_what_is_due_for_less_than_a_minute_or_over_is_not_overdue(outside):
    late_escalation(50)
    late_escalation(500, Escalation.Status.STOPPED)
    late_message(500, state="failed")
    assert signs_of_life.look()


def test_not_while_the_engine_stands_still(outside):
    assert not signs_of_life.look()
    assert outside.asked == []


@pytest.mark.usefixtures("_engine_ticks")
def test_a_switch_that_says_no_is_shown_without_its_secret(outside, client):
    outside.status = 404
    assert not signs_of_life.look()
    client.force_login(make.user("vera", role="viewer"))
    page = client.get(reverse("operations:readiness")).content.decode()
    assert "Silent" in page
    assert "404" in page
    assert "5eaf00d5" not in page
    assert "5eaf00d5" not in str(HeartbeatOut.objects.get().error)
    assert home_says()[0][0] == "failed"


@pytest.mark.usefixtures("_engine_ticks")
def test_in_the_sandbox_nobody_outside_is_spoken_to(settings):
    settings.DR_DEADMAN_URL = "https://hc-ping.example/5eaf00d5"
    assert not signs_of_life.look()
    assert "DR_DEADMAN_URL is not on this machine" in str(deadman.switch().error)


@pytest.mark.usefixtures("_engine_ticks")
def test_once_it_is_not_asked_any_more_the_home_page_says_so(outside):
    signs_of_life.look()
    HeartbeatOut.objects.update(sent_at=now() - timedelta(minutes=3))
    assert home_says() == [("failed", "No sign of life has been taken for minutes.")]


@pytest.mark.parametrize(("mode", "said"), [("live", [("waiting", "Set DR_DEADMAN_URL.")]), ("sandbox", [])])
def test_a_live_console_without_one_is_not_ready(settings, mode, said):
    settings.DR_MODE = mode
    assert home_says() == said


@pytest.mark.usefixtures("_engine_ticks")
def test_the_readiness_page_says_when_it_was_taken_last(outside, client):
    signs_of_life.look()
    client.force_login(make.user("vera", role="viewer"))
    page = client.get(reverse("operations:readiness")).content.decode()
    assert "Asked every minute" in page
    assert "Last sign of life taken" in page


def test_the_thread_goes_on_until_it_is_stopped(outside):
    thread = signs_of_life.SignsOfLife(every=60)
    thread.start()
    thread.stop()
    thread.join(timeout=30)
    assert not thread.is_alive()
