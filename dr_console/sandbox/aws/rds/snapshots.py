"""RDS's snapshots: a hundred manual ones a region, some minutes each with a percentage, restored into a new instance.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import Call, Cloud, on
from dr_console.sandbox.aws.pages import page
from dr_console.sandbox.aws.rds.instances import MOST_MANUAL_SNAPSHOTS, RdsInstances
from dr_console.sandbox.aws.spoilt import Spoilt
from dr_console.sandbox.stores import DATABASE, Database

A_DAY = 86_400.0
SNAPSHOT_SECONDS = 240.0
COPY_SECONDS = 120.0


@dataclass
class Running:
    """A snapshot that is being taken. `began`: seconds of the world's clock."""

    began: float
    seconds: float


class Rds(RdsInstances):
    """All of RDS that differs from moto's. `held`: by the snapshot's ARN, what the database held when it was taken."""

    def __init__(self, cloud: Cloud, spoilt: Spoilt) -> None:
        super().__init__(cloud)
        self.spoilt = spoilt
        self.held: dict[str, Database] = {}
        self.running: dict[str, Running] = {}

    def seed(self) -> None:
        super().seed()
        three = self.world.clock.moment().replace(hour=3, minute=4, second=0, microsecond=0)
        three -= timedelta(days=three > self.world.clock.moment())
        for days in reversed(range(7)):
            self._automatic(three - timedelta(days=days), Database(DATABASE))
        self.cloud.later(
            (three + timedelta(days=1)).timestamp() - self.world.clock.now(), self._every_night, quiet=True
        )

    def _every_night(self) -> None:
        rds = self.cloud.backend("rds")
        instance = rds.databases.get(DATABASE)
        if instance is not None and instance.status == "available":
            at = self.world.clock.moment()
            self._run(self._automatic(at, self._held_by(DATABASE)), SNAPSHOT_SECONDS)
            self.busy(instance, "backing-up", SNAPSHOT_SECONDS)
            mine = [s for s in rds.database_snapshots.values() if s.snapshot_type == "automated"]
            for old in sorted(mine, key=lambda s: s.created)[: -int(instance.backup_retention_period)]:
                rds.database_snapshots.pop(old.db_snapshot_identifier)
        self.cloud.later(A_DAY, self._every_night, quiet=True)

    def _automatic(self, at: datetime, held: Database) -> Any:
        rds = self.cloud.backend("rds")
        name = f"rds:{DATABASE}-{at:%Y-%m-%d-%H-%M}"
        snapshot = rds.create_db_snapshot(DATABASE, name, snapshot_type="automated")
        snapshot.created = snapshot.original_snapshot_create_time = at.replace(tzinfo=None, microsecond=0)
        self.held[snapshot.db_snapshot_arn] = held
        return snapshot

    def _held_by(self, name: str) -> Database:
        found = self.world.stores.databases.get(name)
        return found.copied(name) if found else Database(name)

    def _run(self, snapshot: Any, seconds: float) -> None:
        snapshot.status = "creating"
        self.running[snapshot.db_snapshot_arn] = Running(self.world.clock.now(), seconds)

        def done() -> None:
            self.running.pop(snapshot.db_snapshot_arn, None)
            if snapshot.status == "creating":
                snapshot.status = "available"

        self.cloud.later(seconds, done)

    def shown_snapshot(self, shape: dict[str, Any]) -> dict[str, Any]:
        running = self.running.get(shape["DBSnapshotArn"])
        if running:
            done = (self.world.clock.now() - running.began) / running.seconds
            return {**shape, "PercentProgress": max(0, min(99, int(done * 100))), "Status": "creating"}
        if self.spoilt.has_failed(shape["DBSnapshotIdentifier"]):
            return {**shape, "PercentProgress": 0, "Status": "failed"}
        return {**shape, "PercentProgress": 100, "Status": shape["Status"].replace("failed", "available")}

    def snapshot(self, call: Call, name: str) -> Any:
        """Of this region by its name, of any by its ARN."""
        region = name.split(":")[3] if name.startswith("arn:") else call.region
        short = name.split(":", 6)[6] if name.startswith("arn:") else name
        found = call.cloud.backend("rds", region=region).database_snapshots.get(short)
        if found is None or self.spoilt.has_vanished(found.db_snapshot_identifier):
            raise Fault("DBSnapshotNotFound", f"DBSnapshot {short} not found.", 404)
        if found.status in ("available", "failed"):
            found.status = "failed" if self.spoilt.has_failed(found.db_snapshot_identifier) else "available"
        return found

    @on("DescribeDBSnapshots")
    def describe_snapshots(self, call: Call) -> dict[str, Any]:
        if call.params.get("DBSnapshotIdentifier") and not call.params.get("DBInstanceIdentifier"):
            self.snapshot(call, call.params["DBSnapshotIdentifier"])
        shapes = [self.shown_snapshot(shape) for shape in call.result()["DBSnapshots"]]
        there = [shape for shape in shapes if not self.spoilt.has_vanished(shape["DBSnapshotIdentifier"])]
        part, marker = page(
            there, call.params, least=20, most=100, key=lambda shape: str(shape["DBSnapshotIdentifier"])
        )
        return {"Marker": marker, "DBSnapshots": part}

    @on("CreateDBSnapshot")
    def create_snapshot(self, call: Call) -> dict[str, Any]:
        instance = self.instance(call, call.params["DBInstanceIdentifier"])
        name = str(call.params["DBSnapshotIdentifier"]).lower()
        self._must_be_new(call, name)
        self.must_be_idle(instance)
        self._within_quota(call)
        result = call.result()
        self._taken(call, instance, result["DBSnapshot"]["DBSnapshotIdentifier"])
        return {"DBSnapshot": self.shown_snapshot(result["DBSnapshot"])}

    def _taken(self, call: Call, instance: Any, name: str) -> None:
        snapshot = self.snapshot(call, name)
        self.held[snapshot.db_snapshot_arn] = self._held_by(instance.db_instance_identifier)
        self._run(snapshot, SNAPSHOT_SECONDS)
        if instance.status in ("available", "storage-optimization"):
            self.busy(instance, "backing-up", SNAPSHOT_SECONDS)
        call.effect("rds.create_db_snapshot", name, of=instance.db_instance_identifier)

    @staticmethod
    def _must_be_new(call: Call, name: str) -> None:
        if name in call.cloud.backend("rds", region=call.region).database_snapshots:
            said = f"Cannot create the snapshot because a snapshot with the identifier {name} already exists."
            raise Fault("DBSnapshotAlreadyExists", said)

    @staticmethod
    def _within_quota(call: Call) -> None:
        snapshots = call.cloud.backend("rds", region=call.region).database_snapshots.values()
        if sum(snapshot.snapshot_type == "manual" for snapshot in snapshots) >= MOST_MANUAL_SNAPSHOTS:
            said = f"Cannot create more than {MOST_MANUAL_SNAPSHOTS} manual snapshots"
            raise Fault("SnapshotQuotaExceeded", said)

    def final_snapshot(self, call: Call, instance: Any, name: str) -> None:
        self._must_be_new(call, name.lower())
        self._within_quota(call)
        rds = call.cloud.backend("rds", region=call.region)
        rds.create_db_snapshot(instance.db_instance_identifier, name.lower())
        self._taken(call, instance, name.lower())

    @on("CopyDBSnapshot")
    def copy_snapshot(self, call: Call) -> dict[str, Any]:
        source = self.snapshot(call, call.params["SourceDBSnapshotIdentifier"])
        self._must_be_available(source)
        self._must_be_new(call, str(call.params["TargetDBSnapshotIdentifier"]).lower())
        self._within_quota(call)
        if source.encrypted and source.region != call.region and not call.params.get("KmsKeyId"):
            said = "The KmsKeyId parameter is required to copy an encrypted snapshot to another Region."
            raise Fault("InvalidParameterCombination", said)
        result = call.result()
        name = result["DBSnapshot"]["DBSnapshotIdentifier"]
        copy = self.snapshot(call, name)
        copy.source_db_snapshot_identifier = result["DBSnapshot"]["SourceDBSnapshotIdentifier"] = source.db_snapshot_arn
        if source.region != call.region:
            copy.source_region = result["DBSnapshot"]["SourceRegion"] = source.region
        self.held[copy.db_snapshot_arn] = self.held.get(source.db_snapshot_arn, Database("")).copied("")
        self._run(copy, COPY_SECONDS)
        call.effect("rds.copy_db_snapshot", name, of=source.db_snapshot_arn, region=call.region)
        return {"DBSnapshot": self.shown_snapshot(result["DBSnapshot"])}

    @staticmethod
    def _must_be_available(snapshot: Any) -> None:
        if snapshot.status != "available":
            name = snapshot.db_snapshot_identifier
            said = f"The snapshot {name} is not in the available state (it is {snapshot.status})."
            raise Fault("InvalidDBSnapshotState", said)

    @on("DeleteDBSnapshot")
    def delete_snapshot(self, call: Call) -> dict[str, Any]:
        snapshot = self.snapshot(call, call.params["DBSnapshotIdentifier"])
        if snapshot.snapshot_type != "manual":
            raise Fault("InvalidDBSnapshotState", "Only manual snapshots may be deleted.")
        if snapshot.status not in ("available", "failed"):
            self._must_be_available(snapshot)
        result = call.result()
        self.held.pop(snapshot.db_snapshot_arn, None)
        call.effect("rds.delete_db_snapshot", snapshot.db_snapshot_identifier)
        return {"DBSnapshot": {**result["DBSnapshot"], "Status": "deleted", "PercentProgress": 100}}

    @on("RestoreDBInstanceFromDBSnapshot")
    def restore(self, call: Call) -> dict[str, Any]:
        snapshot = self.snapshot(call, call.params["DBSnapshotIdentifier"])
        self._must_be_available(snapshot)
        held = self.held.get(snapshot.db_snapshot_arn, Database(""))
        return self.begin_restored(call, held, "rds.restore_from_snapshot", of=snapshot.db_snapshot_identifier)
