"""Lambda, Secrets Manager and Route 53 in the sandbox."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.sandbox.aws_clients import client, code_of, pass_time
from tests.sandboxed import Sandbox

NAME = {"FunctionName": "gemini-toolbox"}
LIVE = {**NAME, "Qualifier": "live"}
ZONE = "Z0GEMINI0EXAMPLE0COM"


def wait_for_it(sandbox: Sandbox) -> float:
    """Seconds of the world that whoever asks the standby now would wait for it to start."""
    (origin,) = (each for each in sandbox.get("/world")["origins"] if each["host"] == "frankfurt.origin.example.com")
    return float(origin["start_seconds"])


def test_a_cold_function_lets_the_first_wait_and_stays_warm_for_a_while(sandbox: Sandbox) -> None:
    function = client(sandbox, "lambda")
    assert wait_for_it(sandbox) == 8
    began = time.monotonic()
    assert function.invoke(**LIVE)["StatusCode"] == 200
    assert time.monotonic() - began >= 8 / 60
    assert wait_for_it(sandbox) == 0
    pass_time(sandbox, 3600)
    assert wait_for_it(sandbox) == 8


def test_looking_at_the_world_warms_nothing_and_a_user_who_asks_does(sandbox: Sandbox) -> None:
    assert [wait_for_it(sandbox) for _ in range(3)] == [8, 8, 8]
    pass_time(sandbox, 60)
    assert wait_for_it(sandbox) == 8
    httpx.get(f"{sandbox.url}/edge/frankfurt.origin.example.com/health", trust_env=False)
    pass_time(sandbox, 60)
    assert wait_for_it(sandbox) == 0


def test_provisioned_concurrency_takes_a_while_and_leaves_nothing_cold(sandbox: Sandbox) -> None:
    sandbox.reset(speed=1)
    function = client(sandbox, "lambda")
    assert code_of(function.get_provisioned_concurrency_config, **LIVE) == (
        "ProvisionedConcurrencyConfigNotFoundException"
    )
    assert (
        function.put_provisioned_concurrency_config(**LIVE, ProvisionedConcurrentExecutions=2)["Status"]
        == "IN_PROGRESS"
    )
    pass_time(sandbox, 100)
    found = function.get_provisioned_concurrency_config(**LIVE)
    assert (found["Status"], found["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)
    assert wait_for_it(sandbox) == 0
    params = {**NAME, "Qualifier": "$LATEST", "ProvisionedConcurrentExecutions": 1}
    assert code_of(function.put_provisioned_concurrency_config, **params) == "InvalidParameterValueException"


def test_a_function_without_concurrency_answers_nobody(sandbox: Sandbox) -> None:
    function = client(sandbox, "lambda")
    function.put_function_concurrency(**NAME, ReservedConcurrentExecutions=0)
    assert code_of(function.invoke, **LIVE) == "TooManyRequestsException"
    assert function.get_function(**NAME)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    function.delete_function_concurrency(**NAME)
    assert "ReservedConcurrentExecutions" not in function.get_function_concurrency(**NAME)


def test_an_alias_is_changed_only_by_who_knows_its_revision(sandbox: Sandbox) -> None:
    function = client(sandbox, "lambda")
    alias = function.get_alias(**NAME, Name="live")
    assert alias["ResponseMetadata"]["HTTPStatusCode"] == 200
    revision = alias["RevisionId"]
    changed = function.update_alias(**NAME, Name="live", FunctionVersion="1", RevisionId=revision)
    assert changed["RevisionId"] != revision
    params = {**NAME, "Name": "live", "FunctionVersion": "1", "RevisionId": revision}
    assert code_of(function.update_alias, **params) == "PreconditionFailedException"


def test_labels_of_ones_own_stay_where_they_were_put(sandbox: Sandbox) -> None:
    secrets = client(sandbox, "secretsmanager")
    secrets.create_secret(Name="x", SecretString="one")
    token = str(uuid4())
    put: dict[str, Any] = {"SecretId": "x", "ClientRequestToken": token, "VersionStages": ["AWSCURRENT", "dr-1"]}
    secrets.put_secret_value(**put, SecretString="two")
    assert secrets.put_secret_value(**put, SecretString="two")["VersionId"] == token
    assert code_of(secrets.put_secret_value, **put, SecretString="other") == "ResourceExistsException"
    third = secrets.put_secret_value(SecretId="x", SecretString="three")["VersionId"]
    labels = secrets.describe_secret(SecretId="x")["VersionIdsToStages"]
    assert labels == {token: ["AWSPREVIOUS", "dr-1"], third: ["AWSCURRENT"]}
    move = {"SecretId": "x", "VersionStage": "AWSCURRENT", "MoveToVersionId": token}
    assert code_of(secrets.update_secret_version_stage, **move) == "InvalidParameterException"
    secrets.update_secret_version_stage(**move, RemoveFromVersionId=third)
    assert secrets.get_secret_value(SecretId="x")["SecretString"] == "two"
    assert secrets.describe_secret(SecretId="x")["VersionIdsToStages"][third] == ["AWSPREVIOUS"]


def test_a_hundred_versions_are_kept_and_those_with_a_label_longest(sandbox: Sandbox) -> None:
    secrets = client(sandbox, "secretsmanager")
    secrets.create_secret(Name="x", SecretString="one")
    secrets.put_secret_value(SecretId="x", SecretString="kept", VersionStages=["AWSCURRENT", "dr-1"])
    for number in range(105):
        secrets.put_secret_value(SecretId="x", SecretString=f"v{number}")
    every = secrets.list_secret_version_ids(SecretId="x", IncludeDeprecated=True, MaxResults=100)["Versions"]
    assert len(every) == 100
    assert secrets.get_secret_value(SecretId="x", VersionStage="dr-1")["SecretString"] == "kept"


@pytest.mark.parametrize(("size", "fits"), [(65_536, True), (65_537, False)])
def test_a_secret_has_at_most_64_kib(sandbox: Sandbox, size: int, fits: bool) -> None:
    secrets = client(sandbox, "secretsmanager")
    if fits:
        assert secrets.create_secret(Name="x", SecretString="x" * size)["VersionId"]
    else:
        assert code_of(secrets.create_secret, Name="x", SecretString="x" * size) == "ValidationException"


def test_a_deleted_secret_can_be_brought_back_until_its_day(sandbox: Sandbox) -> None:
    secrets = client(sandbox, "secretsmanager")
    secrets.create_secret(Name="x", SecretString="one")
    secrets.delete_secret(SecretId="x", RecoveryWindowInDays=7)
    assert code_of(secrets.get_secret_value, SecretId="x") == "InvalidRequestException"
    secrets.restore_secret(SecretId="x")
    assert secrets.get_secret_value(SecretId="x")["SecretString"] == "one"
    secrets.delete_secret(SecretId="x", RecoveryWindowInDays=7)
    pass_time(sandbox, 8 * 86_400)
    assert code_of(secrets.describe_secret, SecretId="x") == "ResourceNotFoundException"


def _upsert(name: str, value: str, action: str = "UPSERT") -> dict[str, Any]:
    records = [{"Value": value}]
    return {
        "Action": action,
        "ResourceRecordSet": {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": records},
    }


def test_a_batch_of_records_is_changed_whole_or_not_at_all(sandbox: Sandbox) -> None:
    dns = client(sandbox, "route53")
    before = dns.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    batch = [_upsert("new.example.com", "a.example.com"), _upsert("api.example.com", "b.example.com", "CREATE")]
    params = {"HostedZoneId": ZONE, "ChangeBatch": {"Changes": batch}}
    assert code_of(dns.change_resource_record_sets, **params) == "InvalidChangeBatch"
    assert dns.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"] == before


def test_a_change_of_records_is_pending_and_then_known_to_users(sandbox: Sandbox) -> None:
    sandbox.reset(speed=1)
    dns = client(sandbox, "route53")
    batch = {"Changes": [_upsert("r53.example.com", "frankfurt.origin.example.com")]}
    change = dns.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=batch)["ChangeInfo"]
    question = {"HostedZoneId": ZONE, "RecordName": "r53.example.com", "RecordType": "CNAME"}
    assert (change["Status"], dns.test_dns_answer(**question)["RecordData"]) == ("PENDING", [])
    pass_time(sandbox, 60)
    assert dns.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert dns.test_dns_answer(**question)["RecordData"] == ["frankfurt.origin.example.com"]


@pytest.mark.parametrize(
    "change",
    [
        _upsert("other.org", "a.example.com"),
        _upsert("example.com", "a.example.com"),
        _upsert("tokyo.origin.example.com", "a.example.com"),
        _upsert("nothing.example.com", "a.example.com", "DELETE"),
        _upsert("api.example.com", "not a host"),
    ],
    ids=["of another zone", "at the apex", "beside an address", "not there", "no host"],
)
def test_records_that_cannot_be_are_refused(sandbox: Sandbox, change: dict[str, Any]) -> None:
    params = {"HostedZoneId": ZONE, "ChangeBatch": {"Changes": [change]}}
    assert code_of(client(sandbox, "route53").change_resource_record_sets, **params) == "InvalidChangeBatch"
