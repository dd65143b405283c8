"""The wire: what every client does when a vendor throttles, fails, answers nonsense, or goes silent."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import respx
from pydantic import BaseModel

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls
from dr_console.providers import http as wire_module
from dr_console.providers.calls import Call
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import MOST_BYTES, MOST_CONNECTIONS, Answer, Wire, Words
from tests.providers import misbehaving as server_module
from tests.providers.misbehaving import Misbehaving, drips, hangs_up, head, resets, says, says_nothing

TOKEN = "very-secret/token+1"
URL = "https://api.vendor.test/v1"


class Thing(BaseModel):
    id: str
    size: int


@pytest.fixture
def bad() -> Iterator[Misbehaving]:
    with server_module.misbehaving() as server:
        yield server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited between tries; nobody really waits."""
    waited: list[float] = []
    monkeypatch.setattr(wire_module.time, "sleep", waited.append)
    return waited


@pytest.fixture
def heard() -> Iterator[list[Call]]:
    made: list[Call] = []
    with calls.heard_by(made.append):
        yield made


def a_wire(url: str = URL, **options: Any) -> Wire:
    return Wire("Vendor", url, headers={"Authorization": f"Bearer {TOKEN}"}, secrets=[TOKEN], **options)


def call(url: str = URL, method: str = "POST", *, seconds: float = 5, path: str = "/things", **options: Any) -> Answer:
    return a_wire(url).call(method, path, operation="make a thing", deadline=Deadline.after(seconds), **options)


def refused(url: str = URL, method: str = "POST", **options: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call(url, method, **options)
    return caught.value


# --- What is asked, and what is recorded -----------------------------------------------------------


@respx.mock
def test_an_answer_is_read_by_its_shape() -> None:
    respx.get(f"{URL}/things").respond(json={"result": {"thing": {"id": "a", "size": 3}}})
    thing = call(method="GET").read_as(Thing, at="result.thing")
    assert (thing.id, thing.size) == ("a", 3)


@respx.mock
def test_what_is_sent_says_who_sends_it_and_takes_gzip_only() -> None:
    route = respx.post(f"{URL}/things").respond(json={})
    call(json={"name": "x"}, params={"team": "t"})
    sent = route.calls.last.request
    assert sent.headers["user-agent"].startswith("dr-console/")
    assert sent.headers["accept-encoding"] == "gzip"
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(sent.content) == {"name": "x"}
    assert sent.url.query == b"team=t"


@respx.mock
def test_every_try_leaves_a_record_without_query_or_secret(pauses: list[float], heard: list[Call]) -> None:
    respx.get(url__startswith=URL).mock(side_effect=[httpx.Response(503), httpx.Response(200, json={})])
    call(method="GET", path=f"/hooks/{TOKEN}", params={"key": TOKEN})
    assert [(one.attempt, one.status, one.problem) for one in heard] == [(1, 503, "refused"), (2, 200, "")]
    assert {one.url for one in heard} == {f"{URL}/hooks/•••"}
    assert all(one.seconds >= 0 and one.operation == "make a thing" for one in heard)


# --- Trying again ---------------------------------------------------------------------------------


@respx.mock
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425])
def test_reading_is_tried_again_after_a_passing_error(status: int, pauses: list[float]) -> None:
    route = respx.get(f"{URL}/things").mock(
        side_effect=[httpx.Response(status), httpx.Response(status), httpx.Response(200, json={})]
    )
    call(method="GET")
    assert route.call_count == 3
    first, second = pauses
    assert 0.25 <= first <= 0.5 <= second <= 1.0


@respx.mock
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_change_is_not_made_twice_where_the_first_may_have_worked(status: int) -> None:
    route = respx.post(f"{URL}/things").respond(status)
    error = refused()
    assert route.call_count == 1
    assert (error.outcome, error.permanent) == (Outcome.UNKNOWN, False)
    assert "may have happened" in str(error)


@respx.mock
def test_a_change_that_is_harmless_to_repeat_is_repeated(pauses: list[float]) -> None:
    route = respx.patch(f"{URL}/things").mock(side_effect=[httpx.Response(502), httpx.Response(200, json={})])
    call(method="PATCH", harmless=True)
    assert route.call_count == 2


@respx.mock
def test_a_throttled_change_is_repeated_after_as_long_as_the_vendor_asks() -> None:
    route = respx.post(f"{URL}/things").mock(
        side_effect=[httpx.Response(429, headers={"Retry-After": "1"}), httpx.Response(201, json={})]
    )
    began = time.monotonic()
    assert call(seconds=30).status == 201
    assert route.call_count == 2
    assert 1.0 <= time.monotonic() - began < 8.0


@respx.mock
def test_who_asks_for_more_patience_than_there_is_time_is_not_waited_for(pauses: list[float]) -> None:
    route = respx.get(f"{URL}/things").respond(429, headers={"Retry-After": "300"}, json={})
    error = refused(method="GET")
    assert (error.problem, error.retry_after, error.permanent) == (Problem.THROTTLED, 300.0, False)
    assert route.call_count == 1
    assert pauses == []


@respx.mock
def test_trying_again_comes_to_an_end(pauses: list[float]) -> None:
    route = respx.get(f"{URL}/things").respond(500)
    refused(method="GET")
    assert route.call_count == 4


@respx.mock
@pytest.mark.parametrize(
    ("status", "problem"),
    [(400, "refused"), (401, "credentials"), (403, "credentials"), (404, "not_found"), (409, "refused")],
)
def test_what_is_refused_for_good_is_not_tried_again(status: int, problem: str) -> None:
    route = respx.get(f"{URL}/things").respond(status, json={})
    error = refused(method="GET")
    assert (error.problem, error.permanent, error.outcome) == (problem, True, Outcome.NOTHING)
    assert route.call_count == 1


# --- The vendor's words ---------------------------------------------------------------------------


@respx.mock
def test_the_vendors_own_code_and_words_are_kept_also_where_it_says_no_with_200() -> None:
    respx.post(f"{URL}/things").respond(json={"ok": False, "error": "channel_not_found"})
    wire = a_wire(refusal=lambda _status, body: None if body["ok"] else Words(body["error"], "no such channel"))
    with pytest.raises(ProviderError) as caught:
        wire.call("POST", "/things", operation="post", deadline=Deadline.after(5))
    error = caught.value
    assert (error.status, error.code, error.said) == (200, "channel_not_found", "no such channel")
    assert str(error) == "Vendor refused to post. It answered: 200 channel_not_found: no such channel"


@respx.mock
def test_an_error_without_words_is_quoted_in_short() -> None:
    respx.post(f"{URL}/things").respond(400, text="<h1>Bad</h1>\n" + "x" * 1000)
    assert refused().said == "“<h1>Bad</h1> " + "x" * 187 + "…”"


# --- Answers that are none ------------------------------------------------------------------------


@respx.mock
@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "“”"),
        ("[]", "result.thing is missing. “[]”"),
        ('{"result": null}', "result.thing is missing. “{"),
        ('{"result": {"thing": {"id": 1, "size": 2}}}', "result.thing.id: Input should be a valid string"),
        ('{"result": {"thing": {"id": "a"}}}', "result.thing.size: Field required"),
        ("<!DOCTYPE html><title>Log in</title>", "“<!DOCTYPE html><title>Log in</title>”"),
        ("[" * 100_000, "“[[["),
        ("9" * 5000, "“999"),
        ("\ufeff{}", "result.thing is missing"),
    ],
)
def test_what_is_not_as_documented_says_where_and_is_quoted(body: str, why: str) -> None:
    respx.get(f"{URL}/things").respond(text=body)
    with pytest.raises(ProviderError) as caught:
        call(method="GET").read_as(Thing, at="result.thing")
    assert caught.value.problem is Problem.GARBLED
    assert why in caught.value.said
    assert len(caught.value.said) < 300


@respx.mock
def test_a_page_for_people_is_no_success_even_where_nobody_reads_the_answer() -> None:
    respx.delete(f"{URL}/things").respond(text="\n <!DOCTYPE HTML><p>Please accept the terms of this network")
    error = refused(method="DELETE")
    assert (error.problem, error.outcome) == (Problem.GARBLED, Outcome.UNKNOWN)


@respx.mock
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_is_no_success(status: int) -> None:
    elsewhere = respx.post("https://evil.test/").respond(json={})
    respx.post(f"{URL}/things").respond(status, headers={"Location": "https://evil.test/"})
    assert refused().problem is Problem.GARBLED
    assert not elsewhere.called


@respx.mock
def test_a_charset_that_nobody_knows_does_no_harm() -> None:
    respx.get(f"{URL}/things").respond(content=b'{"id": "a"}', headers={"Content-Type": "text/plain; charset=klingon"})
    assert call(method="GET").json() == {"id": "a"}


def test_a_huge_body_is_not_taken_in(bad: Misbehaving) -> None:
    bad.does(drips(bad, head(200, "Content-Length: 99999999999"), b"x" * 1_000_000, every=0))
    error = refused(bad.url, "GET", seconds=20)
    assert error.problem is Problem.GARBLED
    assert str(MOST_BYTES) in error.said


def test_a_small_gzip_that_unpacks_to_gigabytes_is_not_taken_in(bad: Misbehaving) -> None:
    packed = gzip.compress(b"0" * 64 * 1024 * 1024)
    bad.does(says(packed, 200, "Content-Encoding: gzip"))
    error = refused(bad.url, "GET", seconds=20)
    assert error.problem is Problem.GARBLED
    assert str(MOST_BYTES) in error.said


def test_gzip_is_unpacked(bad: Misbehaving) -> None:
    bad.does(says(gzip.compress(b'{"a": 1}'), 200, "Content-Encoding: gzip"))
    assert call(bad.url, "GET").json() == {"a": 1}


@pytest.mark.parametrize("packing", ["gzip", "br", "bogus"])
def test_what_cannot_be_unpacked_is_broken(bad: Misbehaving, packing: str) -> None:
    bad.does(says(b"\x00\x01 no such thing", 200, f"Content-Encoding: {packing}"))
    assert refused(bad.url).problem is Problem.BROKEN


# --- Connections ----------------------------------------------------------------------------------


def test_who_is_not_there_got_nothing(heard: list[Call], pauses: list[float]) -> None:
    error = refused("http://127.0.0.1:1")
    assert (error.problem, error.outcome, error.permanent) == (Problem.UNREACHABLE, Outcome.NOTHING, False)
    assert "nothing was sent" in str(error)
    assert len(heard) == 4, "and so it is safe to try again"


def test_a_name_without_an_address_is_unreachable(pauses: list[float]) -> None:
    assert refused("http://nowhere.invalid").problem is Problem.UNREACHABLE


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", head(200, "Content-Length: 50") + b'{"half": ']
)
@pytest.mark.parametrize("breaks", [resets, hangs_up])
def test_a_connection_that_breaks_leaves_a_change_in_doubt(bad: Misbehaving, breaks: Any, sent: bytes) -> None:
    bad.does(breaks(sent))
    error = refused(bad.url, json={})
    assert (error.problem, error.outcome, error.permanent) == (Problem.BROKEN, Outcome.UNKNOWN, False)
    assert len(bad.asked) == 1, "it may have happened, so it is not sent again"


def test_reading_over_a_connection_that_breaks_is_tried_again(bad: Misbehaving, pauses: list[float]) -> None:
    bad.does(resets(), hangs_up(), says(b'{"id": "a"}'))
    assert call(bad.url, "GET").json() == {"id": "a"}
    assert len(bad.asked) == 3


def test_what_was_carried_out_and_never_answered_is_in_doubt(bad: Misbehaving) -> None:
    bad.does(says_nothing(bad))
    error = refused(bad.url, seconds=0.3, json={"name": "x"})
    assert (error.problem, error.outcome) == (Problem.TIMED_OUT, Outcome.UNKNOWN)
    assert [body for _head, body in bad.asked] == [b'{"name":"x"}']
    assert "It may have happened all the same." in str(error)


def test_a_connection_that_was_closed_while_idle_is_not_used_again(bad: Misbehaving) -> None:
    bad.does(hangs_up(head(200, "Content-Length: 2") + b"{}"), says())
    call(bad.url)
    time.sleep(0.05)  # for the end of the connection to arrive
    call(bad.url)
    assert (len(bad.asked), bad.connections) == (2, 2)


def test_a_connection_is_used_again(bad: Misbehaving) -> None:
    bad.does(says())
    call(bad.url)
    call(bad.url)
    assert bad.connections == 1


def test_cookies_are_not_kept(bad: Misbehaving) -> None:
    bad.does(says(b"{}", 200, "Set-Cookie: session=of-one-account; Path=/"))
    call(bad.url)
    call(bad.url)
    assert not any("cookie" in head.lower() for head, _body in bad.asked)


# --- The deadline is total ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (head(200, "Content-Length: 9999"), b"x"),
        (head(200, "Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"", b"H"),
    ],
    ids=["body", "chunks", "headers", "status line"],
)
def test_who_sends_a_byte_at_a_time_does_not_keep_us(bad: Misbehaving, first: bytes, piece: bytes) -> None:
    bad.does(drips(bad, first, piece))
    began = time.monotonic()
    error = refused(bad.url, seconds=0.4)
    assert time.monotonic() - began < 5.0
    assert error.problem in (Problem.TIMED_OUT, Problem.BROKEN)
    assert error.outcome is Outcome.UNKNOWN


def test_a_proxy_that_sends_a_byte_at_a_time_does_not_keep_us(
    bad: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", bad.url)
    wire_module._client.cache_clear()
    bad.does(drips(bad, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"))
    began = time.monotonic()
    error = refused(URL, seconds=0.4)
    wire_module._client.cache_clear()
    assert time.monotonic() - began < 5.0
    assert bad.asked[0][0].startswith("CONNECT api.vendor.test:443")
    assert error.problem in (Problem.TIMED_OUT, Problem.UNREACHABLE)


def test_all_tries_together_keep_to_the_deadline(bad: Misbehaving) -> None:
    bad.does(says(b"{}", 503))
    began = time.monotonic()
    error = refused(bad.url, "GET", seconds=0.6)
    assert time.monotonic() - began < 3.0
    assert error.status == 503


def test_who_waits_for_a_free_connection_keeps_to_the_deadline(bad: Misbehaving) -> None:
    bad.does(says_nothing(bad))
    with ThreadPoolExecutor(MOST_CONNECTIONS) as pool:
        busy = [pool.submit(refused, bad.url, seconds=60) for _ in range(MOST_CONNECTIONS)]
        while len(bad.asked) < MOST_CONNECTIONS:
            time.sleep(0.01)
        began = time.monotonic()
        error = refused(bad.url, seconds=0.3)
        assert time.monotonic() - began < 4.0
        assert (error.problem, error.outcome) == (Problem.UNREACHABLE, Outcome.NOTHING)
        bad.over.set()
        assert {one.result().problem for one in busy} == {Problem.BROKEN}


def test_nothing_is_sent_after_the_deadline(bad: Misbehaving) -> None:
    bad.does(says())
    error = refused(bad.url, seconds=0)
    assert (error.problem, error.outcome, bad.asked) == (Problem.NOT_IN_TIME, Outcome.NOTHING, [])
