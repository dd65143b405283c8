"""Read-only checks of AWS: whose key it is and what it may, the plan's things, and what is left of the quotas."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import ProviderError
from dr_console.providers.aws.elasticache import ElastiCacheSnapshots
from dr_console.providers.aws.lambda_functions import LambdaFunctions
from dr_console.providers.aws.rds import RdsSnapshots
from dr_console.providers.aws.route53 import READ as READ_RECORD
from dr_console.providers.aws.secrets_manager import SecretsManagerVault
from dr_console.providers.aws.service import Service
from dr_console.providers.capabilities.snapshots import Progress, Quota, SnapshotProvider
from dr_console.providers.checking import Finding, State, about, finding_of
from dr_console.providers.credentials import credential, credential_or_none
from dr_console.providers.deadlines import Deadline

VENDOR = "aws"
WHO = _("find out whose the key is")
MAY = _("find out what the key may do")
KEY = _("The key works")
RIGHTS = _("The key has the rights that the plan needs")
FUNCTION = _("The function that is the cold standby can be read")
DATABASE = _("The database can be read, and its snapshots")
CACHE = _("The cache can be read, and its snapshots")
VAULT = _("The vault can be read")
ZONE = _("The hosted zone can be read")
DATABASE_QUOTA = _("There is room for snapshots of the database")
CACHE_QUOTA = _("There is room for snapshots of the cache")
# What the plan's steps do. https://docs.aws.amazon.com/service-authorization/latest/reference/
ACTIONS = (
    "lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionUrlConfig", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias",
    "lambda:PutProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig",
    "lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency", "lambda:InvokeFunction",
    "rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "rds:DescribeAccountAttributes", "rds:CreateDBSnapshot",
    "rds:CopyDBSnapshot", "rds:DeleteDBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:RestoreDBInstanceToPointInTime", "rds:ModifyDBInstance", "rds:DeleteDBInstance", "rds:AddTagsToResource",
    "elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheClusters", "elasticache:DescribeSnapshots",
    "elasticache:CreateSnapshot", "elasticache:CopySnapshot", "elasticache:DeleteSnapshot",
    "elasticache:CreateReplicationGroup", "elasticache:DeleteReplicationGroup",
    "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:CreateSecret",
    "secretsmanager:ListSecrets", "secretsmanager:ListSecretVersionIds", "secretsmanager:UpdateSecretVersionStage",
)  # fmt: skip
OF_ROUTE53 = ("route53:ListResourceRecordSets", "route53:ChangeResourceRecordSets", "route53:GetChange")
# So many are kept for an incident.
SPARE = 3


class _Identity(BaseModel):
    Account: str
    Arn: str


class _Decision(BaseModel):
    EvalActionName: str
    EvalDecision: str


def _identity(deadline: Deadline) -> _Identity:
    return Service("sts").read("get_caller_identity", WHO, deadline).read_as(_Identity)


@about(KEY)
def key(deadline: Deadline) -> Iterable[Finding]:
    yield Finding(VENDOR, KEY, State.OK, _identity(deadline).Arn)


@about(RIGHTS)
def rights(deadline: Deadline) -> Iterable[Finding]:
    """Asked of IAM. A key that may not ask is not wrong: what it may is then seen by the reading checks only."""
    who = _identity(deadline).Arn
    actions = [*ACTIONS, *(OF_ROUTE53 if credential_or_none("aws", "hosted_zone") else ())]
    try:
        pages = Service("iam").pages(
            "simulate_principal_policy", MAY, deadline, PolicySourceArn=_principal(who), ActionNames=actions
        )
        found = [each for page in pages for each in page.read_as(list[_Decision], at="EvaluationResults")]
    except ProviderError as error:
        yield Finding(VENDOR, RIGHTS, State.UNKNOWN, error=error)
        return
    missing = sorted(each.EvalActionName for each in found if each.EvalDecision != "allowed")
    unasked = sorted(set(actions) - {each.EvalActionName for each in found})
    if unasked:
        yield Finding(VENDOR, RIGHTS, State.UNKNOWN, ", ".join(unasked))
    yield Finding(VENDOR, RIGHTS, State.FAILED if missing else State.OK, ", ".join(missing))


def _principal(arn: str) -> str:
    """IAM knows a role, not the session that somebody has of it."""
    if ":assumed-role/" not in arn:
        return arn
    account, role = arn.split(":")[4], arn.split("/")[1]
    return f"arn:aws:iam::{account}:role/{role}"


@about(FUNCTION)
def function(deadline: Deadline) -> Iterable[Finding]:
    state = LambdaFunctions().state(deadline=deadline)
    said = f"{state.name}:{state.alias} → {state.version}"
    yield Finding(VENDOR, FUNCTION, State.FAILED if state.is_stopped else State.OK, said)


@about(DATABASE)
def database(deadline: Deadline) -> Iterable[Finding]:
    return _source(RdsSnapshots(), DATABASE, DATABASE_QUOTA, deadline)


@about(CACHE)
def cache(deadline: Deadline) -> Iterable[Finding]:
    return _source(ElastiCacheSnapshots(), CACHE, CACHE_QUOTA, deadline)


def _source(provider: SnapshotProvider, subject: str, quota: str, deadline: Deadline) -> Iterable[Finding]:
    source = provider.source(deadline=deadline)
    provider.snapshots(deadline=deadline)
    good = source.progress in (Progress.READY, Progress.COMING)
    yield Finding(VENDOR, subject, State.OK if good else State.FAILED, f"{source.name}: {source.state}")
    try:
        quotas = provider.quotas(deadline=deadline)
    except ProviderError as error:
        yield finding_of(error, VENDOR, quota)
        return
    left = sum(each.left for each in quotas)
    said = ", ".join(map(_said, quotas))
    yield Finding(VENDOR, quota, State.OK if left >= SPARE else State.FAILED if quotas else State.UNKNOWN, said)


def _said(quota: Quota) -> str:
    return f"{quota.of} {quota.used}/{quota.limit}".strip()


@about(VAULT)
def vault(deadline: Deadline) -> Iterable[Finding]:
    names = SecretsManagerVault().names(deadline=deadline)
    yield Finding(VENDOR, VAULT, State.OK, str(len(names)))


@about(ZONE)
def zone(deadline: Deadline) -> Iterable[Finding]:
    """Only where names are kept at Route 53, which is the second choice."""
    if not credential_or_none("aws", "hosted_zone"):
        return
    zone_id = credential("aws", "hosted_zone", operation=WHO)
    answer = Service("route53").read("list_resource_record_sets", READ_RECORD, deadline, HostedZoneId=zone_id)
    answer.read_as(list[object], at="ResourceRecordSets")
    yield Finding(VENDOR, ZONE, State.OK, zone_id)


Check = Callable[[Deadline], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (key, rights, function, database, cache, vault, zone)
