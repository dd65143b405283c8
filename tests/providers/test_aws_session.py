"""The one way to AWS and R2: its errors in our words, its retries by our rule, its time kept."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls
from dr_console.providers.aws import session
from dr_console.providers.calls import Call
from dr_console.providers.deadlines import Deadline
from tests.providers import misbehaving as server_module
from tests.providers.misbehaving import Misbehaving, drips, hangs_up, head, resets, says, says_nothing

EMPTY = (
    b'<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult>'
    b"<DBInstances/></DescribeDBInstancesResult></DescribeDBInstancesResponse>"
)
MADE = (
    b"<CreateDBSnapshotResponse><CreateDBSnapshotResult><DBSnapshot><Status>creating</Status></DBSnapshot>"
    b"</CreateDBSnapshotResult></CreateDBSnapshotResponse>"
)
SNAPSHOT = {"DBSnapshotIdentifier": "before", "DBInstanceIdentifier": "gemini-db"}


def an_error(code: str, message: str = "because") -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>".encode()


@pytest.fixture
def bad(settings: Any) -> Iterator[Misbehaving]:
    with server_module.misbehaving() as server:
        settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "aws": f"{server.url}/aws", "r2": f"{server.url}/r2"}
        yield server


@pytest.fixture
def heard() -> Iterator[list[Call]]:
    made: list[Call] = []
    with calls.heard_by(made.append):
        yield made


def rds(**options: Any) -> Any:
    return session.client("rds", operation="snapshot the database", **options)


def create_snapshot(seconds: float = 5, **options: Any) -> session.AwsAnswer:
    deadline = Deadline.after(seconds)
    options = {**SNAPSHOT, **options}
    return session.call(rds(), "create_db_snapshot", operation="snapshot the database", deadline=deadline, **options)


def read(seconds: float = 5) -> session.AwsAnswer:
    return session.call(
        rds(), "describe_db_instances", operation="look", deadline=Deadline.after(seconds), harmless=True
    )


def refused(**options: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        create_snapshot(**options)
    return caught.value


# --- What is made ---------------------------------------------------------------------------------


def test_clients_are_shared_until_their_settings_change(settings: Any) -> None:
    assert rds() is rds()
    assert rds() is not rds(region="us-west-1")
    before = rds()
    settings.DR_CREDENTIALS = {
        **settings.DR_CREDENTIALS,
        "aws": {**settings.DR_CREDENTIALS["aws"], "session_token": "t"},
    }
    assert rds() is not before


def test_in_the_sandbox_everything_goes_to_the_sandbox(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://evil.test")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://evil.test")
    session._client.cache_clear()
    assert session.client("s3", operation="x").meta.endpoint_url == settings.DR_VENDOR_URLS["aws"]
    r2 = session.client("s3", operation="x", vendor="r2")
    assert (r2.meta.endpoint_url, r2.meta.region_name) == (settings.DR_VENDOR_URLS["r2"], "auto")
    assert (session.vendor_name(r2), session.vendor_name(rds())) == ("Cloudflare R2", "AWS")


def test_r2s_own_address_is_made_of_the_account(settings: Any) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "r2": "", "aws": ""}
    r2 = session.client("s3", operation="x", vendor="r2")
    assert r2.meta.endpoint_url == f"https://{'a' * 32}.r2.cloudflarestorage.com"
    assert session.vendor_name(r2) == "Cloudflare R2"
    assert rds(region="eu-west-2").meta.endpoint_url == "https://rds.eu-west-2.amazonaws.com"


def test_what_is_not_set_is_named(settings: Any) -> None:
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "r2": dict.fromkeys(settings.DR_CREDENTIALS["r2"], "")}
    with pytest.raises(ProviderError) as caught:
        session.client("s3", operation="list objects", vendor="r2")
    assert (caught.value.problem, caught.value.said) == (Problem.SETTINGS, "DR_R2_ACCOUNT_ID")


def test_boto3_is_not_loaded_by_whoever_does_not_call_aws() -> None:
    program = (
        "import django, sys; django.setup()\n"
        "from dr_console.providers.aws import session\n"
        "print([name for name in ('boto3', 'botocore', 's3transfer') if name in sys.modules])"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    loaded = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip().splitlines()[-1] == "[]"


def test_an_answer_is_read_by_its_shape_and_quoted_without_secrets() -> None:
    vault = session.client("secretsmanager", operation="x")
    with Stubber(vault) as stubber:
        stubber.add_response("get_secret_value", {"Name": "n", "SecretString": "hunter2"})
        answer = session.call(
            vault, "get_secret_value", operation="read", deadline=Deadline.after(5), harmless=True, SecretId="n"
        )
    assert answer.read_as(str, at="SecretString") == "hunter2"
    with pytest.raises(ProviderError) as caught:
        answer.read_as(int, at="VersionId")
    assert caught.value.problem is Problem.GARBLED
    assert "hunter2" not in "".join(traceback.format_exception(caught.value)) + repr(answer.text)
    assert "'Name': 'n'" in caught.value.said


# --- What AWS says --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "problem", "permanent", "outcome"),
    [
        ("AccessDenied", 403, "credentials", True, "nothing"),
        ("InvalidClientTokenId", 403, "credentials", True, "nothing"),
        ("ExpiredToken", 403, "credentials", True, "nothing"),
        ("SignatureDoesNotMatch", 403, "credentials", True, "nothing"),
        ("UnrecognizedClientException", 400, "credentials", True, "nothing"),
        ("DBInstanceNotFound", 404, "not_found", True, "nothing"),
        ("DBSnapshotNotFound", 404, "not_found", True, "nothing"),
        ("CacheClusterNotFound", 404, "not_found", True, "nothing"),
        ("RepositoryDoesNotExistException", 400, "not_found", True, "nothing"),
        ("ResourceNotFoundException", 400, "not_found", True, "nothing"),
        ("SnapshotQuotaExceeded", 400, "throttled", True, "nothing"),
        ("SnapshotQuotaExceededFault", 400, "throttled", True, "nothing"),
        ("LimitExceededException", 400, "throttled", True, "nothing"),
        ("DBSnapshotAlreadyExists", 400, "refused", True, "nothing"),
        ("InvalidDBInstanceState", 400, "refused", True, "nothing"),
        ("InternalFailure", 500, "refused", False, "unknown"),
        ("ServiceUnavailable", 503, "refused", False, "unknown"),
    ],
)
def test_each_error_of_aws_is_one_of_ours(
    bad: Misbehaving, code: str, status: int, problem: str, permanent: bool, outcome: str
) -> None:
    bad.does(says(an_error(code), status))
    error = refused()
    assert (error.status, error.code, error.said) == (status, code, "because")
    assert (error.problem, error.permanent, error.outcome) == (problem, permanent, outcome)
    assert len(bad.asked) == 1


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "RequestLimitExceeded", "SlowDown"])
def test_what_is_throttled_is_repeated_as_it_counted_for_nothing(bad: Misbehaving, code: str) -> None:
    bad.does(says(an_error(code), 400), says(MADE))
    create_snapshot()
    assert len(bad.asked) == 2


def test_a_change_is_not_made_twice(bad: Misbehaving) -> None:
    bad.does(says(an_error("InternalFailure"), 500), says(EMPTY))
    assert refused().outcome is Outcome.UNKNOWN
    assert len(bad.asked) == 1


def test_reading_is_tried_again(bad: Misbehaving, heard: list[Call]) -> None:
    bad.does(says(an_error("InternalFailure"), 500), resets(), says(EMPTY))
    assert read().json()["DBInstances"] == []
    assert [(one.vendor, one.method, one.attempt, one.status, one.problem, one.code) for one in heard] == [
        ("AWS", "DescribeDBInstances", 1, 500, "refused", "InternalFailure"),
        ("AWS", "DescribeDBInstances", 2, None, "broken", ""),
        ("AWS", "DescribeDBInstances", 3, 200, "", ""),
    ]
    assert {one.url for one in heard} == {f"{bad.url}/aws"}


def test_a_file_that_is_sent_again_is_sent_from_its_beginning(bad: Misbehaving) -> None:
    bad.does(says(an_error("SlowDown"), 503), says(b"", 200, "ETag: x"))
    file = io.BytesIO(b"skipped, and sent")
    file.seek(9)
    s3 = session.client("s3", operation="x")
    session.call(s3, "put_object", operation="put", deadline=Deadline.after(5), Bucket="b", Key="k", Body=file)
    assert [body for _head, body in bad.asked] == [b"and sent", b"and sent"]


# --- What the wire does ---------------------------------------------------------------------------


@pytest.mark.parametrize("breaks", [resets(), hangs_up(), resets(head(200, "Content-Length: 50"))])
def test_a_connection_that_breaks_leaves_a_change_in_doubt(bad: Misbehaving, breaks: Any) -> None:
    bad.does(breaks)
    error = refused()
    assert (error.problem, error.outcome, error.permanent) == (Problem.BROKEN, Outcome.UNKNOWN, False)
    assert len(bad.asked) == 1


def test_what_was_carried_out_and_never_answered_is_in_doubt(bad: Misbehaving) -> None:
    bad.does(says_nothing(bad))
    began = time.monotonic()
    error = refused(seconds=0.5)
    assert time.monotonic() - began < 5.0
    assert (error.problem, error.outcome) == (Problem.TIMED_OUT, Outcome.UNKNOWN)
    assert len(bad.asked) == 1


def test_who_sends_a_byte_at_a_time_does_not_keep_us(bad: Misbehaving) -> None:
    bad.does(drips(bad, head(200, "Content-Length: 9999"), b"x"))
    began = time.monotonic()
    error = refused(seconds=0.4)
    assert time.monotonic() - began < 5.0
    assert (error.problem, error.outcome) == (Problem.TIMED_OUT, Outcome.UNKNOWN)


def test_who_is_not_there_got_nothing(settings: Any, heard: list[Call]) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "aws": "http://127.0.0.1:1/aws"}
    error = refused(seconds=3)
    assert (error.problem, error.outcome) == (Problem.UNREACHABLE, Outcome.NOTHING)
    assert len(heard) > 1


@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE html><p>Log in", b"<html>", b"not XML at all", b"<half><"],
    ids=["page", "html", "text", "half"],
)
def test_what_is_no_answer_of_awss_is_garbled(bad: Misbehaving, body: bytes) -> None:
    bad.does(says(body))
    error = refused()
    assert (error.problem, error.outcome) == (Problem.GARBLED, Outcome.UNKNOWN)
    assert len(error.said) < 300


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><p>Log in", b"hello", b'{"half": '])
def test_a_page_is_no_success_where_json_is_spoken_either(bad: Misbehaving, body: bytes) -> None:
    bad.does(says(body))
    vault = session.client("secretsmanager", operation="x")
    with pytest.raises(ProviderError) as caught:
        session.call(vault, "tag_resource", operation="tag", deadline=Deadline.after(5), SecretId="a", Tags=[])
    assert caught.value.problem is Problem.GARBLED


def test_nothing_is_sent_after_the_deadline(bad: Misbehaving) -> None:
    bad.does(says(EMPTY))
    assert refused(seconds=0).problem is Problem.NOT_IN_TIME
    assert bad.asked == []


def test_what_boto3_refuses_to_send_is_not_quoted(bad: Misbehaving) -> None:
    vault = session.client("secretsmanager", operation="x")
    with pytest.raises(ProviderError) as caught:
        session.call(
            vault,
            "put_secret_value",
            operation="put",
            deadline=Deadline.after(5),
            SecretId="a",
            SecretString={"hunter2": 1},
        )
    assert (caught.value.problem, caught.value.code) == (Problem.REFUSED, "ParamValidationError")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert bad.asked == []


def test_a_listing_is_read_to_its_end_and_each_page_is_a_call(bad: Misbehaving, heard: list[Call]) -> None:
    def page(key: str, more: str) -> bytes:
        return f"<ListBucketResult><Contents><Key>{key}</Key></Contents>{more}</ListBucketResult>".encode()

    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken>"
    bad.does(says(page("a", more)), says(an_error("InternalError"), 500), says(page("b", "")))
    s3 = session.client("s3", operation="x")
    found = session.pages(s3, "list_objects_v2", operation="list", deadline=Deadline.after(9), Bucket="b")
    assert [answer.json()["Contents"][0]["Key"] for answer in found] == ["a", "b"]
    assert [one.status for one in heard] == [200, 500, 200]
