"""ElastiCache's snapshots: twenty a node and day, a few minutes each, exported to S3, restored into a new group.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import ACCOUNT, REGION, Call, Cloud, on
from dr_console.sandbox.aws.elasticache.groups import ElastiCacheGroups, forget
from dr_console.sandbox.aws.elasticache.state import VPC, Group, Node, Region, Snapshot
from dr_console.sandbox.aws.pages import page
from dr_console.sandbox.aws.spoilt import Spoilt
from dr_console.sandbox.stores import CACHE, Cache

A_DAY = 86_400.0
MOST_A_NODE_AND_DAY = 20
SNAPSHOT_SECONDS = 180.0
COPY_SECONDS = 60.0
MAGIC = b"REDIS0011"
SHOWN_OF_SPEC = (
    "CacheNodeType", "Engine", "EngineVersion", "Port", "CacheParameterGroupName", "CacheSubnetGroupName",
    "AutoMinorVersionUpgrade", "SnapshotRetentionLimit", "SnapshotWindow", "PreferredMaintenanceWindow",
)  # fmt: skip


class ElastiCache(ElastiCacheGroups):
    """All of ElastiCache that we answer ourselves; what is not here is moto's."""

    def __init__(self, cloud: Cloud, spoilt: Spoilt) -> None:
        super().__init__(cloud)
        self.spoilt = spoilt

    def seed(self) -> None:
        """The automatic snapshots of the last days, and those that will come each night at three."""
        region, group = self.region(REGION), self.region(REGION).groups[CACHE]
        three = self.world.clock.moment().replace(hour=3, minute=0, second=0, microsecond=0)
        three -= timedelta(days=three > self.world.clock.moment())
        for days in range(group.spec["SnapshotRetentionLimit"]):
            self._automatic(region, group, three - timedelta(days=days), Cache(CACHE), "available")
        self.cloud.later(
            (three + timedelta(days=1)).timestamp() - self.world.clock.now(), self._every_night, quiet=True
        )

    def _every_night(self) -> None:
        region = self.region(REGION)
        group = region.groups.get(CACHE)
        if group and group.status == "available":
            at = self.world.clock.moment()
            snapshot = self._automatic(region, group, at, self._held(group.id), "creating")
            self._run(region, group, snapshot)
            kept = [s for s in region.snapshots.values() if not s.manual and group.snapshotting in s.taken_of]
            for old in sorted(kept, key=lambda s: s.taken_at)[
                : -int(group.spec["SnapshotRetentionLimit"]) or len(kept)
            ]:
                region.snapshots.pop(old.shape["SnapshotName"], None)
        self.cloud.later(A_DAY, self._every_night, quiet=True)

    def _automatic(self, region: Region, group: Group, at: datetime, held: Cache, status: str) -> Snapshot:
        node = region.nodes[group.snapshotting or group.members[-1]]
        name = f"automatic.{node.id}-{at:%Y-%m-%d-%H-%M}"
        snapshot = Snapshot(
            _shape(name, region, [node], at, group, source="automated"), held, (node.id,), at.timestamp()
        )
        snapshot.manual, snapshot.status = False, status
        region.snapshots[name] = snapshot
        return snapshot

    @on("CreateSnapshot")
    def create_snapshot(self, call: Call) -> dict[str, Any]:
        region, name = self.region(call.region), str(call.params["SnapshotName"]).lower()
        nodes, group = self._sources(call)
        self._must_be_new(region, name)
        self._within_quota(region, nodes)
        for node in nodes if "CacheClusterId" in call.params else ():
            _must_be_idle(node.status, f"cache cluster {node.id}", "InvalidCacheClusterState")
        if group:
            _must_be_idle(group.status, f"replication group {group.id}", "InvalidReplicationGroupState")
        snapshot = self._take(call, region, name, nodes, group)
        return {"Snapshot": snapshot.shown()}

    def _sources(self, call: Call) -> tuple[list[Node], Group | None]:
        """The nodes whose data is taken, and the group they are of."""
        node_id, group_id = call.params.get("CacheClusterId", ""), call.params.get("ReplicationGroupId", "")
        region = self.region(call.region)
        if bool(node_id) == bool(group_id):
            said = "Exactly one of CacheClusterId and ReplicationGroupId must be given."
            raise Fault("InvalidParameterCombination", said)
        if group_id:
            group = self.group(call, group_id)
            return [region.nodes[shard[0]] for shard in group.shards], group
        node = self.node(call, node_id)
        found = region.groups.get(node.group)
        if found and found.cluster_mode:
            said = (
                "With cluster mode enabled a snapshot is taken of the replication group, not of a cache cluster in it."
            )
            raise Fault("SnapshotFeatureNotSupportedFault", said)
        return [node], found

    @staticmethod
    def _must_be_new(region: Region, name: str) -> None:
        if name in region.snapshots:
            raise Fault("SnapshotAlreadyExistsFault", f"Snapshot with specified name already exists: {name}")

    def _within_quota(self, region: Region, nodes: list[Node]) -> None:
        since = self.world.clock.now() - A_DAY
        region.taken[:] = [(id, at) for id, at in region.taken if at > since]
        for node in nodes:
            if sum(id == node.id for id, _ in region.taken) >= MOST_A_NODE_AND_DAY:
                said = (
                    f"{MOST_A_NODE_AND_DAY} manual snapshots of {node.id}, the most within 24 hours, have been taken."
                )
                raise Fault("SnapshotQuotaExceededFault", said)

    def _take(self, call: Call, region: Region, name: str, nodes: list[Node], group: Group | None) -> Snapshot:
        held = self._held(group.id if group else nodes[0].id)
        shape = _shape(name, region, nodes, call.now(), group if "ReplicationGroupId" in call.params else None)
        snapshot = Snapshot(shape, held, tuple(node.id for node in nodes), self.world.clock.now())
        region.snapshots[name] = snapshot
        region.taken += [(node.id, snapshot.taken_at) for node in nodes]
        call.effect("elasticache.create_snapshot", name, of=[node.id for node in nodes])
        self._run(region, group, snapshot)
        return snapshot

    def _run(self, region: Region, group: Group | None, snapshot: Snapshot) -> None:
        """While it is taken, nothing else can be done with the source."""
        nodes = [region.nodes[id] for id in snapshot.taken_of]
        busy: list[Node | Group] = [*nodes, *([group] if group else [])]
        for each in busy:
            each.status = "snapshotting"

        def done() -> None:
            for each in busy:
                if each.status == "snapshotting":
                    each.status = "available"
            self._finish(snapshot)

        self.cloud.later(SNAPSHOT_SECONDS, done)

    def _finish(self, snapshot: Snapshot) -> None:
        if snapshot.status == "creating":
            snapshot.status = "available"

    def _held(self, store: str) -> Cache:
        found = self.world.stores.caches.get(store)
        return found.copied(store) if found else Cache(store)

    def found(self, call: Call, name: str) -> Snapshot:
        snapshot = self.region(call.region).snapshots.get(name.lower())
        if not snapshot or self.spoilt.has_vanished(name.lower()):
            raise Fault("SnapshotNotFoundFault", f"{name} is either not present or not available.", 404)
        if snapshot.status in ("available", "failed"):
            snapshot.status = "failed" if self.spoilt.has_failed(name.lower()) else "available"
        return snapshot

    @on("DescribeSnapshots")
    def describe_snapshots(self, call: Call) -> dict[str, Any]:
        params = call.params
        if params.get("SnapshotName"):
            return {"Snapshots": [self.found(call, params["SnapshotName"]).shown()]}
        names = [name for name in self.region(call.region).snapshots if not self.spoilt.has_vanished(name)]
        listed = [self.found(call, name) for name in names]
        wanted = [snapshot for snapshot in listed if _is_wanted(snapshot, params)]
        part, marker = page(wanted, params, least=20, most=50, key=lambda snapshot: snapshot.shape["SnapshotName"])
        return {"Marker": marker, "Snapshots": [snapshot.shown() for snapshot in part]}

    @on("DeleteSnapshot")
    def delete_snapshot(self, call: Call) -> dict[str, Any]:
        snapshot = self.found(call, call.params["SnapshotName"])
        name = snapshot.shape["SnapshotName"]
        _must_be_idle(snapshot.status.replace("failed", "available"), f"snapshot {name}", "InvalidSnapshotState")
        snapshot.status = "deleting"
        call.effect("elasticache.delete_snapshot", name)
        snapshots = self.region(call.region).snapshots
        self.cloud.later(10, partial(forget, snapshots, name))
        return {"Snapshot": snapshot.shown()}

    @on("CopySnapshot")
    def copy_snapshot(self, call: Call) -> dict[str, Any]:
        source = self.found(call, call.params["SourceSnapshotName"])
        target = str(call.params["TargetSnapshotName"]).lower()
        _must_be_idle(source.status, f"snapshot {source.shape['SnapshotName']}", "InvalidSnapshotState")
        if call.params.get("TargetBucket"):
            return self._export(call, source, target, call.params["TargetBucket"])
        region = self.region(call.region)
        self._must_be_new(region, target)
        arn = f"arn:aws:elasticache:{call.region}:{ACCOUNT}:snapshot:{target}"
        shape = {**source.shape, "SnapshotName": target, "SnapshotSource": "manual", "ARN": arn}
        copy = Snapshot(shape, source.held.copied(source.held.name), source.taken_of, source.taken_at)
        region.snapshots[target] = copy
        call.effect("elasticache.copy_snapshot", target, of=source.shape["SnapshotName"])
        self.cloud.later(COPY_SECONDS, lambda: self._finish(copy))
        return {"Snapshot": copy.shown()}

    def _export(self, call: Call, source: Snapshot, target: str, bucket: str) -> dict[str, Any]:
        s3 = self.cloud.backend("s3", region="aws")
        key = f"{target}-0001.rdb"
        if bucket not in s3.buckets or s3.buckets[bucket].region_name != call.region:
            said = (
                f"The S3 bucket {bucket} does not exist, is in another region, or ElastiCache has no permission on it."
            )
            raise Fault("InvalidParameterValue", said)
        if key in s3.buckets[bucket].keys:
            said = f"S3 bucket {bucket} already has an object with key {key}."
            raise Fault("InvalidParameterValue", said)
        source.status = "exporting"
        call.effect("elasticache.export_snapshot", f"s3://{bucket}/{key}", of=source.shape["SnapshotName"])

        def done() -> None:
            s3.put_object(bucket, key, _rdb(source.held))
            source.status = "available"

        self.cloud.later(COPY_SECONDS, done)
        return {"Snapshot": source.shown()}

    def restored(self, call: Call, params: dict[str, Any]) -> Cache | None:
        if params.get("SnapshotArns"):
            return self._imported(params["SnapshotArns"][0])
        if not params.get("SnapshotName"):
            return None
        snapshot = self.found(call, params["SnapshotName"])
        if snapshot.status != "available":
            name = snapshot.shape["SnapshotName"]
            raise Fault(
                "InvalidParameterValue", f"Snapshot {name} is not in available state (it is {snapshot.status})."
            )
        return snapshot.held

    def _imported(self, arn: str) -> Cache:
        """What an .rdb in S3 holds. What cannot be read begins with a key that makes the new group fail."""
        bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
        s3 = self.cloud.backend("s3", region="aws")
        if bucket not in s3.buckets or key not in s3.buckets[bucket].keys:
            raise Fault(
                "InvalidParameterValue", f"Unable to fetch metadata from S3 for bucket {bucket} and object {key}."
            )
        held = _read_rdb(bytes(s3.get_object(bucket, key).value))
        return Cache(key, held if held is not None else {"\0": "unreadable"})

    def final_snapshot(self, call: Call, group: Group, name: str) -> None:
        region = self.region(call.region)
        self._must_be_new(region, name.lower())
        self._take(call, region, name.lower(), [region.nodes[shard[0]] for shard in group.shards], group)


def _shape(
    name: str, region: Region, nodes: list[Node], at: datetime, group: Group | None, source: str = "manual"
) -> dict[str, Any]:
    node, at = nodes[0], at.replace(microsecond=0)
    shape: dict[str, Any] = {
        **{key: node.spec[key] for key in SHOWN_OF_SPEC},
        "SnapshotName": name,
        "SnapshotSource": source,
        "NumNodeGroups": len(nodes),
        "AutomaticFailover": "enabled" if group and group.failover else "disabled",
        "VpcId": VPC,
        "DataTiering": "disabled",
        "ARN": f"arn:aws:elasticache:{region.name}:{ACCOUNT}:snapshot:{name}",
        "NodeSnapshots": [
            {
                "CacheClusterId": each.id,
                "CacheNodeId": "0001",
                "CacheNodeCreateTime": each.created,
                "SnapshotCreateTime": at,
                "CacheSize": "12 MB",
                **({"NodeGroupId": f"{number:04}"} if group and group.cluster_mode else {}),
            }
            for number, each in enumerate(nodes, 1)
        ],
    }
    if group and (group.cluster_mode or source == "manual"):
        return {**shape, "ReplicationGroupId": group.id, "ReplicationGroupDescription": group.description}
    return {
        **shape,
        "CacheClusterId": node.id,
        "CacheClusterCreateTime": node.created,
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": node.zone,
    }


def _is_wanted(snapshot: Snapshot, params: dict[str, Any]) -> bool:
    source = {"user": True, "system": False}.get(params.get("SnapshotSource", ""))
    if source is not None and snapshot.manual is not source:
        return False
    for name in ("CacheClusterId", "ReplicationGroupId"):
        if params.get(name) and snapshot.shape.get(name) != params[name].lower():
            return False
    return True


def _must_be_idle(status: str, what: str, code: str) -> None:
    if status != "available":
        raise Fault(code, f"The {what} is not in the available state (it is {status}).")


def _rdb(held: Cache) -> bytes:
    body = json.dumps(held.values, sort_keys=True).encode()
    return MAGIC + body + sha256(body).digest()


def _read_rdb(content: bytes) -> dict[str, str] | None:
    body, sum = content[len(MAGIC) : -32], content[-32:]
    if not content.startswith(MAGIC) or sha256(body).digest() != sum:
        return None
    values: dict[str, str] = json.loads(body)
    return values
