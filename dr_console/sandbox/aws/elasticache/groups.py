"""ElastiCache's operations on groups and nodes.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import REGION, Call, Cloud, Service, on
from dr_console.sandbox.aws.elasticache.state import SPEC, Group, Node, Region
from dr_console.sandbox.aws.pages import page
from dr_console.sandbox.stores import CACHE, Cache

CREATE_SECONDS = 300.0
MODIFY_SECONDS = 60.0
DELETE_SECONDS = 120.0


class ElastiCacheGroups(Service):
    """State of every region, and what is asked of groups and nodes. Snapshots are its child's."""

    name = "elasticache"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.regions: dict[str, Region] = {}
        region = self.region(REGION)
        created = self.world.clock.moment() - timedelta(days=200)
        spec = {**SPEC, "SnapshotRetentionLimit": 7}
        group = Group(CACHE, REGION, "Cache of the toolbox", created, spec, [[f"{CACHE}-001", f"{CACHE}-002"]])
        group.snapshotting = f"{CACHE}-002"
        self._admit(region, group)
        self._status(region, group, "available")

    def region(self, name: str) -> Region:
        return self.regions.setdefault(name, Region(name))

    def group(self, call: Call, id: str) -> Group:
        found = self.region(call.region).groups.get(id.lower())
        if not found:
            raise Fault("ReplicationGroupNotFoundFault", f"ReplicationGroup {id} not found.", 404)
        return found

    def node(self, call: Call, id: str) -> Node:
        found = self.region(call.region).nodes.get(id.lower())
        if not found:
            raise Fault("CacheClusterNotFound", f"CacheCluster not found: {id}", 404)
        return found

    def restored(self, call: Call, params: dict[str, Any]) -> Cache | None:
        """The data a new group begins with; None if it is to be empty. Snapshots are the child's business."""
        raise NotImplementedError

    @on("DescribeReplicationGroups")
    def describe_groups(self, call: Call) -> dict[str, Any]:
        region = self.region(call.region)
        wanted = call.params.get("ReplicationGroupId")
        found = [self.group(call, wanted)] if wanted else list(region.groups.values())
        part, marker = page(found, call.params, least=20, most=100, key=lambda group: group.id)
        return {"Marker": marker, "ReplicationGroups": [group.shown(region.nodes) for group in part]}

    @on("DescribeCacheClusters")
    def describe_nodes(self, call: Call) -> dict[str, Any]:
        wanted = call.params.get("CacheClusterId")
        found = [self.node(call, wanted)] if wanted else list(self.region(call.region).nodes.values())
        if call.params.get("ShowCacheClustersNotInReplicationGroups"):
            found = [node for node in found if not node.group]
        part, marker = page(found, call.params, least=20, most=100, key=lambda node: node.id)
        with_nodes = bool(call.params.get("ShowCacheNodeInfo"))
        return {"Marker": marker, "CacheClusters": [node.shown(with_nodes=with_nodes) for node in part]}

    @on("CreateReplicationGroup")
    def create_group(self, call: Call) -> dict[str, Any]:
        params, region = call.params, self.region(call.region)
        id = _identifier(params, "ReplicationGroupId", 40)
        if id in region.groups:
            said = f"Replication group {id} already exists."
            raise Fault("ReplicationGroupAlreadyExists", said)
        held = self.restored(call, params)
        group = Group(
            id,
            call.region,
            params.get("ReplicationGroupDescription", " "),
            call.now().replace(microsecond=0),
            {**SPEC, "Engine": "redis", **{name: params[name] for name in SPEC if params.get(name) is not None}},
            _shards(id, params),
            cluster_mode=_is_cluster_mode(params),
            failover=bool(params.get("AutomaticFailoverEnabled")),
            multi_zone=bool(params.get("MultiAZEnabled")),
        )
        if group.failover and any(len(shard) < 2 for shard in group.shards) and not group.cluster_mode:
            said = "Automatic failover requires at least one read replica: NumCacheClusters must be 2 or more."
            raise Fault("InvalidParameterCombination", said)
        self._admit(region, group)
        self.world.stores.caches[id] = Cache(id, dict(held.values) if held else {}, available=False)
        call.effect("elasticache.create_replication_group", id, snapshot=params.get("SnapshotName", ""))
        self.cloud.later(
            CREATE_SECONDS, lambda: self._is_there(region, group, held is None or not held.values.get("\0"))
        )
        return {"ReplicationGroup": group.shown(region.nodes)}

    def _is_there(self, region: Region, group: Group, is_good: bool) -> None:
        if region.groups.get(group.id) is not group:
            return
        if not is_good:
            self._status(region, group, "create-failed")
            return
        group.snapshotting = (
            group.members[-1] if group.spec["SnapshotRetentionLimit"] and not group.cluster_mode else ""
        )
        self._status(region, group, "available")
        self.world.stores.caches[group.id].available = True

    @on("ModifyReplicationGroup")
    def modify_group(self, call: Call) -> dict[str, Any]:
        params, region = call.params, self.region(call.region)
        group = self.group(call, params["ReplicationGroupId"])
        self.must_be_available(group)
        group.spec |= {name: params[name] for name in SPEC if params.get(name) is not None}
        group.description = params.get("ReplicationGroupDescription", group.description)
        group.snapshotting = params.get("SnapshottingClusterId", group.snapshotting)
        group.failover = params.get("AutomaticFailoverEnabled", group.failover)
        group.multi_zone = params.get("MultiAZEnabled", group.multi_zone)
        call.effect("elasticache.modify_replication_group", group.id)
        self._status(region, group, "modifying")
        self.cloud.later(MODIFY_SECONDS, lambda: self._status(region, group, "available"))
        return {"ReplicationGroup": group.shown(region.nodes)}

    @on("DeleteReplicationGroup")
    def delete_group(self, call: Call) -> dict[str, Any]:
        region = self.region(call.region)
        group = self.group(call, call.params["ReplicationGroupId"])
        if group.status not in ("available", "create-failed"):
            raise Fault("InvalidReplicationGroupState", f"Replication group {group.id} is not in available state.")
        if call.params.get("FinalSnapshotIdentifier"):
            self.final_snapshot(call, group, call.params["FinalSnapshotIdentifier"])
        self._status(region, group, "deleting")
        self.world.stores.caches.pop(group.id, None)
        call.effect("elasticache.delete_replication_group", group.id)
        self.cloud.later(DELETE_SECONDS, lambda: self._dismiss(region, group))
        return {"ReplicationGroup": group.shown(region.nodes)}

    def final_snapshot(self, call: Call, group: Group, name: str) -> None:
        raise NotImplementedError

    @on("ModifyCacheCluster")
    def modify_node(self, call: Call) -> dict[str, Any]:
        node = self.node(call, call.params["CacheClusterId"])
        if node.status != "available":
            raise Fault("InvalidCacheClusterState", f"Cache cluster {node.id} is not in available state.")
        node.spec |= {name: call.params[name] for name in SPEC if call.params.get(name) is not None}
        call.effect("elasticache.modify_cache_cluster", node.id)
        return {"CacheCluster": node.shown(with_nodes=False)}

    @on("CreateCacheCluster")
    def create_node(self, call: Call) -> dict[str, Any]:
        params, region = call.params, self.region(call.region)
        id = _identifier(params, "CacheClusterId", 50)
        if id in region.nodes:
            raise Fault("CacheClusterAlreadyExists", f"Cache cluster {id} already exists.")
        held = self.restored(call, params)
        spec = {**SPEC, **{name: params[name] for name in SPEC if params.get(name) is not None}}
        region.nodes[id] = node = Node(id, call.region, call.now().replace(microsecond=0), spec)
        self.world.stores.caches[id] = Cache(id, dict(held.values) if held else {}, available=False)
        call.effect("elasticache.create_cache_cluster", id)
        self.cloud.later(CREATE_SECONDS, lambda: self._node_is_there(node))
        return {"CacheCluster": node.shown(with_nodes=False)}

    def _node_is_there(self, node: Node) -> None:
        node.status = "available"
        if node.id in self.world.stores.caches:
            self.world.stores.caches[node.id].available = True

    @on("DeleteCacheCluster")
    def delete_node(self, call: Call) -> dict[str, Any]:
        node = self.node(call, call.params["CacheClusterId"])
        if node.group or node.status != "available":
            said = f"Cache cluster {node.id} is not in available state or serves as member of a replication group."
            raise Fault("InvalidCacheClusterState", said)
        node.status = "deleting"
        self.world.stores.caches.pop(node.id, None)
        call.effect("elasticache.delete_cache_cluster", node.id)
        nodes = self.region(call.region).nodes
        self.cloud.later(DELETE_SECONDS, partial(forget, nodes, node.id))
        return {"CacheCluster": node.shown(with_nodes=False)}

    @staticmethod
    def must_be_available(group: Group) -> None:
        if group.status != "available":
            said = f"Replication group {group.id} is not in available state (it is {group.status})."
            raise Fault("InvalidReplicationGroupState", said)

    def _admit(self, region: Region, group: Group) -> None:
        region.groups[group.id] = group
        for number, id in enumerate(group.members, 1):
            region.nodes[id] = Node(id, region.name, group.created, group.spec, number, group.id)

    @staticmethod
    def _status(region: Region, group: Group, status: str) -> None:
        if region.groups.get(group.id) is group:
            group.status = status
            for id in group.members:
                region.nodes[id].status = status

    @staticmethod
    def _dismiss(region: Region, group: Group) -> None:
        region.groups.pop(group.id, None)
        for id in group.members:
            region.nodes.pop(id, None)


def _identifier(params: dict[str, Any], name: str, most: int) -> str:
    id: str = params[name].lower()
    if not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]*(?<!-)", id) or len(id) > most:
        said = (
            f"The parameter {name} is not a valid identifier. Identifiers must begin with a letter; must contain only"
        )
        raise Fault(
            "InvalidParameterValue", f"{said} ASCII letters, digits, and hyphens; and must not end with a hyphen."
        )
    return id


def forget(things: dict[str, Any], id: str) -> None:
    things.pop(id, None)


def _is_cluster_mode(params: dict[str, Any]) -> bool:
    return params.get("ClusterMode") == "enabled" or bool(params.get("NumNodeGroups", 1) > 1)


def _shards(id: str, params: dict[str, Any]) -> list[list[str]]:
    if not _is_cluster_mode(params):
        return [[f"{id}-{number:03}" for number in range(1, int(params.get("NumCacheClusters") or 1) + 1)]]
    replicas = int(params.get("ReplicasPerNodeGroup") or 0)
    count = int(params.get("NumNodeGroups") or 1)
    return [[f"{id}-{shard:04}-{node:03}" for node in range(1, replicas + 2)] for shard in range(1, count + 1)]
