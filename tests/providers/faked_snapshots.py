"""RDS and ElastiCache by hand: snapshots and instances that are ready when they are looked at for the second time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.timezone import now

from tests.providers.faked_aws import NOW, FakedAws, Refusal

Params = dict[str, Any]


class FakedRds:
    """One instance, gemini-db."""

    def __init__(self) -> None:
        self.snapshots: dict[str, Params] = {}
        self.instances: dict[str, Params] = {"gemini-db": self._instance("gemini-db", "available")}
        three = NOW.replace(hour=3, minute=4)
        self.add_snapshot("rds:gemini-db-2026-11-22-03-04", three, SnapshotType="automated", Status="available")

    def fake(self) -> FakedAws:
        return FakedAws(
            {
                "rds.CreateDBSnapshot": self.create,
                "rds.DescribeDBSnapshots": self.describe,
                "rds.CopyDBSnapshot": self.copy,
                "rds.DeleteDBSnapshot": self.delete,
                "rds.DescribeAccountAttributes": {
                    "AccountQuotas": [
                        {"AccountQuotaName": "DBInstances", "Used": 1, "Max": 40},
                        {"AccountQuotaName": "ManualSnapshots", "Used": len(self.snapshots) - 1, "Max": 100},
                    ]
                },
                "rds.DescribeDBInstances": self.describe_instances,
                "rds.RestoreDBInstanceFromDBSnapshot": self.restore,
                "rds.RestoreDBInstanceToPointInTime": self.restore,
                "rds.ModifyDBInstance": self.rename,
                "rds.DeleteDBInstance": self.delete_instance,
            }
        )

    def add_snapshot(self, name: str, at: datetime = NOW, **more: Any) -> Params:
        self.snapshots[name] = {
            "DBSnapshotIdentifier": name,
            "DBSnapshotArn": f"arn:aws:rds:eu-central-1:123456789012:snapshot:{name}",
            "DBInstanceIdentifier": "gemini-db",
            "Engine": "postgres",
            "Status": "creating",
            "SnapshotType": "manual",
            "PercentProgress": 0,
            "SnapshotCreateTime": at,
            "OriginalSnapshotCreateTime": at,
            **more,
        }
        return self.snapshots[name]

    @staticmethod
    def _instance(name: str, status: str, **more: Any) -> Params:
        instance: Params = {
            "DBInstanceIdentifier": name,
            "DBInstanceStatus": status,
            "DBInstanceClass": "db.t4g.medium",
            "Engine": "postgres",
            "MultiAZ": True,
            "LatestRestorableTime": NOW,
            "DBSubnetGroup": {"DBSubnetGroupName": "gemini-subnets"},
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}],
            "DBParameterGroups": [{"DBParameterGroupName": "gemini-postgres16", "ParameterApplyStatus": "in-sync"}],
            **more,
        }
        if status == "available":
            instance["Endpoint"] = {"Address": f"{name}.abc.eu-central-1.rds.amazonaws.com", "Port": 5432}
        return instance

    def create(self, params: Params) -> Params:
        name = params["DBSnapshotIdentifier"].lower()
        if name in self.snapshots:
            raise Refusal("DBSnapshotAlreadyExists", f"{name} already exists.")
        if params["DBInstanceIdentifier"] not in self.instances:
            raise Refusal("DBInstanceNotFound", "DBInstance not found.", 404)
        return {"DBSnapshot": dict(self.add_snapshot(name, DBInstanceIdentifier=params["DBInstanceIdentifier"]))}

    def describe(self, params: Params) -> Params:
        name = params.get("DBSnapshotIdentifier", "").lower()
        if name and name not in self.snapshots:
            raise Refusal("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)
        shown = [dict(each) for key, each in self.snapshots.items() if not name or key == name]
        for each in self.snapshots.values():
            if each["Status"] == "creating":
                each.update(Status="available", PercentProgress=100)
        return {"DBSnapshots": shown}

    def copy(self, params: Params) -> Params:
        source = params["SourceDBSnapshotIdentifier"].rpartition(":")[2]
        target = params["TargetDBSnapshotIdentifier"]
        if target in self.snapshots:
            raise Refusal("DBSnapshotAlreadyExists", f"{target} already exists.")
        arn = self.snapshots[source]["DBSnapshotArn"]
        at = self.snapshots[source]["OriginalSnapshotCreateTime"]
        return {"DBSnapshot": dict(self.add_snapshot(target, at, SourceDBSnapshotIdentifier=arn))}

    def delete(self, params: Params) -> Params:
        if params["DBSnapshotIdentifier"] not in self.snapshots:
            raise Refusal("DBSnapshotNotFound", "not found", 404)
        return {"DBSnapshot": {**self.snapshots.pop(params["DBSnapshotIdentifier"]), "Status": "deleted"}}

    def describe_instances(self, params: Params) -> Params:
        name = params["DBInstanceIdentifier"]
        if name not in self.instances:
            raise Refusal("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
        shown = dict(self.instances[name])
        if shown["DBInstanceStatus"] in ("creating", "renaming"):
            self.instances[name] = {**shown, **self._instance(name, "available", TagList=shown.get("TagList", []))}
        return {"DBInstances": [shown]}

    def restore(self, params: Params) -> Params:
        name = params.get("TargetDBInstanceIdentifier") or params["DBInstanceIdentifier"]
        if name in self.instances:
            raise Refusal("DBInstanceAlreadyExists", "DB Instance already exists")
        self.instances[name] = self._instance(name, "creating", TagList=params["Tags"])
        return {"DBInstance": dict(self.instances[name])}

    def rename(self, params: Params) -> Params:
        old, new = params["DBInstanceIdentifier"], params["NewDBInstanceIdentifier"]
        if new in self.instances:
            raise Refusal("DBInstanceAlreadyExists", "DB Instance already exists")
        shown = dict(self.instances.pop(old))
        self.instances[new] = self._instance(new, "available")
        return {"DBInstance": {**shown, "PendingModifiedValues": {"DBInstanceIdentifier": new}}}

    def delete_instance(self, params: Params) -> Params:
        if params["DBInstanceIdentifier"] not in self.instances:
            raise Refusal("DBInstanceNotFound", "not found", 404)
        return {"DBInstance": {**self.instances.pop(params["DBInstanceIdentifier"]), "DBInstanceStatus": "deleting"}}


class FakedElastiCache:
    """One group of two nodes, gemini-cache. `cluster_mode`: of a group that is partitioned."""

    def __init__(self, *, cluster_mode: bool = False) -> None:
        self.snapshots: dict[str, Params] = {}
        self.cluster_mode = cluster_mode
        self.groups: dict[str, Params] = {"gemini-cache": self._group("gemini-cache", "available")}
        self.add_snapshot("automatic.gemini-cache-002-2026-11-22-03-00", SnapshotSource="automated")

    def fake(self) -> FakedAws:
        return FakedAws(
            {
                "elasticache.CreateSnapshot": self.create,
                "elasticache.DescribeSnapshots": self.describe,
                "elasticache.CopySnapshot": self.copy,
                "elasticache.DeleteSnapshot": self.delete,
                "elasticache.DescribeReplicationGroups": self.describe_groups,
                "elasticache.DescribeCacheClusters": self.describe_nodes,
                "elasticache.CreateReplicationGroup": self.restore,
                "elasticache.DeleteReplicationGroup": self.delete_group,
            }
        )

    def add_snapshot(
        self, name: str, node: str = "gemini-cache-002", at: datetime | None = None, **more: Any
    ) -> Params:
        self.snapshots[name] = {
            "SnapshotName": name,
            "SnapshotStatus": "available" if more else "creating",
            "SnapshotSource": "manual",
            "CacheClusterId": node,
            "Engine": "redis",
            "ARN": f"arn:aws:elasticache:eu-central-1:123456789012:snapshot:{name}",
            "NodeSnapshots": [{"CacheClusterId": node, "CacheNodeId": "0001", "SnapshotCreateTime": at or now()}],
            **more,
        }
        return self.snapshots[name]

    def _group(self, name: str, status: str, description: str = "Cache") -> Params:
        nodes = [f"{name}-001", f"{name}-002"]
        group: Params = {
            "ReplicationGroupId": name,
            "Status": status,
            "Description": description,
            "CacheNodeType": "cache.t4g.medium",
            "ClusterEnabled": self.cluster_mode,
            "MemberClusters": nodes,
        }
        if status == "available":
            members = [
                {"CacheClusterId": node, "CurrentRole": role}
                for node, role in zip(nodes, ("primary", "replica"), strict=True)
            ]
            endpoint = {"Address": f"{name}.abc.ng.0001.euc1.cache.amazonaws.com", "Port": 6379}
            group["NodeGroups"] = [{"NodeGroupId": "0001", "PrimaryEndpoint": endpoint, "NodeGroupMembers": members}]
        return group

    def create(self, params: Params) -> Params:
        name = params["SnapshotName"].lower()
        if name in self.snapshots:
            raise Refusal("SnapshotAlreadyExistsFault", f"{name} already exists")
        made = self.add_snapshot(name, params.get("CacheClusterId", "gemini-cache-001"))
        return {"Snapshot": dict(made)}

    def describe(self, params: Params) -> Params:
        name = params.get("SnapshotName", "").lower()
        if name and name not in self.snapshots:
            raise Refusal("SnapshotNotFoundFault", f"{name} is either not present or not available.", 404)
        shown = [dict(each) for key, each in self.snapshots.items() if not name or key == name]
        for each in self.snapshots.values():
            if name and each["SnapshotStatus"] == "creating":
                each["SnapshotStatus"] = "available"
        return {"Snapshots": shown}

    def copy(self, params: Params) -> Params:
        source, target = self.snapshots[params["SourceSnapshotName"]], params["TargetSnapshotName"]
        if "TargetBucket" in params:
            return {"Snapshot": {**source, "SnapshotStatus": "exporting"}}
        if target in self.snapshots:
            raise Refusal("SnapshotAlreadyExistsFault", f"{target} already exists")
        return {"Snapshot": dict(self.add_snapshot(target, NodeSnapshots=source["NodeSnapshots"]))}

    def delete(self, params: Params) -> Params:
        if params["SnapshotName"] not in self.snapshots:
            raise Refusal("SnapshotNotFoundFault", "not present", 404)
        return {"Snapshot": {**self.snapshots.pop(params["SnapshotName"]), "SnapshotStatus": "deleting"}}

    def describe_groups(self, params: Params) -> Params:
        name = params["ReplicationGroupId"]
        if name not in self.groups:
            raise Refusal("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.", 404)
        shown = dict(self.groups[name])
        if shown["Status"] == "creating":
            self.groups[name] = self._group(name, "available", shown["Description"])
        return {"ReplicationGroups": [shown]}

    def describe_nodes(self, params: Params) -> Params:
        node = {
            "CacheClusterId": params["CacheClusterId"],
            "CacheSubnetGroupName": "gemini-subnets",
            "SecurityGroups": [{"SecurityGroupId": "sg-1", "Status": "active"}],
            "CacheParameterGroup": {"CacheParameterGroupName": "default.redis7"},
        }
        return {"CacheClusters": [node]}

    def restore(self, params: Params) -> Params:
        name = params["ReplicationGroupId"]
        if name in self.groups:
            raise Refusal("ReplicationGroupAlreadyExists", f"{name} already exists.")
        self.groups[name] = self._group(name, "creating", params["ReplicationGroupDescription"])
        return {"ReplicationGroup": dict(self.groups[name])}

    def delete_group(self, params: Params) -> Params:
        if params["ReplicationGroupId"] not in self.groups:
            raise Refusal("ReplicationGroupNotFoundFault", "not found", 404)
        return {"ReplicationGroup": {**self.groups.pop(params["ReplicationGroupId"]), "Status": "deleting"}}
