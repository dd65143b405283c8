"""What a region's ElastiCache holds, and how the API shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dr_console.sandbox.stores import Cache

ACCOUNT = "123456789012"
SPEC: dict[str, Any] = {
    "CacheNodeType": "cache.t4g.medium",
    "Engine": "redis",
    "EngineVersion": "7.1.0",
    "CacheParameterGroupName": "default.redis7",
    "CacheSubnetGroupName": "gemini-subnets",
    "SecurityGroupIds": ["sg-0a1b2c3d4e5f60718"],
    "Port": 6379,
    "SnapshotRetentionLimit": 0,
    "SnapshotWindow": "03:00-04:00",
    "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
    "AutoMinorVersionUpgrade": True,
    "TransitEncryptionEnabled": False,
    "AtRestEncryptionEnabled": True,
}
VPC = "vpc-0a1b2c3d4e5f60718"
ZONES = "abc"


@dataclass
class Node:
    """A cache cluster of one node, alone or a member of a group."""

    id: str
    region: str
    created: datetime
    spec: dict[str, Any]
    number: int = 1
    group: str = ""
    status: str = "creating"

    @property
    def zone(self) -> str:
        return self.region + ZONES[(self.number - 1) % len(ZONES)]

    @property
    def endpoint(self) -> dict[str, Any]:
        return {
            "Address": f"{self.id}.{_letters(self.region)}.0001.{_short(self.region)}.cache.amazonaws.com",
            "Port": self.spec["Port"],
        }

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticache:{self.region}:{ACCOUNT}:cluster:{self.id}"

    def shown(self, *, with_nodes: bool) -> dict[str, Any]:
        """A CacheCluster. Nodes are in it only where they were asked for, and have an endpoint once they are up."""
        spec = self.spec
        ready = self.status not in ("creating", "create-failed")
        shown = {
            **{name: spec[name] for name in SHOWN_OF_NODE if spec.get(name) is not None},
            "CacheClusterId": self.id,
            "ClientDownloadLandingPage": f"https://console.aws.amazon.com/elasticache/home?region={self.region}#client-download:",
            "CacheClusterStatus": self.status,
            "NumCacheNodes": 1,
            "PreferredAvailabilityZone": self.zone,
            "CacheClusterCreateTime": self.created,
            "CacheSecurityGroups": [],
            "SecurityGroups": [{"SecurityGroupId": id, "Status": "active"} for id in spec["SecurityGroupIds"]],
            "CacheParameterGroup": {
                "CacheParameterGroupName": spec["CacheParameterGroupName"],
                "ParameterApplyStatus": "in-sync",
                "CacheNodeIdsToReboot": [],
            },
            "PendingModifiedValues": {},
            "ReplicationGroupLogDeliveryEnabled": False,
            "LogDeliveryConfigurations": [],
            "AuthTokenEnabled": False,
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
            "ARN": self.arn,
        }
        if self.group:
            shown["ReplicationGroupId"] = self.group
        if with_nodes:
            node = {
                "CacheNodeId": "0001",
                "CacheNodeStatus": self.status,
                "CacheNodeCreateTime": self.created,
                "ParameterGroupStatus": "in-sync",
                "CustomerAvailabilityZone": self.zone,
            }
            shown["CacheNodes"] = [{**node, "Endpoint": self.endpoint} if ready else node]
        return shown


SHOWN_OF_NODE = (
    "CacheNodeType", "Engine", "EngineVersion", "PreferredMaintenanceWindow", "CacheSubnetGroupName",
    "AutoMinorVersionUpgrade", "SnapshotRetentionLimit", "SnapshotWindow", "TransitEncryptionEnabled",
    "AtRestEncryptionEnabled",
)  # fmt: skip
SHOWN_OF_GROUP = (
    "CacheNodeType", "Engine", "SnapshotRetentionLimit", "SnapshotWindow", "TransitEncryptionEnabled",
    "AtRestEncryptionEnabled", "AutoMinorVersionUpgrade", "KmsKeyId",
)  # fmt: skip


@dataclass
class Group:
    """A replication group. `shards`: the ids of each shard's nodes, the primary first; cluster mode has several."""

    id: str
    region: str
    description: str
    created: datetime
    spec: dict[str, Any]
    shards: list[list[str]]
    cluster_mode: bool = False
    failover: bool = True
    multi_zone: bool = True
    status: str = "creating"
    snapshotting: str = ""

    @property
    def members(self) -> list[str]:
        return [id for shard in self.shards for id in shard]

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticache:{self.region}:{ACCOUNT}:replicationgroup:{self.id}"

    def address(self, role: str) -> dict[str, Any]:
        middle = f"{_letters(self.region)}.{role}.0001." if role != "clustercfg" else f"{_letters(self.region)}."
        name = f"{self.id}-ro" if role == "ro" else f"clustercfg.{self.id}" if role == "clustercfg" else self.id
        middle = middle.replace("ro.0001", "ng.0001")
        return {"Address": f"{name}.{middle}{_short(self.region)}.cache.amazonaws.com", "Port": self.spec["Port"]}

    def shown(self, nodes: dict[str, Node]) -> dict[str, Any]:
        """A ReplicationGroup. Its endpoints come into being with it."""
        ready = self.status not in ("creating", "create-failed")
        shown = {
            **{name: self.spec[name] for name in SHOWN_OF_GROUP if self.spec.get(name) is not None},
            "ReplicationGroupId": self.id,
            "Description": self.description,
            "GlobalReplicationGroupInfo": {},
            "Status": self.status,
            "PendingModifiedValues": {},
            "MemberClusters": self.members,
            "AutomaticFailover": "enabled" if self.failover else "disabled",
            "MultiAZ": "enabled" if self.multi_zone else "disabled",
            "ClusterEnabled": self.cluster_mode,
            "ClusterMode": "enabled" if self.cluster_mode else "disabled",
            "ReplicationGroupCreateTime": self.created,
            "AuthTokenEnabled": False,
            "DataTiering": "disabled",
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
            "LogDeliveryConfigurations": [],
            "MemberClustersOutpostArns": [],
            "UserGroupIds": [],
            "ARN": self.arn,
        }
        if self.snapshotting:
            shown["SnapshottingClusterId"] = self.snapshotting
        if ready:
            shown["NodeGroups"] = [self._shard(number, ids, nodes) for number, ids in enumerate(self.shards, 1)]
            if self.cluster_mode:
                shown["ConfigurationEndpoint"] = self.address("clustercfg")
        return shown

    def _shard(self, number: int, ids: list[str], nodes: dict[str, Node]) -> dict[str, Any]:
        members = []
        for place, id in enumerate(ids):
            node = nodes[id]
            member: dict[str, Any] = {
                "CacheClusterId": id,
                "CacheNodeId": "0001",
                "PreferredAvailabilityZone": node.zone,
            }
            if not self.cluster_mode:
                member |= {"ReadEndpoint": node.endpoint, "CurrentRole": "replica" if place else "primary"}
            members.append(member)
        shown: dict[str, Any] = {
            "NodeGroupId": f"{number:04}",
            "Status": "available" if self.status != "modifying" else "modifying",
            "NodeGroupMembers": members,
        }
        if self.cluster_mode:
            return {**shown, "Slots": _slots(number, len(self.shards))}
        return {**shown, "PrimaryEndpoint": self.address("ng"), "ReaderEndpoint": self.address("ro")}


@dataclass
class Snapshot:
    """`shape`: all that the API shows of it but its state. `held`: the data it was taken of."""

    shape: dict[str, Any]
    held: Cache
    taken_of: tuple[str, ...]
    taken_at: float
    manual: bool = True
    status: str = "creating"

    def shown(self) -> dict[str, Any]:
        return {**self.shape, "SnapshotStatus": self.status}


@dataclass
class Region:
    """`taken`: node and time of each manual snapshot ever taken, as deleting one does not give the quota back."""

    name: str
    groups: dict[str, Group] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    taken: list[tuple[str, float]] = field(default_factory=list)


def _short(region: str) -> str:
    """eu-central-1 → euc1, as in the names of endpoints."""
    parts = region.split("-")
    return parts[0] + "".join(part[0] for part in parts[1:-1]) + parts[-1]


def _letters(region: str) -> str:
    """The six letters of an account in the names of endpoints."""
    return f"{sum(map(ord, region)) * 7919 % 36**6:06x}"[:6]


def _slots(number: int, of: int) -> str:
    return f"{16384 * (number - 1) // of}-{16384 * number // of - 1}"
