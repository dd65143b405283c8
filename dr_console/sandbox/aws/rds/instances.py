"""RDS's instances: created, changed, renamed, restored and deleted over minutes.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import Call, Cloud, Service, on
from dr_console.sandbox.aws.rds.history import History
from dr_console.sandbox.stores import DATABASE, Database

CREATE_SECONDS = 420.0
MODIFY_SECONDS = 60.0
RENAME_SECONDS = 60.0
DELETE_SECONDS = 180.0
# What the transaction log is sent to S3 in.
LOG_SECONDS = 300
MOST_MANUAL_SNAPSHOTS = 100
VERSIONS = (("postgres", "16.4", "postgres16"), ("postgres", "17.2", "postgres17"), ("mysql", "8.0.40", "mysql8.0"))
IDLE = ("available", "storage-optimization")
NOT_WHILE_BUSY = (
    "RebootDBInstance", "StopDBInstance", "CreateDBInstanceReadReplica", "AddRoleToDBInstance",
)  # fmt: skip


class RdsInstances(Service):
    """State that moto has no place for, and what is asked of instances. Snapshots are its child's."""

    name = "rds"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.history = History(cloud.world)

    def seed(self) -> None:
        """The customer's instance, with the subnet group, parameter group and security group it stands on."""
        ec2 = self.cloud.backend("ec2")
        subnets = list(ec2.get_default_subnets().values()) if hasattr(ec2, "get_default_subnets") else []
        subnets = subnets or [subnet for zone in ec2.subnets.values() for subnet in zone.values()]
        rds = self.cloud.backend("rds")
        rds.create_subnet_group("gemini-subnets", "Subnets of the toolbox", subnets, [])
        rds.create_db_parameter_group(
            {
                "db_parameter_group_name": "gemini-postgres16",
                "db_parameter_group_family": "postgres16",
                "description": "Parameters of the toolbox",
                "tags": [],
            }
        )
        group = ec2.create_security_group("gemini-db", "Who may reach the database", ec2.default_vpc.id)
        instance = rds.create_db_instance(
            {
                "db_instance_identifier": DATABASE,
                "db_instance_class": "db.t4g.medium",
                "engine": "postgres",
                "engine_version": "16.4",
                "allocated_storage": 20,
                "backup_retention_period": 7,
                "db_name": "gemini",
                "master_username": "gemini",
                "master_user_password": "sandbox-password",
                "multi_az": True,
                "storage_type": "gp3",
                "preferred_backup_window": "03:00-03:30",
                "db_subnet_group_name": "gemini-subnets",
                "db_parameter_group_name": "gemini-postgres16",
                "vpc_security_group_ids": [group.id],
                "tags": [{"Key": "project", "Value": "gemini-toolbox"}],
            }
        )
        instance.created = instance.instance_create_time = instance.created - timedelta(days=200)
        rds.database_snapshots.clear()

    def instance(self, call: Call, id: str) -> Any:
        found = call.cloud.backend("rds", region=call.region).databases.get(id)
        if found is None:
            raise Fault("DBInstanceNotFound", f"DBInstance {id.lower()} not found.", 404)
        return found

    @staticmethod
    def must_be_idle(instance: Any) -> None:
        if instance.status not in IDLE:
            said = f"Instance {instance.db_instance_identifier} is not in available state (it is {instance.status})."
            raise Fault("InvalidDBInstanceState", said)

    def busy(self, instance: Any, status: str, seconds: float, then: Callable[[], None] | None = None) -> None:
        """Let the instance be in this state for so long, and do `then` at its end."""
        instance.status = status

        def done() -> None:
            if instance.status == status:
                instance.status = "available"
            if then:
                then()

        self.cloud.later(seconds, done)

    def shown(self, shape: dict[str, Any]) -> dict[str, Any]:
        """A DBInstance as AWS shows it: no endpoint before there is one, and how far the log can be replayed."""
        shape.pop("LatestRestorableTime", None)
        if shape["DBInstanceStatus"] in ("creating", "failed"):
            shape.pop("Endpoint", None)
        elif shape.get("BackupRetentionPeriod"):
            shape["LatestRestorableTime"] = self.latest_restorable()
        return shape

    def latest_restorable(self) -> datetime:
        at = self.world.clock.now() - 30
        return datetime.fromtimestamp(at - at % LOG_SECONDS, UTC)

    @on("DescribeDBInstances")
    def describe_instances(self, call: Call) -> dict[str, Any]:
        result = call.result()
        for shape in result["DBInstances"]:
            self.shown(shape)
        return result

    @on("DescribeDBInstanceAutomatedBackups")
    def describe_backups(self, call: Call) -> dict[str, Any]:
        result = call.result()
        for shape in result.get("DBInstanceAutomatedBackups", []):
            latest = self.latest_restorable()
            days = timedelta(days=shape.get("BackupRetentionPeriod") or 7)
            shape["RestoreWindow"] = {"EarliestTime": latest - days, "LatestTime": latest}
        return result

    @on("DescribeAccountAttributes")
    def describe_quotas(self, call: Call) -> dict[str, Any]:
        rds = self.cloud.backend("rds", region=call.region)
        manual = sum(snapshot.snapshot_type == "manual" for snapshot in rds.database_snapshots.values())
        rows = (
            ("DBInstances", len(rds.databases), 40),
            ("ManualSnapshots", manual, MOST_MANUAL_SNAPSHOTS),
            ("DBParameterGroups", len(rds.db_parameter_groups), 50),
            ("DBSubnetGroups", len(rds.subnet_groups), 50),
            ("AllocatedStorage", sum(int(each.allocated_storage) for each in rds.databases.values()), 100_000),
        )
        return {"AccountQuotas": [{"AccountQuotaName": name, "Used": used, "Max": most} for name, used, most in rows]}

    @on("DescribePendingMaintenanceActions")
    def describe_maintenance(self, call: Call) -> dict[str, Any]:
        return {"PendingMaintenanceActions": []}

    @on("DescribeDBEngineVersions")
    def describe_versions(self, call: Call) -> dict[str, Any]:
        shown = [
            {"Engine": engine, "EngineVersion": version, "DBParameterGroupFamily": family, "Status": "available"}
            for engine, version, family in VERSIONS
            if call.params.get("Engine", engine) == engine and call.params.get("EngineVersion", version) == version
        ]
        return {"DBEngineVersions": shown}

    @on("CreateDBInstance")
    def create_instance(self, call: Call) -> dict[str, Any]:
        result = call.result()
        return self._begins(call, result, Database(""), "rds.create_db_instance")

    def _begins(self, call: Call, result: dict[str, Any], held: Database, effect: str, **detail: Any) -> dict[str, Any]:
        """A new instance is there in some minutes, with what it was restored from."""
        name = result["DBInstance"]["DBInstanceIdentifier"]
        instance = self.instance(call, name)
        store = held.copied(name)
        store.available = False
        self.world.stores.databases[name] = store

        def there() -> None:
            store.available = True

        self.busy(instance, "creating", CREATE_SECONDS, there)
        call.effect(effect, name, **detail)
        result["DBInstance"]["DBInstanceStatus"] = "creating"
        self.shown(result["DBInstance"])
        return result

    def begin_restored(self, call: Call, held: Database, effect: str, **detail: Any) -> dict[str, Any]:
        """What is not said is the default at AWS, not what the source had: subnets, security, parameters, zones."""
        instance, params = self.instance(call, call.result()["DBInstance"]["DBInstanceIdentifier"]), call.params
        if "MultiAZ" not in params:
            instance.multi_az = False
        if "DBParameterGroupName" not in params:
            instance.db_parameter_group_name = None
        if "VpcSecurityGroupIds" not in params:
            ec2 = call.cloud.backend("ec2", region=call.region)
            instance.vpc_security_group_ids = [ec2.get_default_security_group(ec2.default_vpc.id).id]
        if "DBSubnetGroupName" not in params:
            instance._db_subnet_group_name = instance.db_subnet_group = None
        instance.created = instance.instance_create_time = call.now().replace(tzinfo=None)
        return self._begins(call, {"DBInstance": self.shape_of(call, instance)}, held, effect, **detail)

    @on("RestoreDBInstanceToPointInTime")
    def restore_to_time(self, call: Call) -> dict[str, Any]:
        params = call.params
        source = self.instance(call, str(params.get("SourceDBInstanceIdentifier", "")).rpartition(":")[2])
        if bool(params.get("UseLatestRestorableTime")) == bool(params.get("RestoreTime")):
            said = "Exactly one of RestoreTime and UseLatestRestorableTime must be specified."
            raise Fault("InvalidParameterCombination", said)
        if not source.backup_retention_period:
            said = f"Point in time restore is not enabled for {source.db_instance_identifier}."
            raise Fault("PointInTimeRestoreNotEnabled", said)
        latest = self.latest_restorable()
        to = params["RestoreTime"].replace(tzinfo=UTC) if params.get("RestoreTime") else latest
        if not latest - timedelta(days=int(source.backup_retention_period)) <= to <= latest:
            said = f"The specified instance cannot be restored to {to.isoformat()}: the latest is {latest.isoformat()}."
            raise Fault("InvalidRestoreFault", said)
        then = self.history.at(source.db_instance_identifier, to.timestamp())
        return self.begin_restored(call, then, "rds.restore_to_point_in_time", to=to.isoformat())

    @on("ModifyDBInstance")
    def modify_instance(self, call: Call) -> dict[str, Any]:
        params = call.params
        instance = self.instance(call, params["DBInstanceIdentifier"])
        self.must_be_idle(instance)
        new_name = str(params.get("NewDBInstanceIdentifier", "")).lower()
        if not new_name or new_name == instance.db_instance_identifier:
            result = call.result()
            self.busy(instance, "modifying", MODIFY_SECONDS)
            call.effect("rds.modify_db_instance", instance.db_instance_identifier)
            return result
        if new_name in call.cloud.backend("rds", region=call.region).databases:
            raise Fault("DBInstanceAlreadyExists", f"DB Instance {new_name} already exists")
        shape = self.shape_of(call, instance)
        if params.get("ApplyImmediately"):
            self._rename(call, instance, new_name)
        return {"DBInstance": {**shape, "PendingModifiedValues": {"DBInstanceIdentifier": new_name}}}

    def _rename(self, call: Call, instance: Any, new_name: str) -> None:
        old_name, region = instance.db_instance_identifier, call.region
        stores = self.world.stores.databases
        if old_name in stores:
            stores[old_name].available = False

        def done() -> None:
            rds = self.cloud.backend("rds", region=region)
            if rds.databases.get(old_name) is not instance or new_name in rds.databases:
                return
            rds.databases[new_name] = rds.databases.pop(old_name)
            instance.db_instance_identifier = new_name
            if old_name in stores:
                stores[new_name] = stores.pop(old_name)
                stores[new_name].name, stores[new_name].available = new_name, True

        self.busy(instance, "renaming", RENAME_SECONDS, done)
        call.effect("rds.rename_db_instance", old_name, to=new_name)

    @on("DeleteDBInstance")
    def delete_instance(self, call: Call) -> dict[str, Any]:
        params = call.params
        instance = self.instance(call, params["DBInstanceIdentifier"])
        if instance.status in ("creating", "deleting"):
            said = (
                f"Instance {instance.db_instance_identifier} is already being {instance.status.replace('ing', 'ed')}."
            )
            raise Fault("InvalidDBInstanceState", said)
        if instance.deletion_protection:
            said = "Cannot delete protected DB Instance, please disable deletion protection and try again."
            raise Fault("InvalidParameterCombination", said)
        final = params.get("FinalDBSnapshotIdentifier")
        if bool(final) == bool(params.get("SkipFinalSnapshot")):
            said = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, and excluded by it."
            raise Fault("InvalidParameterCombination", said)
        if final:
            self.final_snapshot(call, instance, final)
        self._go(call, instance)
        return {"DBInstance": self.shape_of(call, instance)}

    def _go(self, call: Call, instance: Any) -> None:
        name, region = instance.db_instance_identifier, call.region
        instance.status = "deleting"
        if name in self.world.stores.databases:
            self.world.stores.databases[name].available = False
        call.effect("rds.delete_db_instance", name)

        def gone() -> None:
            rds = self.cloud.backend("rds", region=region)
            if rds.databases.get(name) is instance:
                rds.delete_db_instance(name, skip_final_snapshot=True)
                self.world.stores.databases.pop(name, None)

        self.cloud.later(DELETE_SECONDS, gone)

    def final_snapshot(self, call: Call, instance: Any, name: str) -> None:
        raise NotImplementedError

    @on(*NOT_WHILE_BUSY)
    def only_when_idle(self, call: Call) -> dict[str, Any]:
        for name in ("DBInstanceIdentifier", "SourceDBInstanceIdentifier"):
            if name in call.params and ":" not in call.params[name] and "ReadReplica" not in call.asked.operation:
                self.must_be_idle(self.instance(call, call.params[name]))
        result = call.result()
        if call.asked.operation == "RebootDBInstance":
            self.busy(self.instance(call, call.params["DBInstanceIdentifier"]), "rebooting", MODIFY_SECONDS)
        call.effect(f"rds.{call.asked.operation}", call.params.get("DBInstanceIdentifier", ""))
        return result

    def shape_of(self, call: Call, instance: Any) -> dict[str, Any]:
        """moto's object as boto3 would read it, for answers that moto would give too early."""
        described = call.instead("DescribeDBInstances", DBInstanceIdentifier=instance.db_instance_identifier)
        return self.shown(described["DBInstances"][0])
