"""The sandbox's queues: leases, attempts, dead letters; and which changes in R2 are told."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import pytest

from tests.sandbox.cloudflare_calls import ACCOUNT, QUEUE, Calls, queue
from tests.sandboxed import Sandbox

NOTIFICATIONS = f"/accounts/{ACCOUNT}/event_notifications/r2"
BUCKETS = f"/accounts/{ACCOUNT}/r2/buckets"


@pytest.fixture
def cloudflare(sandbox: Sandbox) -> Calls:
    return Calls(sandbox)


@pytest.fixture
def own(cloudflare: Calls) -> str:
    """Id of a queue of our own that gives up after three attempts."""
    made = cloudflare.result("POST", queue("", "").rstrip("/"), {"queue_name": "own"})
    settings = {"max_retries": 3, "visibility_timeout_ms": 30_000}
    cloudflare.result("POST", queue("/consumers", made["queue_id"]), {"type": "http_pull", "settings": settings})
    return str(made["queue_id"])


def push(cloudflare: Calls, id: str, *bodies: Any, kind: str = "json", **more: Any) -> None:
    messages = [{"body": body, "content_type": kind} for body in bodies]
    cloudflare.result("POST", queue("/messages/batch", id), {"messages": messages, **more})


def pull(cloudflare: Calls, id: str, **options: Any) -> list[dict[str, Any]]:
    return list(cloudflare.result("POST", queue("/messages/pull", id), options)["messages"])


def ack(cloudflare: Calls, id: str, *leases: str, retries: Any = ()) -> dict[str, Any]:
    body = {"acks": [{"lease_id": lease} for lease in leases], "retries": list(retries)}
    return dict(cloudflare.result("POST", queue("/messages/ack", id), body))


def over_s3(sandbox: Sandbox) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"{sandbox.url}/r2",
        aws_access_key_id="sandbox-r2-key",
        aws_secret_access_key="sandbox-r2-secret",
        region_name="auto",
    )


def test_json_comes_in_base64_and_text_as_it_is(cloudflare: Calls, own: str) -> None:
    push(cloudflare, own, {"a": 1})
    push(cloudflare, own, "hello", kind="text")
    first, second = pull(cloudflare, own)
    assert json.loads(base64.b64decode(first["body"])) == {"a": 1}
    assert second["body"] == "hello"
    assert [message["metadata"]["CF-Content-Type"] for message in (first, second)] == ["json", "text"]


def test_five_come_by_default_and_a_hundred_at_most(cloudflare: Calls, own: str) -> None:
    push(cloudflare, own, *range(100))
    push(cloudflare, own, *range(20))
    assert len(pull(cloudflare, own)) == 5
    assert len(pull(cloudflare, own, batch_size=100)) == 100
    assert cloudflare.refused("POST", queue("/messages/pull", own), {"batch_size": 101}) == (400, 10207)


def test_a_leased_message_is_hidden_until_the_lease_ends(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    push(cloudflare, own, 1)
    (first,) = pull(cloudflare, own, visibility_timeout_ms=600_000)
    assert pull(cloudflare, own) == []
    sandbox.post("/clock", {"advance": 601})
    (again,) = pull(cloudflare, own)
    assert (again["id"], first["attempts"], again["attempts"]) == (first["id"], 1, 2)
    assert again["lease_id"] != first["lease_id"]


def test_the_other_name_of_the_time_out_is_known_too(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    push(cloudflare, own, 1)
    pull(cloudflare, own, visibility_timeout=3_600_000)
    sandbox.post("/clock", {"advance": 60})
    assert pull(cloudflare, own) == []


def test_a_late_acknowledgement_counts_and_so_does_the_next_ones(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    push(cloudflare, own, 1)
    (first,) = pull(cloudflare, own)
    sandbox.post("/clock", {"advance": 31})
    (again,) = pull(cloudflare, own)
    assert ack(cloudflare, own, first["lease_id"])["ackCount"] == 1
    assert ack(cloudflare, own, again["lease_id"])["ackCount"] == 1
    assert ack(cloudflare, own, "no-such-lease")["warnings"].keys() == {"no-such-lease"}


def test_what_is_put_back_waits_as_long_as_asked(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    push(cloudflare, own, 1)
    (message,) = pull(cloudflare, own)
    done = ack(cloudflare, own, retries=[{"lease_id": message["lease_id"], "delay_seconds": 600}])
    assert done["retryCount"] == 1
    assert pull(cloudflare, own) == []
    sandbox.post("/clock", {"advance": 601})
    assert len(pull(cloudflare, own)) == 1


def test_after_three_attempts_a_message_is_lost(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    push(cloudflare, own, 1)
    for _ in range(3):
        assert len(pull(cloudflare, own)) == 1
        sandbox.post("/clock", {"advance": 31})
    assert pull(cloudflare, own) == []
    assert cloudflare.result("GET", queue("/metrics", own))["backlog_count"] == 0


def test_or_goes_to_the_dead_letter_queue_if_there_is_one(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    dead = cloudflare.result("POST", queue("", "").rstrip("/"), {"queue_name": "dead"})["queue_id"]
    (consumer,) = cloudflare.result("GET", queue("/consumers", own))
    body = {"type": "http_pull", "dead_letter_queue": "dead", "settings": {"max_retries": 1}}
    cloudflare.result("PUT", queue(f"/consumers/{consumer['consumer_id']}", own), body)
    push(cloudflare, own, {"a": 1})
    pull(cloudflare, own)
    sandbox.post("/clock", {"advance": 31})
    assert pull(cloudflare, own) == []
    (message,) = cloudflare.result("POST", queue("/messages/peek", dead), {})["messages"]
    assert json.loads(base64.b64decode(message["body"])) == {"a": 1}


def test_what_is_kept_for_too_long_is_gone(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    assert cloudflare.result("GET", queue("", own))["settings"]["message_retention_period"] == 4 * 86_400
    cloudflare.result("PATCH", queue("", own), {"settings": {"message_retention_period": 60}})
    push(cloudflare, own, 1)
    sandbox.post("/clock", {"advance": 61})
    assert pull(cloudflare, own) == []


def test_the_backlog_counts_what_is_leased_too(cloudflare: Calls, own: str) -> None:
    push(cloudflare, own, 1, 2, 3)
    (message, *_rest) = pull(cloudflare, own, batch_size=2)
    answer = cloudflare.result("POST", queue("/messages/pull", own), {"batch_size": 1})
    assert answer["message_backlog_count"] == 3
    metrics = answer["metadata"]["metrics"]
    assert metrics == cloudflare.result("GET", queue("/metrics", own))
    assert metrics["oldest_message_timestamp_ms"] == message["timestamp_ms"]


def test_a_queue_that_is_paused_hands_out_nothing(cloudflare: Calls, own: str) -> None:
    push(cloudflare, own, 1)
    cloudflare.result("PATCH", queue("", own), {"settings": {"delivery_paused": True}})
    assert pull(cloudflare, own) == []
    cloudflare.result("PATCH", queue("", own), {"settings": {"delivery_paused": False}})
    assert len(pull(cloudflare, own)) == 1


def test_messages_can_be_looked_at_and_thrown_away(cloudflare: Calls, own: str) -> None:
    push(cloudflare, own, 1, 2)
    (seen,) = cloudflare.result("POST", queue("/messages/peek", own), {"batch_size": 1})["messages"]
    refs = [{"ref": seen["ref"]}, {"ref": "unknown"}]
    assert cloudflare.result("POST", queue("/messages/purge", own), {"refs": refs})["warnings"].keys() == {"unknown"}
    assert cloudflare.refused("POST", queue("/purge", own), {}) == (400, 11021)
    cloudflare.result("POST", queue("/purge", own), {"delete_messages_permanently": True})
    assert pull(cloudflare, own) == []


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/messages", {"content_type": "json"}, (400, 10207)),
        ("/messages", {"body": "x", "content_type": "v8"}, (400, 10203)),
        ("/messages", {"body": "x" * 128_001, "content_type": "text"}, (413, 10204)),
        ("/messages/batch", {"messages": []}, (400, 10206)),
        ("/messages/ack", {"acks": [{"lease": "x"}]}, (400, 10207)),
        ("/messages/pull", {"visibility_timeout_ms": 43_200_001}, (400, 10207)),
        ("/consumers", {"type": "http_pull"}, (400, 11004)),
    ],
)
def test_wrong_requests_are_refused(
    cloudflare: Calls, own: str, path: str, body: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert cloudflare.refused("POST", queue(path, own), body) == expected


def test_a_queue_that_is_not_there_is_said_to_be_missing(cloudflare: Calls) -> None:
    assert cloudflare.refused("GET", queue("", "f" * 32)) == (404, 11000)
    assert cloudflare.refused("POST", queue("/messages/pull", "f" * 32), {}) == (404, 10104)
    taken = {"queue_name": "gemini-images-events"}
    assert cloudflare.refused("POST", queue("", "").rstrip("/"), taken) == (409, 11009)


def test_without_a_pull_consumer_nothing_can_be_pulled(cloudflare: Calls, own: str) -> None:
    (consumer,) = cloudflare.result("GET", queue("/consumers", own))
    cloudflare.result("DELETE", queue(f"/consumers/{consumer['consumer_id']}", own))
    assert cloudflare.refused("POST", queue("/messages/pull", own), {}) == (400, 0)


def test_the_bucket_tells_the_queue(cloudflare: Calls) -> None:
    (told,) = cloudflare.result("GET", f"{NOTIFICATIONS}/gemini-images/configuration")["queues"]
    assert (told["queueId"], len(told["rules"])) == (QUEUE, 1)
    (producer,) = cloudflare.result("GET", queue())["producers"]
    assert producer == {"type": "r2_bucket", "bucket_name": "gemini-images"}


def test_rules_are_added_replaced_where_they_overlap_and_removed(cloudflare: Calls, own: str) -> None:
    path = f"{NOTIFICATIONS}/gemini-images/configuration/queues/{own}"
    assert cloudflare.refused("GET", path) == (404, 11015)
    for prefix, expected in (("a/", ["a/"]), ("b/", ["a/", "b/"]), ("b/", ["a/", "b/"]), ("", [""])):
        cloudflare.result("PUT", path, {"rules": [{"actions": ["PutObject"], "prefix": prefix}]})
        assert [rule["prefix"] for rule in cloudflare.result("GET", path)["rules"]] == expected
    (rule,) = cloudflare.result("GET", path)["rules"]
    cloudflare.result("DELETE", path, {"ruleIds": [rule["ruleId"]]})
    assert cloudflare.refused("GET", path) == (404, 11015)
    assert cloudflare.refused("PUT", path, {"rules": [{"actions": ["Rename"]}]}) == (400, 11014)
    assert cloudflare.refused("PUT", path.replace("gemini-images", "other"), {"rules": []}) == (404, 10006)


def test_buckets_are_made_and_have_rules_of_their_own(cloudflare: Calls) -> None:
    assert cloudflare.result("POST", BUCKETS, {"name": "more", "locationHint": "weur"})["location"] == "weur"
    assert cloudflare.refused("POST", BUCKETS, {"name": "more"}) == (409, 10004)
    assert cloudflare.refused("POST", BUCKETS, {"name": "No"}) == (400, 10005)
    names = [bucket["name"] for bucket in cloudflare.result("GET", BUCKETS)["buckets"]]
    assert names == ["gemini-images", "more"]
    rule = {"id": "keep", "enabled": True, "prefix": "", "condition": {"type": "Age", "maxAgeSeconds": 86_400}}
    cloudflare.result("PUT", f"{BUCKETS}/more/lock", {"rules": [rule]})
    assert cloudflare.result("GET", f"{BUCKETS}/more/lock")["rules"] == [rule]
    assert cloudflare.result("GET", f"{BUCKETS}/more/lifecycle")["rules"][0]["enabled"] is True
    cloudflare.result("DELETE", f"{BUCKETS}/more")
    assert cloudflare.refused("GET", f"{BUCKETS}/more") == (404, 10006)


def test_a_bucket_is_the_same_over_s3_and_over_their_own_api(cloudflare: Calls, sandbox: Sandbox) -> None:
    s3 = over_s3(sandbox)
    cloudflare.result("POST", BUCKETS, {"name": "from-api"})
    s3.put_object(Bucket="from-api", Key="one", Body=b"1")
    s3.create_bucket(Bucket="from-s3")
    names = {"from-api", "from-s3", "gemini-images"}
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == names
    assert {bucket["name"] for bucket in cloudflare.result("GET", BUCKETS)["buckets"]} == names
    cloudflare.result("DELETE", f"{BUCKETS}/from-api")
    s3.delete_bucket(Bucket="from-s3")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["gemini-images"]
    assert [bucket["name"] for bucket in cloudflare.result("GET", BUCKETS)["buckets"]] == ["gemini-images"]


def test_what_is_put_into_r2_is_told(cloudflare: Calls, own: str, sandbox: Sandbox) -> None:
    path = f"{NOTIFICATIONS}/gemini-images/configuration/queues/{own}"
    cloudflare.result("PUT", path, {"rules": [{"actions": ["PutObject", "DeleteObject"], "prefix": "ours/"}]})
    s3 = over_s3(sandbox)
    s3.put_object(Bucket="gemini-images", Key="ours/one.png", Body=b"abc")
    s3.put_object(Bucket="gemini-images", Key="theirs/one.png", Body=b"abc")
    s3.delete_object(Bucket="gemini-images", Key="ours/one.png")
    events = [json.loads(base64.b64decode(message["body"])) for message in pull(cloudflare, own)]
    assert [(event["action"], event["object"]["key"]) for event in events] == [
        ("PutObject", "ours/one.png"),
        ("DeleteObject", "ours/one.png"),
    ]
    assert events[0]["object"] == {"key": "ours/one.png", "size": 3, "eTag": "900150983cd24fb0d6963f7d28e17f72"}


def test_events_may_get_lost(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/cloudflare/events/loss", {"drop_next": 1_000_000})
    cloudflare.result("POST", queue("/purge"), {"delete_messages_permanently": True})
    sandbox.post("/clock", {"advance": 30})
    assert pull(cloudflare, QUEUE) == []
