"""Objects in S3 and R2: once on moto's word for what S3 answers, once on the running sandbox."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import object_copy
from dr_console.providers.aws import multipart, objects, session
from dr_console.providers.aws.objects import R2Objects, S3Objects
from dr_console.providers.capabilities.objects import ObjectStore, Protection, Replication
from dr_console.providers.deadlines import Deadline
from dr_console.providers.object_copy import Difference, OneByOne, Standing, copy_across
from tests.sandboxed import Sandbox

MEGABYTE = 1024 * 1024
LIFECYCLE = {
    "ID": "dr",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
}


@pytest.fixture
def on_moto(settings: Any) -> Iterator[None]:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "aws": ""}
    with mock_aws():
        client = boto3.client("s3", "eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
        where = {"LocationConstraint": "eu-central-1"}
        for name in ("gemini-images-backup", "replica"):
            client.create_bucket(Bucket=name, CreateBucketConfiguration=where)
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        yield


@pytest.fixture(params=["moto", "sandbox"])
def s3(request: pytest.FixtureRequest) -> S3Objects:
    request.getfixturevalue("on_moto" if request.param == "moto" else "in_sandbox")
    request.getfixturevalue("held")
    return S3Objects()


@pytest.fixture(params=["s3 on moto", "s3 in the sandbox", "r2 in the sandbox"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    request.getfixturevalue("on_moto" if "moto" in request.param else "in_sandbox")
    request.getfixturevalue("held")
    return S3Objects() if request.param.startswith("s3") else R2Objects()


@pytest.fixture
def r2(in_sandbox: Sandbox) -> R2Objects:
    return R2Objects()


def content(store: ObjectStore, key: str, deadline: Deadline, **which: str) -> bytes:
    with store.open(key, deadline=deadline, **which) as body:
        return b"".join(body)


# ── what both do ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_written_is_read_again_with_type_and_metadata(store, soon):
    written = store.put("a/b c+ü.txt", b"hello", content_type="text/plain", metadata={"x-y": "z"}, deadline=soon)
    assert written.sha256 == hashlib.sha256(b"hello").hexdigest()
    found = store.head("a/b c+ü.txt", deadline=soon)
    assert (found.size, found.content_type, found.metadata["x-y"]) == (5, "text/plain", "z")
    assert (found.sha256, found.etag, found.parts) == (written.sha256, written.etag, 0)
    assert content(store, "a/b c+ü.txt", soon) == b"hello"
    assert [each.key for each in store.objects("a/", deadline=soon)] == ["a/b c+ü.txt"]


def test_what_is_not_there_is_said_not_to_be(store, soon):
    for read in (store.head, lambda key, deadline: content(store, key, deadline)):
        with pytest.raises(ProviderError) as caught:
            read("nothing", deadline=soon)
        assert caught.value.problem is Problem.NOT_FOUND
        assert caught.value.vendor == store.vendor


def test_a_list_longer_than_a_page_comes_whole_and_in_order(store, soon, monkeypatch):
    monkeypatch.setattr(objects, "PAGE_KEYS", 5)
    names = [f"many/{number:04}" for number in range(23)]
    for name in names:
        store.put(name, b"", deadline=soon)
    assert [each.key for each in store.objects("many/", deadline=soon)] == names
    assert [each.key for each in store.objects("many/", after="many/0010", deadline=soon)] == names[11:]


def test_a_write_on_condition_is_refused_where_another_was_first(store, soon):
    first = store.put("once", b"one", only_if_new=True, deadline=soon)
    with pytest.raises(ProviderError) as caught:
        store.put("once", b"two", only_if_new=True, deadline=soon)
    assert (caught.value.status, caught.value.code, caught.value.permanent) == (412, "PreconditionFailed", True)
    assert caught.value.outcome is Outcome.NOTHING
    store.put("once", b"two", only_if_etag=first.etag, deadline=soon)
    with pytest.raises(ProviderError) as caught:
        store.put("once", b"three", only_if_etag=first.etag, deadline=soon)
    assert caught.value.status == 412
    assert content(store, "once", soon) == b"two"


def test_a_long_object_is_written_in_parts_and_is_whole(store, soon):
    piece = bytes(range(256)) * 4096
    written = store.put_stream("long", iter([piece] * 9), content_type="video/mp4", deadline=soon)
    found = store.head("long", deadline=soon)
    assert (found.size, found.parts, found.content_type) == (9 * MEGABYTE, 2, "video/mp4")
    assert written.etag == found.etag
    assert written.sha256 == hashlib.sha256(piece * 9).hexdigest()
    assert hashlib.sha256(content(store, "long", soon)).hexdigest() == written.sha256


def test_a_stream_that_ends_badly_writes_nothing_and_leaves_nothing_over(store, soon):
    def breaking() -> Iterator[bytes]:
        yield b"x" * 9 * MEGABYTE
        raise RuntimeError("the source ended")

    with pytest.raises(RuntimeError):
        store.put_stream("broken", breaking(), deadline=soon)
    with pytest.raises(ProviderError):
        store.head("broken", deadline=soon)
    assert store.abort_leftovers(before=datetime.now(UTC) + timedelta(days=9999), deadline=soon) == []


def test_leftovers_of_a_console_that_died_are_found_and_thrown_away(store, soon):
    client = session.client("s3", operation="", vendor=store._settings)
    client.create_multipart_upload(Bucket=store.bucket, Key="left/over")
    long_ago, far_ahead = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
    assert store.abort_leftovers(before=long_ago, deadline=soon) == []
    assert store.abort_leftovers(before=far_ahead, deadline=soon) == ["left/over"]
    assert store.abort_leftovers(before=far_ahead, deadline=soon) == []


def test_a_copy_inside_keeps_type_and_metadata(store, soon):
    store.put("one", b"hello", content_type="text/plain", metadata={"x-y": "z"}, deadline=soon)
    copy = store.copy("one", "two", deadline=soon)
    assert (copy.size, copy.content_type, copy.metadata["x-y"]) == (5, "text/plain", "z")


def test_a_copy_too_long_for_one_call_is_made_of_parts(store, soon, monkeypatch):
    store.put_stream("one", [b"x" * 12 * MEGABYTE], content_type="video/mp4", metadata={"x-y": "z"}, deadline=soon)
    monkeypatch.setattr(multipart, "MOST_COPIED_BYTES", 8 * MEGABYTE)
    monkeypatch.setattr(multipart, "COPIED_PART_BYTES", 5 * MEGABYTE)
    copy = store.copy("one", "two", deadline=soon)
    assert (copy.size, copy.parts, copy.content_type, copy.metadata["x-y"]) == (12 * MEGABYTE, 2, "video/mp4", "z")


def test_deleting_what_is_not_there_is_harmless(store, soon):
    store.put("gone", b"1", deadline=soon)
    store.delete("gone", deadline=soon)
    store.delete("gone", deadline=soon)
    with pytest.raises(ProviderError) as caught:
        store.head("gone", deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


def test_ten_thousand_parts_are_enough_for_what_is_expected():
    assert multipart.part_bytes(0) == 8 * MEGABYTE
    terabyte = 2**40
    assert -(-terabyte // multipart.part_bytes(terabyte)) <= 8_000
    assert multipart.part_bytes(terabyte) % MEGABYTE == 0


# ── S3 alone ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_deleted_object_comes_back_from_its_version(s3, soon):
    first = s3.put("kept", b"one", content_type="text/plain", deadline=soon)
    s3.put("kept", b"two", deadline=soon)
    marker = s3.delete("kept", deadline=soon).marker
    versions = list(s3.versions("kept", deadline=soon))
    assert [each.is_delete_marker for each in versions] == [True, False, False]
    assert [versions[0].version, versions[2].version] == [marker, first.version]
    assert [each.is_latest for each in versions] == [True, False, False]
    restored = s3.restore("kept", first.version, deadline=soon)
    assert (restored.size, restored.content_type) == (3, "text/plain")
    assert content(s3, "kept", soon) == b"one"
    assert content(s3, "kept", soon, version=first.version) == b"one"
    assert len(list(s3.versions("kept", deadline=soon))) == 4


def test_the_rules_of_a_bucket_are_read_set_and_compared(s3, soon):
    wanted = Protection(versioning="Enabled", lifecycle=(LIFECYCLE,))
    done = s3.protect(wanted, deadline=soon)
    assert done.versioning == "Enabled"
    assert [rule["ID"] for rule in done.lifecycle] == ["dr"]
    assert (done.lock_enabled, done.lock_mode) == (False, "")
    assert s3.protect(wanted, deadline=soon) == done


def test_replication_is_set_where_both_ends_keep_versions(s3, soon):
    target = "replica" if not session.settings.DR_VENDOR_URLS["aws"] else "gemini-images-replica"
    rule = {
        "ID": "ours",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }
    wanted = Protection(versioning="Enabled", replication={"Role": "arn:aws:iam::123456789012:role/x", "Rules": [rule]})
    assert s3.protect(wanted, deadline=soon).replication["Rules"][0]["ID"] == "ours"


# ── the sandbox's world ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_object_is_replicated_after_a_while(in_sandbox, held, soon):
    s3 = S3Objects()
    s3.put("pictures/new", b"1", deadline=soon)
    assert s3.head("pictures/new", deadline=soon).replication is Replication.PENDING
    in_sandbox.post("/clock", {"advance": 60})
    assert s3.head("pictures/new", deadline=soon).replication is Replication.COMPLETED
    replica = S3Objects("gemini-images-replica")
    assert replica.head("pictures/new", deadline=soon).replication is Replication.REPLICA
    assert content(replica, "pictures/new", soon) == b"1"


def test_an_archive_says_what_locks_it(in_sandbox, held, soon):
    archive = S3Objects("gemini-archive")
    found = archive.protection(deadline=soon)
    assert (found.lock_enabled, found.lock_mode, found.lock_days) == (True, "GOVERNANCE", 30)
    archive.put("2026/plan.json", b"{}", deadline=soon)
    lock = archive.lock("2026/plan.json", deadline=soon)
    assert lock.legal_hold is False
    assert lock.mode == "GOVERNANCE"


def test_r2_says_plainly_what_it_has_not(r2, held, soon):
    for act in (
        lambda: r2.versions(deadline=soon),
        lambda: r2.restore("a", "1", deadline=soon),
        lambda: r2.lock("a", deadline=soon),
        lambda: r2.protect(Protection(versioning="Enabled"), deadline=soon),
    ):
        with pytest.raises(ProviderError) as caught:
            act()
        assert caught.value.said.startswith("R2 has no ")
        assert (caught.value.vendor, caught.value.permanent) == ("Cloudflare R2", True)


def test_the_lifecycle_of_r2_is_read_and_set(r2, held, soon):
    assert r2.protection(deadline=soon) == Protection()
    rule = {"ID": "dr", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}}
    assert [each["ID"] for each in r2.protect(Protection(lifecycle=(rule,)), deadline=soon).lifecycle] == ["dr"]
    assert r2.protect(Protection(), deadline=soon).lifecycle == ()


@pytest.mark.parametrize("vendor", ["aws", "r2"])
def test_a_write_that_happened_though_nothing_was_heard_is_safe_to_repeat_on_condition(in_sandbox, soon, vendor):
    store = S3Objects() if vendor == "aws" else R2Objects()
    fault = {"vendor": vendor, "kind": "timeout-after-effect", "route": "s3.PutObject", "times": 1}
    in_sandbox.post("/faults", fault)
    with pytest.raises(ProviderError) as caught:
        store.put("once", b"one", only_if_new=True, deadline=Deadline.after(2))
    assert (caught.value.problem, caught.value.outcome) == (Problem.TIMED_OUT, Outcome.UNKNOWN)
    with pytest.raises(ProviderError) as caught:
        store.put("once", b"one", only_if_new=True, deadline=soon)
    assert caught.value.status == 412
    assert store.head("once", deadline=soon).sha256 == hashlib.sha256(b"one").hexdigest()


def test_a_completion_of_which_nothing_was_heard_is_looked_up(in_sandbox, soon):
    fault = {"vendor": "aws", "kind": "reset", "after_effect": True, "route": "s3.CompleteMultipartUpload", "times": 1}
    in_sandbox.post("/faults", fault)
    written = S3Objects().put_stream("long", [b"x" * 9 * MEGABYTE], deadline=soon)
    assert S3Objects().head("long", deadline=soon).etag == written.etag


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"kind": "throttled"}, Problem.THROTTLED),
        ({"kind": "error", "status": 500}, Problem.REFUSED),
        ({"kind": "expired-token"}, Problem.CREDENTIALS),
        ({"kind": "reset"}, Problem.BROKEN),
        ({"kind": "html"}, Problem.GARBLED),
        ({"kind": "truncated"}, Problem.GARBLED),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("vendor", ["aws", "r2"])
def test_what_a_store_does_wrong_is_told_as_it_is(in_sandbox, monkeypatch, vendor, fault, problem):
    monkeypatch.setattr(session.time, "sleep", lambda seconds: None)
    store = S3Objects() if vendor == "aws" else R2Objects()
    store.head("images/1.webp", deadline=Deadline.after(20))
    in_sandbox.post("/faults", {"vendor": vendor, **fault})
    with pytest.raises(ProviderError) as caught:
        list(store.objects(deadline=Deadline.after(20)))
    assert caught.value.problem is problem, caught.value
    assert caught.value.vendor == store.vendor
    assert "sandbox-" not in str(caught.value)


def test_a_body_that_breaks_off_is_not_taken_for_the_whole(in_sandbox, soon):
    store = S3Objects()
    store.put("long", b"x" * 100_000, deadline=soon)
    in_sandbox.post("/faults", {"vendor": "aws", "kind": "truncated", "route": "s3.GetObject"})
    with pytest.raises(ProviderError) as caught:
        content(store, "long", soon)
    assert caught.value.problem is Problem.BROKEN


# ── from one to the other ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bucket_is_brought_up_until_nothing_differs(r2, held, soon):
    s3 = S3Objects()
    r2.put("images/1.webp", b"changed", content_type="image/webp", deadline=soon)
    r2.put("ä/new", b"new", content_type="text/plain", metadata={"by": "us"}, deadline=soon)
    r2.put_stream("long", [b"y" * 9 * MEGABYTE], deadline=soon)
    s3.put("only/here", b"extra", deadline=soon)
    found = [each for each in _found(r2, s3, soon) if not each.key.startswith("canaries/")]
    assert {each.key: each.standing for each in found} == {
        "images/1.webp": Standing.DIFFERENT,
        "long": Standing.MISSING,
        "only/here": Standing.EXTRA,
        "ä/new": Standing.MISSING,
    }
    moved = list(object_copy.bring_up(OneByOne(r2, s3), found, deadline=soon))
    assert [each.error for each in moved] == [None, None, None]
    assert s3.head("ä/new", deadline=soon).metadata["by"] == "us"
    assert s3.head("ä/new", deadline=soon).content_type == "text/plain"
    assert [each.key for each in _found(r2, s3, soon) if not each.key.startswith("canaries/")] == ["only/here"]


def _found(source: ObjectStore, target: ObjectStore, deadline: Deadline) -> list[Difference]:
    return list(object_copy.differences(source, target, deadline=deadline))


def test_what_rotted_at_the_source_is_never_copied(r2, in_sandbox, soon):
    s3 = S3Objects()
    before = content(s3, "images/7.webp", soon)
    in_sandbox.post("/faults", {"kind": "corrupted-object", "key": "rot", "name": "gemini-images/images/7.webp"})
    with pytest.raises(ProviderError) as caught:
        copy_across(r2, s3, "images/7.webp", deadline=soon)
    assert (caught.value.problem, caught.value.vendor) == (Problem.FAILED, "Cloudflare R2")
    assert content(s3, "images/7.webp", soon) == before
    [moved] = OneByOne(r2, s3).move(["images/7.webp"], deadline=soon)
    assert moved.error is not None
    in_sandbox.delete("/faults/rot")
    assert copy_across(r2, s3, "images/7.webp", deadline=soon).size == len(before)


def test_a_long_object_that_rotted_is_not_completed(r2, in_sandbox, soon):
    s3 = S3Objects()
    r2.put("long", b"z" * 9 * MEGABYTE, deadline=soon)
    in_sandbox.post("/faults", {"kind": "corrupted-object", "key": "rot", "name": "long"})
    with pytest.raises(ProviderError) as caught:
        copy_across(r2, s3, "long", deadline=soon)
    assert caught.value.problem is Problem.FAILED
    with pytest.raises(ProviderError):
        s3.head("long", deadline=soon)
    assert s3.abort_leftovers(before=datetime(2999, 1, 1, tzinfo=UTC), deadline=soon) == []


def test_a_copy_holds_no_more_than_a_few_parts_in_memory(r2, soon):
    s3 = S3Objects()
    r2.put_stream("film", (b"m" * MEGABYTE for _ in range(96)), deadline=Deadline.after(60))
    copy_across(r2, s3, "images/1.webp", deadline=soon)
    tracemalloc.start()
    try:
        copy_across(r2, s3, "film", deadline=Deadline.after(60))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEGABYTE
    assert s3.head("film", deadline=soon).size == 96 * MEGABYTE
