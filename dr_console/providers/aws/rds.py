"""AWS RDS: snapshots of an instance, and new instances from them or from its log.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, Field

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws.service import VENDOR, Service, failed, refused
from dr_console.providers.capabilities.snapshots import Instance, Placement, Progress, Quota, Snapshot
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.waiting import waited_for

CREATE = _("take a snapshot of the database")
READ = _("read the database’s snapshot")
WAIT = _("wait for the database’s snapshot")
LIST = _("list the database’s snapshots")
COPY = _("copy the database’s snapshot")
DELETE = _("delete the database’s snapshot")
QUOTAS = _("read the quotas of the database’s snapshots")
INSTANCE = _("read the database instance")
RESTORE = _("restore the database into a new instance")
RENAME = _("rename the database instance")
DELETE_INSTANCE = _("delete the restored database instance")
WAIT_FOR_INSTANCE = _("wait for the database instance")
QUOTA = "ManualSnapshots"
BAD = ("failed", "incompatible-restore", "incompatible-parameters", "incompatible-network", "storage-full")


class _Snapshot(BaseModel):
    DBSnapshotIdentifier: str
    DBSnapshotArn: str
    DBInstanceIdentifier: str
    Status: str
    SnapshotType: str = "manual"
    PercentProgress: int | None = None
    SnapshotCreateTime: datetime | None = None
    OriginalSnapshotCreateTime: datetime | None = None
    SourceDBSnapshotIdentifier: str = ""
    Engine: str = ""

    def as_snapshot(self) -> Snapshot:
        return Snapshot(
            name=self.DBSnapshotIdentifier,
            id=self.DBSnapshotArn,
            source=self.DBInstanceIdentifier,
            state=self.Status,
            progress=_progress(self.Status),
            percent=self.PercentProgress,
            data_at=self.OriginalSnapshotCreateTime or self.SnapshotCreateTime,
            is_manual=self.SnapshotType == "manual",
            engine=self.Engine,
        )


class _Endpoint(BaseModel):
    Address: str = ""
    Port: int | None = None


class _SubnetGroup(BaseModel):
    DBSubnetGroupName: str = ""


class _SecurityGroup(BaseModel):
    VpcSecurityGroupId: str


class _ParameterGroup(BaseModel):
    DBParameterGroupName: str


class _Instance(BaseModel):
    DBInstanceIdentifier: str
    DBInstanceStatus: str
    DBInstanceClass: str = ""
    Engine: str = ""
    Endpoint: _Endpoint = Field(default_factory=_Endpoint)
    InstanceCreateTime: datetime | None = None
    LatestRestorableTime: datetime | None = None
    MultiAZ: bool = False
    DBSubnetGroup: _SubnetGroup | None = None
    VpcSecurityGroups: list[_SecurityGroup] = Field(default_factory=list)
    DBParameterGroups: list[_ParameterGroup] = Field(default_factory=list)

    def as_instance(self) -> Instance:
        placement = Placement(
            subnet_group=self.DBSubnetGroup.DBSubnetGroupName if self.DBSubnetGroup else "",
            security_groups=tuple(group.VpcSecurityGroupId for group in self.VpcSecurityGroups),
            parameter_group=next((group.DBParameterGroupName for group in self.DBParameterGroups), ""),
            size=self.DBInstanceClass,
            copies=2 if self.MultiAZ else 1,
            port=self.Endpoint.Port,
        )
        return Instance(
            name=self.DBInstanceIdentifier,
            state=self.DBInstanceStatus,
            progress=_progress(self.DBInstanceStatus),
            address=self.Endpoint.Address,
            port=self.Endpoint.Port,
            created_at=self.InstanceCreateTime,
            placement=placement,
            engine=self.Engine,
            restorable_until=self.LatestRestorableTime,
        )


class _AccountQuota(BaseModel):
    AccountQuotaName: str
    Used: int
    Max: int


class RdsSnapshots:
    """Of the instance that the settings name, unless another is named."""

    def __init__(self, instance: str = "", region: str = "") -> None:
        self._instance_name = instance
        self._rds = Service("rds", region)

    def create(self, name: str, *, deadline: Deadline) -> Snapshot:
        source = self._source_name(CREATE)
        try:
            answer = self._rds.change(
                "create_db_snapshot", CREATE, deadline, DBSnapshotIdentifier=name, DBInstanceIdentifier=source
            )
        except ProviderError as error:
            if error.code != "DBSnapshotAlreadyExists":
                raise
            return self._adopted(name, source, CREATE, deadline)
        return answer.read_as(_Snapshot, at="DBSnapshot").as_snapshot()

    def _adopted(self, name: str, source: str, operation: str, deadline: Deadline) -> Snapshot:
        """The snapshot of this name that was there already, if it is what we were about to make."""
        found = self.snapshot(name, deadline=deadline)
        if found.source != source or found.progress not in (Progress.COMING, Progress.READY):
            raise refused(operation, f"{name} exists: a snapshot of {found.source}, in state {found.state}")
        return found

    def snapshot(self, name: str, *, deadline: Deadline) -> Snapshot:
        answer = self._rds.read("describe_db_snapshots", READ, deadline, DBSnapshotIdentifier=name)
        found = answer.read_as(list[_Snapshot], at="DBSnapshots")
        if not found:
            raise ProviderError(answer.vendor, READ, Problem.NOT_FOUND, said=name, permanent=True)
        return found[0].as_snapshot()

    def wait_until_ready(self, name: str, *, deadline: Deadline) -> Snapshot:
        def look() -> tuple[Snapshot | None, str]:
            found = self.snapshot(name, deadline=deadline)
            if found.progress not in (Progress.READY, Progress.COMING):
                raise failed(WAIT, f"{name} is {found.state}")
            return found if found.progress is Progress.READY else None, f"{name} is {found.state}, {found.percent} %"

        return waited_for(look, vendor=VENDOR, operation=WAIT, deadline=deadline)

    def snapshots(self, *, deadline: Deadline) -> list[Snapshot]:
        source = self._source_name(LIST)
        pages = self._rds.pages("describe_db_snapshots", LIST, deadline, DBInstanceIdentifier=source)
        found = [each.as_snapshot() for page in pages for each in page.read_as(list[_Snapshot], at="DBSnapshots")]
        return sorted(found, key=lambda each: (each.data_at is not None, each.data_at), reverse=True)

    def copy(self, name: str, to: str, *, deadline: Deadline) -> Snapshot:
        return self._copy(self._rds, name, to, deadline)

    def copy_to_region(self, name: str, to: str, *, region: str, key: str = "", deadline: Deadline) -> Snapshot:
        here = self._rds.region or credential("aws", "region", operation=COPY)
        source = self.snapshot(name, deadline=deadline)
        params = {"SourceRegion": here, **({"KmsKeyId": key} if key else {})}
        return self._copy(Service("rds", region), source.id, to, deadline, **params)

    def _copy(self, rds: Service, source: str, to: str, deadline: Deadline, **params: Any) -> Snapshot:
        try:
            answer = rds.change(
                "copy_db_snapshot",
                COPY,
                deadline,
                SourceDBSnapshotIdentifier=source,
                TargetDBSnapshotIdentifier=to,
                **params,
            )
        except ProviderError as error:
            if error.code != "DBSnapshotAlreadyExists":
                raise
            there = rds.read("describe_db_snapshots", COPY, deadline, DBSnapshotIdentifier=to)
            found = there.read_as(list[_Snapshot], at="DBSnapshots")
            if not found or found[0].SourceDBSnapshotIdentifier.rpartition(":")[2] != source.rpartition(":")[2]:
                raise
            return found[0].as_snapshot()
        return answer.read_as(_Snapshot, at="DBSnapshot").as_snapshot()

    def delete(self, name: str, *, deadline: Deadline) -> None:
        try:
            self._rds.change("delete_db_snapshot", DELETE, deadline, harmless=True, DBSnapshotIdentifier=name)
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise

    def quotas(self, *, deadline: Deadline) -> list[Quota]:
        answer = self._rds.read("describe_account_attributes", QUOTAS, deadline)
        found = answer.read_as(list[_AccountQuota], at="AccountQuotas")
        return [Quota("", each.Used, each.Max) for each in found if each.AccountQuotaName == QUOTA]

    def source(self, *, deadline: Deadline) -> Instance:
        return self.instance(self._source_name(INSTANCE), deadline=deadline)

    def instance(self, name: str, *, deadline: Deadline) -> Instance:
        answer = self._rds.read("describe_db_instances", INSTANCE, deadline, DBInstanceIdentifier=name)
        found = answer.read_as(list[_Instance], at="DBInstances")
        if not found:
            raise ProviderError(answer.vendor, INSTANCE, Problem.NOT_FOUND, said=name, permanent=True)
        return found[0].as_instance()

    def restore(self, name: str, into: str, *, placement: Placement, deadline: Deadline) -> Instance:
        params = {"DBSnapshotIdentifier": name, "DBInstanceIdentifier": into}
        return self._restore("restore_db_instance_from_db_snapshot", into, {**params, **_placed(placement)}, deadline)

    def restore_to_time(self, into: str, *, at: datetime | None, placement: Placement, deadline: Deadline) -> Instance:
        source = self._source_name(RESTORE)
        when: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreTime": at}
        params = {"SourceDBInstanceIdentifier": source, "TargetDBInstanceIdentifier": into, **when}
        return self._restore("restore_db_instance_to_point_in_time", into, {**params, **_placed(placement)}, deadline)

    def _restore(self, method: str, into: str, params: dict[str, Any], deadline: Deadline) -> Instance:
        if into == self._source_name(RESTORE):
            raise refused(RESTORE, f"{into} is the instance itself, and a restore goes into a new one")
        # A tag says what it was restored from, so that one that is there already can be told from another.
        origin = str(params.get("DBSnapshotIdentifier") or params.get("RestoreTime") or "latest")
        try:
            answer = self._rds.change(method, RESTORE, deadline, Tags=[{"Key": TAG, "Value": origin}], **params)
        except ProviderError as error:
            if error.code != "DBInstanceAlreadyExists" or self._origin(into, deadline) != origin:
                raise
            return self.instance(into, deadline=deadline)
        return answer.read_as(_Instance, at="DBInstance").as_instance()

    def _origin(self, name: str, deadline: Deadline) -> str:
        answer = self._rds.read("describe_db_instances", RESTORE, deadline, DBInstanceIdentifier=name)
        found = answer.read_as(list[dict[str, Any]], at="DBInstances")
        tags = found[0].get("TagList", []) if found else []
        return next((str(tag["Value"]) for tag in tags if tag.get("Key") == TAG), "")

    def wait_until_instance_ready(self, name: str, *, deadline: Deadline) -> Instance:
        def look() -> tuple[Instance | None, str]:
            found = self.instance(name, deadline=deadline)
            said = f"{name} is {found.state}"
            if found.progress in (Progress.FAILED, Progress.LEAVING):
                raise failed(WAIT_FOR_INSTANCE, said)
            return found if found.progress is Progress.READY and found.address else None, said

        return waited_for(look, vendor=VENDOR, operation=WAIT_FOR_INSTANCE, deadline=deadline)

    def rename(self, name: str, to: str, *, deadline: Deadline) -> None:
        self._rds.change(
            "modify_db_instance",
            RENAME,
            deadline,
            DBInstanceIdentifier=name,
            NewDBInstanceIdentifier=to,
            ApplyImmediately=True,
        ).read_as(_Instance, at="DBInstance")

    def delete_instance(self, name: str, *, deadline: Deadline) -> None:
        if name == self._source_name(DELETE_INSTANCE):
            raise refused(DELETE_INSTANCE, f"{name} is the instance that snapshots are taken of")
        try:
            self._rds.change(
                "delete_db_instance", DELETE_INSTANCE, deadline, DBInstanceIdentifier=name, SkipFinalSnapshot=True
            )
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise

    def _source_name(self, operation: str) -> str:
        return self._instance_name or credential("aws", "database", operation=operation)


TAG = "dr-console:restored-from"


def _placed(placement: Placement) -> dict[str, Any]:
    """As parameters. What is not said is the account's default, not what the source has."""
    given = {
        "DBSubnetGroupName": placement.subnet_group,
        "VpcSecurityGroupIds": list(placement.security_groups),
        "DBParameterGroupName": placement.parameter_group,
        "DBInstanceClass": placement.size,
        "Port": placement.port,
    }
    return {**{name: value for name, value in given.items() if value}, "MultiAZ": placement.copies > 1}


def _progress(state: str) -> Progress:
    if state in ("available", "storage-optimization"):
        return Progress.READY
    if state in ("deleting", "deleted"):
        return Progress.LEAVING
    return Progress.FAILED if state in BAD else Progress.COMING
