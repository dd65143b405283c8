"""AWS in the sandbox: services at one address, whose key, and errors as AWS words them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws_clients import client, code_of, pass_time
from tests.sandboxed import Sandbox

CALLS = [
    ("rds", "describe_db_instances"),
    ("elasticache", "describe_snapshots"),
    ("secretsmanager", "list_secrets"),
    ("lambda", "list_functions"),
    ("route53", "list_hosted_zones"),
    ("s3", "list_buckets"),
]


@pytest.mark.parametrize(("service", "method"), [*CALLS, ("sts", "get_caller_identity"), ("iam", "get_user")])
def test_each_service_answers_at_the_one_address(sandbox: Sandbox, service: str, method: str) -> None:
    answer = getattr(client(sandbox, service), method)()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("service", "method", "code", "status"),
    [
        ("rds", "describe_db_instances", "MissingAuthenticationToken", 403),
        ("secretsmanager", "list_secrets", "MissingAuthenticationTokenException", 400),
        ("lambda", "list_functions", "MissingAuthenticationTokenException", 403),
        ("route53", "list_hosted_zones", "MissingAuthenticationToken", 403),
        ("s3", "list_buckets", "AccessDenied", 403),
    ],
)
def test_without_a_signature_nobody_is_let_in(
    sandbox: Sandbox, service: str, method: str, code: str, status: int
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(sandbox, service, signed=False), method)()
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


@pytest.mark.parametrize(("service", "method"), CALLS)
def test_an_expired_key_is_refused_in_each_services_own_words(sandbox: Sandbox, service: str, method: str) -> None:
    sandbox.post("/aws/keys", {"expired": ["AKIAIOSFODNN7EXAMPLE"]})
    assert code_of(getattr(client(sandbox, service), method)) in ("ExpiredToken", "ExpiredTokenException")
    sandbox.post("/aws/keys", {"expired": []})
    assert getattr(client(sandbox, service), method)()


def test_what_is_denied_is_refused_and_simulated_as_denied(sandbox: Sandbox) -> None:
    sandbox.post("/aws/keys", {"denied": ["rds:Create*"]})
    rds = client(sandbox, "rds")
    assert rds.describe_db_instances()["DBInstances"]
    assert code_of(rds.create_db_snapshot, DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="a") == "AccessDenied"
    who = client(sandbox, "sts").get_caller_identity()["Arn"]
    answer = client(sandbox, "iam").simulate_principal_policy(
        PolicySourceArn=who, ActionNames=["rds:CreateDBSnapshot", "rds:DescribeDBSnapshots"]
    )
    decisions = {each["EvalActionName"]: each["EvalDecision"] for each in answer["EvaluationResults"]}
    assert decisions == {"rds:CreateDBSnapshot": "explicitDeny", "rds:DescribeDBSnapshots": "allowed"}


@pytest.mark.parametrize(
    ("body", "field"),
    [({"expired": "all"}, "expired"), ({"denied": [1]}, "denied")],
)
def test_a_wrong_wish_about_keys_names_its_field(sandbox: Sandbox, body: Any, field: str) -> None:
    answer = httpx.post(f"{sandbox.url}/control/aws/keys", json=body, trust_env=False)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (
            {"authorization": "AWS4-HMAC-SHA256 nonsense"},
            "Action=DescribeDBInstances&Version=2014-10-31",
            "IncompleteSignature",
        ),
        ({"authorization": "Bearer x"}, "Action=DescribeDBInstances&Version=2014-10-31", "IncompleteSignature"),
    ],
)
def test_a_malformed_signature_is_said_to_be_one(
    sandbox: Sandbox, headers: dict[str, str], body: str, expected: str
) -> None:
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = httpx.post(f"{sandbox.url}/aws/", headers={**headers, **form}, content=body, trust_env=False)
    assert answer.status_code == 403
    assert f"<Code>{expected}</Code>" in answer.text
    assert "<ErrorResponse" in answer.text


@pytest.mark.parametrize(
    ("service", "method", "params", "code"),
    [
        ("rds", "describe_db_major_engine_versions", {}, "InvalidAction"),
        ("elasticache", "list_allowed_node_type_modifications", {}, "InvalidAction"),
        ("codecommit", "list_pull_requests", {"repositoryName": "x"}, "UnknownOperationException"),
        ("lambda", "get_runtime_management_config", {"FunctionName": "x"}, "UnknownOperationException"),
    ],
)
def test_what_it_does_not_know_it_refuses_as_aws_would(
    sandbox: Sandbox, service: str, method: str, params: dict[str, Any], code: str
) -> None:
    assert code_of(getattr(client(sandbox, service), method), **params) == code


@pytest.mark.parametrize(
    ("service", "method", "kind", "code"),
    [
        ("rds", "describe_db_instances", "throttled", "Throttling"),
        ("secretsmanager", "list_secrets", "throttled", "ThrottlingException"),
        ("lambda", "list_functions", "throttled", "TooManyRequestsException"),
        ("s3", "list_buckets", "throttled", "SlowDown"),
        ("elasticache", "describe_snapshots", "expired-token", "ExpiredToken"),
        ("rds", "describe_db_instances", "error", "ServiceUnavailable"),
    ],
)
def test_a_rule_makes_it_complain_in_its_own_words(
    sandbox: Sandbox, service: str, method: str, kind: str, code: str
) -> None:
    sandbox.post("/faults", {"vendor": "aws", "route": f"{service}.*", "kind": kind, "times": 1})
    assert code_of(getattr(client(sandbox, service), method)) == code


def test_every_request_is_in_the_log_by_its_operation(sandbox: Sandbox) -> None:
    client(sandbox, "elasticache").describe_snapshots()
    client(sandbox, "lambda").get_alias(FunctionName="gemini-toolbox", Name="live")
    labels = [each["label"] for each in sandbox.get("/truth/requests", vendor="aws")["requests"]]
    assert labels == ["elasticache.DescribeSnapshots", "lambda.GetAlias"]


def test_a_new_world_knows_nothing_of_the_old(sandbox: Sandbox) -> None:
    client(sandbox, "secretsmanager").create_secret(Name="dr-console/x", SecretString="x")
    client(sandbox, "rds").create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="a")
    sandbox.reset()
    assert client(sandbox, "secretsmanager").list_secrets()["SecretList"] == []
    names = [each["SnapshotType"] for each in client(sandbox, "rds").describe_db_snapshots()["DBSnapshots"]]
    assert set(names) == {"automated"}


def test_times_are_those_of_the_world(sandbox: Sandbox) -> None:
    pass_time(sandbox, 30 * 86_400)
    secrets = client(sandbox, "secretsmanager")
    secrets.create_secret(Name="dr-console/x", SecretString="x")
    created = secrets.describe_secret(SecretId="dr-console/x")["CreatedDate"].timestamp()
    assert abs(created - sandbox.get("/clock")["now"]) < 300


def test_branches_are_those_of_the_repository_that_git_serves(sandbox: Sandbox) -> None:
    codecommit = client(sandbox, "codecommit")
    assert "main" in codecommit.list_branches(repositoryName="gemini-toolbox")["branches"]
    assert codecommit.get_branch(repositoryName="gemini-toolbox", branchName="main")["branch"]["commitId"]
    params = {"repositoryName": "gemini-toolbox", "branchName": "nothing"}
    assert code_of(codecommit.get_branch, **params) == "BranchDoesNotExistException"
    codecommit.create_repository(repositoryName="another")
    assert codecommit.list_branches(repositoryName="another")["branches"] == []


def test_it_answers_in_the_lean_process_that_up_starts_too():
    lean = "from dr_console.operations.lean import leave_out_what_is_not_used as lean; lean()"
    load = "from dr_console.sandbox.aws import moto_server; moto_server._load()"
    subprocess.run([sys.executable, "-c", f"{lean}; {load}"], check=True, timeout=60)
