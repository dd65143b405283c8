"""The object store's events: the same tests on a wire that answers by hand and in the sandbox."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from json import dumps
from typing import Any

import pytest
from django.utils.timezone import now

from dr_console.providers import registry
from dr_console.providers.capabilities.events import Again, EventRule, EventsProvider
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_cloudflare import ADDRESS, Fake
from tests.sandboxed import Sandbox

BUCKET = "gemini-images"


@dataclass
class Kind:
    """`put`: have the bucket tell that an object of this key was written."""

    queue: EventsProvider
    put: Callable[[str], None]


@pytest.fixture
def fake(settings: Any) -> Iterator[Fake]:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "cloudflare": ADDRESS}
    with Fake().on_the_wire() as fake:
        yield fake


@pytest.fixture(params=["faked", "sandbox"])
def events(request: pytest.FixtureRequest, held: None) -> Kind:
    if request.param == "faked":
        return Kind(registry.events(), request.getfixturevalue("fake").put)
    sandbox: Sandbox = request.getfixturevalue("in_sandbox")
    _only_ours(sandbox)

    def put(key: str) -> None:
        sandbox.post("/cloudflare/events", {"key": key, "size": 3, "etag": "abc"})

    return Kind(registry.events(), put)


def _only_ours(sandbox: Sandbox) -> None:
    """The product writes to R2 too, and tells of it: no more, and forget what it told."""
    account = f"{sandbox.url}/cloudflare/client/v4/accounts/{'a' * 32}"
    _raw("DELETE", f"{account}/event_notifications/r2/{BUCKET}/configuration/queues/{'e' * 32}", {})
    _raw("POST", f"{account}/queues/{'e' * 32}/purge", {"delete_messages_permanently": True})


def _raw(method: str, url: str, json: Any) -> None:
    """As somebody else, whose calls are held to no contract."""
    headers = {"Authorization": "Bearer somebody-elses-token", "Content-Type": "application/json"}
    request = urllib.request.Request(url, dumps(json).encode(), headers, method=method)
    urllib.request.urlopen(request, timeout=10).close()


def test_an_event_says_what_was_written(events: Kind, soon: Deadline) -> None:
    events.put("2026/one.png")
    (message,) = events.queue.pull(deadline=soon).messages
    event = message.event
    assert event is not None
    assert (event.action, event.bucket, event.key) == ("PutObject", BUCKET, "2026/one.png")
    assert (event.size, event.etag, event.is_deletion, event.copied_from) == (3, "abc", False, None)
    assert (message.attempts, event.at.tzinfo) == (1, UTC)


def test_what_is_acknowledged_does_not_come_again(events: Kind, soon: Deadline) -> None:
    for number in range(3):
        events.put(f"{number}.png")
    pulled = events.queue.pull(most=2, deadline=soon).messages
    assert [message.event.key for message in pulled if message.event] == ["0.png", "1.png"]
    settled = events.queue.settle([message.lease for message in pulled], deadline=soon)
    assert (settled.acknowledged, settled.put_back, settled.warnings) == (2, 0, {})
    assert events.queue.backlog(deadline=soon).count == 1


def test_what_is_put_back_comes_again(events: Kind, soon: Deadline) -> None:
    events.put("one.png")
    (message,) = events.queue.pull(deadline=soon).messages
    assert events.queue.settle([], [Again(message.lease)], deadline=soon).put_back == 1
    (again,) = events.queue.pull(deadline=soon).messages
    assert (again.id, again.attempts) == (message.id, 2)


def test_settling_nothing_asks_nobody(events: Kind, soon: Deadline) -> None:
    assert events.queue.settle([], deadline=soon).acknowledged == 0


def test_a_lease_that_never_was_is_a_warning(events: Kind, soon: Deadline) -> None:
    settled = events.queue.settle(["no-such-lease"], deadline=soon)
    assert settled.acknowledged == 0
    assert len(settled.warnings) == 1


def test_the_backlog_says_how_far_the_copy_lags(events: Kind, soon: Deadline) -> None:
    nothing = events.queue.backlog(deadline=soon)
    assert (nothing.count, nothing.oldest_at, nothing.age(now())) == (0, None, 0.0)
    events.put("one.png")
    backlog = events.queue.backlog(deadline=soon)
    assert backlog.count == 1
    assert backlog.oldest_at is not None
    assert backlog.age(backlog.oldest_at + timedelta(seconds=90)) == 90.0
    assert events.queue.pull(deadline=soon).backlog == backlog


def test_looking_takes_nothing(events: Kind, soon: Deadline) -> None:
    events.put("one.png")
    (seen,) = events.queue.peek(deadline=soon)
    assert (seen.lease, seen.event.key if seen.event else None) == ("", "one.png")
    assert len(events.queue.pull(deadline=soon).messages) == 1


def test_an_empty_queue_answers_at_once(events: Kind, soon: Deadline) -> None:
    assert events.queue.pull(deadline=soon).messages == ()


def test_the_consumer_can_be_pulled_and_gives_up_into_a_dead_letter_queue(events: Kind, soon: Deadline) -> None:
    consumer = events.queue.consumer(deadline=soon)
    assert (consumer.can_be_pulled, consumer.most_attempts, consumer.lease_seconds) == (True, 100, 60.0)
    assert consumer.dead_letter_queue == "gemini-images-events-dead"


def test_the_rules_of_a_bucket_are_read_and_set(events: Kind, soon: Deadline) -> None:
    wanted = [EventRule(("PutObject", "DeleteObject"), prefix="2026/", suffix=".png")]
    assert events.queue.set_rules(BUCKET, wanted, deadline=soon) == tuple(wanted)
    assert events.queue.set_rules(BUCKET, wanted, deadline=soon) == tuple(wanted)
    assert events.queue.rules(BUCKET, deadline=soon) == tuple(wanted)


def test_rules_that_are_there_already_are_left_alone(fake: Fake, held: None, soon: Deadline) -> None:
    registry.events().set_rules(BUCKET, [EventRule(("PutObject",))], deadline=soon)
    assert {method for method, _path, _body in fake.sent} == {"GET"}


def test_to_add_a_rule_none_is_taken_away(fake: Fake, held: None, soon: Deadline) -> None:
    more = [EventRule(("PutObject",)), EventRule(("DeleteObject",))]
    assert registry.events().set_rules(BUCKET, more, deadline=soon) == tuple(more)
    assert [method for method, _path, _body in fake.sent] == ["GET", "PUT", "GET"]


@pytest.mark.parametrize("kind", ["json", "bytes", "text"])
def test_a_body_is_read_however_it_was_sent(fake: Fake, held: None, soon: Deadline, kind: str) -> None:
    fake.put("one.png", kind=kind)
    (message,) = registry.events().pull(deadline=soon).messages
    assert message.event is not None
    assert message.event.key == "one.png"


@pytest.mark.parametrize(
    "body",
    [
        "not an event",
        "{}",
        '{"action": "PutObject", "bucket": "b", "object": {"key": 1}, "eventTime": "2026-11-22T15:00:00Z"}',
        '{"action": "PutObject", "bucket": "b", "object": {"key": "k"}, "eventTime": "yesterday"}',
        '{"action": "PutObject", "bucket": "b", "object": {"key": "k"}, "eventTime": "2026-11-22T15:00:00"}',
        "\ud7ff\x00",
    ],
)
def test_a_message_that_is_no_event_holds_up_none_that_is(fake: Fake, soon: Deadline, body: str) -> None:
    fake.send(body)
    fake.put("one.png")
    first, second = registry.events().pull(deadline=soon).messages
    assert (first.event, first.body) == (None, body)
    assert second.event is not None


def test_a_deletion_has_neither_size_nor_etag(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    _only_ours(in_sandbox)
    in_sandbox.post("/cloudflare/events", {"key": "one.png", "action": "DeleteObject"})
    (message,) = registry.events().pull(deadline=soon).messages
    assert message.event is not None
    assert (message.event.is_deletion, message.event.size, message.event.etag) == (True, None, "")


def test_a_lease_that_ran_out_still_counts(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    _only_ours(in_sandbox)
    queue = registry.events()
    in_sandbox.post("/cloudflare/events", {"key": "one.png"})
    (message,) = queue.pull(lease_seconds=30, deadline=soon).messages
    assert queue.pull(deadline=soon).messages == ()
    in_sandbox.post("/clock", {"advance": 31})
    (again,) = queue.pull(deadline=soon).messages
    assert (again.id, again.attempts, again.lease != message.lease) == (message.id, 2, True)
    assert queue.settle([message.lease], deadline=soon).acknowledged == 1
    assert queue.backlog(deadline=soon).count == 0
    assert queue.settle([again.lease], deadline=soon).acknowledged == 1


def test_a_bucket_without_rules_has_none_and_one_that_is_not_there_is_not_found(
    in_sandbox: Sandbox, held: None, soon: Deadline
) -> None:
    queue = registry.events()
    assert queue.set_rules(BUCKET, [], deadline=soon) == ()
    with pytest.raises(Exception, match="10006"):
        queue.rules("no-such-bucket", deadline=soon)
