"""AWS ElastiCache: snapshots of a group's nodes by turns, and new groups from them.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws.elasticache_shapes import Group, GroupSnapshot, Node
from dr_console.providers.aws.service import VENDOR, Service, failed, refused
from dr_console.providers.capabilities.snapshots import Instance, Placement, Progress, Quota, Snapshot
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.waiting import waited_for

CREATE = _("take a snapshot of the cache")
READ = _("read the cache’s snapshot")
WAIT = _("wait for the cache’s snapshot")
LIST = _("list the cache’s snapshots")
COPY = _("copy the cache’s snapshot")
EXPORT = _("export the cache’s snapshot")
DELETE = _("delete the cache’s snapshot")
QUOTAS = _("read the quotas of the cache’s snapshots")
GROUP = _("read the cache group")
RESTORE = _("restore the cache into a new group")
DELETE_GROUP = _("delete the restored cache group")
WAIT_FOR_GROUP = _("wait for the cache group")
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html#backups-constraints
MOST_A_NODE = 20
HOURS = 24
EXISTS = "SnapshotAlreadyExistsFault"


class ElastiCacheSnapshots:
    """Of the replication group that the settings name, unless another is named.

    A node allows twenty snapshots a day. Without cluster mode they are taken of the node that has most left, of a
    replica rather than of the primary, whose users would feel it. With cluster mode AWS takes them of the whole group
    and none of them can be had by turns.
    """

    def __init__(self, group: str = "", region: str = "") -> None:
        self._group_name = group
        self._elasticache = Service("elasticache", region)

    def create(self, name: str, *, deadline: Deadline) -> Snapshot:
        group = self._group(self._source_name(CREATE), CREATE, deadline)
        if group.ClusterEnabled:
            of: dict[str, Any] = {"ReplicationGroupId": group.ReplicationGroupId}
        else:
            of = {"CacheClusterId": self._node_with_most_left(group, deadline)}
        try:
            answer = self._elasticache.change("create_snapshot", CREATE, deadline, SnapshotName=name, **of)
        except ProviderError as error:
            if error.code != EXISTS:
                raise
            return self._adopted(name, group, deadline)
        return answer.read_as(GroupSnapshot, at="Snapshot").as_snapshot()

    def _node_with_most_left(self, group: Group, deadline: Deadline) -> str:
        used = self._used(group, CREATE, deadline)
        nodes = [*group.replicas, *group.primaries]
        best = min(nodes, key=lambda node: used[node], default="")
        if not best:
            raise refused(CREATE, f"{group.ReplicationGroupId} has no nodes in state {group.Status}")
        if used[best] >= MOST_A_NODE:
            said = f"{MOST_A_NODE} snapshots were taken of each of {', '.join(sorted(nodes))} within {HOURS} hours"
            raise ProviderError(VENDOR, CREATE, Problem.THROTTLED, said=said, permanent=True)
        return best

    def _adopted(self, name: str, group: Group, deadline: Deadline) -> Snapshot:
        """The snapshot of this name that was there already, if it is of our group and good."""
        found = self._read(name, CREATE, deadline)
        ours = {group.ReplicationGroupId, *group.MemberClusters}
        snapshot = found.as_snapshot()
        if snapshot.source not in ours or snapshot.progress not in (Progress.COMING, Progress.READY):
            raise refused(CREATE, f"{name} exists: a snapshot of {snapshot.source}, in state {snapshot.state}")
        return snapshot

    def snapshot(self, name: str, *, deadline: Deadline) -> Snapshot:
        return self._read(name, READ, deadline).as_snapshot()

    def _read(self, name: str, operation: str, deadline: Deadline) -> GroupSnapshot:
        answer = self._elasticache.read("describe_snapshots", operation, deadline, SnapshotName=name)
        found = answer.read_as(list[GroupSnapshot], at="Snapshots")
        if not found:
            raise ProviderError(VENDOR, operation, Problem.NOT_FOUND, said=name, permanent=True)
        return found[0]

    def wait_until_ready(self, name: str, *, deadline: Deadline) -> Snapshot:
        def look() -> tuple[Snapshot | None, str]:
            found = self.snapshot(name, deadline=deadline)
            said = f"{name} is {found.state}"
            if found.progress not in (Progress.READY, Progress.COMING):
                raise failed(WAIT, said)
            return found if found.progress is Progress.READY else None, said

        return waited_for(look, vendor=VENDOR, operation=WAIT, deadline=deadline)

    def snapshots(self, *, deadline: Deadline) -> list[Snapshot]:
        group = self._group(self._source_name(LIST), LIST, deadline)
        found = [each.as_snapshot() for each in self._of(group, LIST, deadline)]
        return sorted(found, key=lambda each: (each.data_at is not None, each.data_at), reverse=True)

    def _of(self, group: Group, operation: str, deadline: Deadline) -> list[GroupSnapshot]:
        """All snapshots of the group or of a node of it. AWS's own filter takes one of these at a time."""
        ours = {group.ReplicationGroupId, *group.MemberClusters}
        pages = self._elasticache.pages("describe_snapshots", operation, deadline)
        found = [each for page in pages for each in page.read_as(list[GroupSnapshot], at="Snapshots")]
        return [each for each in found if ours & {each.ReplicationGroupId, each.CacheClusterId, *each.nodes}]

    def copy(self, name: str, to: str, *, deadline: Deadline) -> Snapshot:
        try:
            answer = self._elasticache.change(
                "copy_snapshot", COPY, deadline, SourceSnapshotName=name, TargetSnapshotName=to
            )
        except ProviderError as error:
            if error.code != EXISTS:
                raise
            there, source = self._read(to, COPY, deadline), self._read(name, COPY, deadline)
            if there.as_snapshot().data_at != source.as_snapshot().data_at:
                raise
            return there.as_snapshot()
        return answer.read_as(GroupSnapshot, at="Snapshot").as_snapshot()

    def export(self, name: str, *, bucket: str, as_key: str, deadline: Deadline) -> str:
        """Not harmless to repeat while the first is under way: AWS then refuses it, and does nothing twice."""
        self._elasticache.change(
            "copy_snapshot",
            EXPORT,
            deadline,
            SourceSnapshotName=name,
            TargetSnapshotName=as_key,
            TargetBucket=bucket,
        ).read_as(GroupSnapshot, at="Snapshot")
        return f"{as_key}-0001.rdb"

    def delete(self, name: str, *, deadline: Deadline) -> None:
        try:
            self._elasticache.change("delete_snapshot", DELETE, deadline, harmless=True, SnapshotName=name)
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise

    def quotas(self, *, deadline: Deadline) -> list[Quota]:
        """What is used is at least this: a snapshot that was deleted counts on, and AWS does not show it."""
        group = self._group(self._source_name(QUOTAS), QUOTAS, deadline)
        used = self._used(group, QUOTAS, deadline)
        return [Quota(node, used[node], MOST_A_NODE, HOURS) for node in sorted(group.MemberClusters)]

    def _used(self, group: Group, operation: str, deadline: Deadline) -> Counter[str]:
        since = now() - timedelta(hours=HOURS)
        used: Counter[str] = Counter()
        for snapshot in self._of(group, operation, deadline):
            if snapshot.SnapshotSource == "manual" and (snapshot.data_at is None or snapshot.data_at > since):
                used.update(snapshot.nodes)
        return used

    def source(self, *, deadline: Deadline) -> Instance:
        return self.instance(self._source_name(GROUP), deadline=deadline)

    def instance(self, name: str, *, deadline: Deadline) -> Instance:
        group = self._group(name, GROUP, deadline)
        node: Node | None = None
        if group.MemberClusters:
            answer = self._elasticache.read(
                "describe_cache_clusters", GROUP, deadline, CacheClusterId=group.MemberClusters[0]
            )
            node = next(iter(answer.read_as(list[Node], at="CacheClusters")), None)
        return group.as_instance(node)

    def _group(self, name: str, operation: str, deadline: Deadline) -> Group:
        answer = self._elasticache.read("describe_replication_groups", operation, deadline, ReplicationGroupId=name)
        found = answer.read_as(list[Group], at="ReplicationGroups")
        if not found:
            raise ProviderError(VENDOR, operation, Problem.NOT_FOUND, said=name, permanent=True)
        return found[0]

    def restore(self, name: str, into: str, *, placement: Placement, deadline: Deadline) -> Instance:
        return self._restore(into, name, {"SnapshotName": name}, placement, deadline)

    def restore_from_objects(
        self, keys: tuple[str, ...], into: str, *, placement: Placement, deadline: Deadline
    ) -> Instance:
        return self._restore(into, ", ".join(keys), {"SnapshotArns": list(keys)}, placement, deadline)

    def _restore(
        self, into: str, origin: str, what: dict[str, Any], placement: Placement, deadline: Deadline
    ) -> Instance:
        if into == self._source_name(RESTORE):
            raise refused(RESTORE, f"{into} is the group itself, and a restore goes into a new one")
        # The description says what it was made of, so that one that is there already can be told from another.
        description = f"DR Console: restored from {origin}"[:255]
        params = {"ReplicationGroupDescription": description, **what, **_placed(placement)}
        try:
            answer = self._elasticache.change(
                "create_replication_group", RESTORE, deadline, ReplicationGroupId=into, **params
            )
        except ProviderError as error:
            if error.code != "ReplicationGroupAlreadyExists":
                raise
            there = self._group(into, RESTORE, deadline)
            if there.Description != description:
                raise
            return there.as_instance(None)
        return answer.read_as(Group, at="ReplicationGroup").as_instance(None)

    def wait_until_instance_ready(self, name: str, *, deadline: Deadline) -> Instance:
        def look() -> tuple[Instance | None, str]:
            group = self._group(name, WAIT_FOR_GROUP, deadline)
            found, said = group.as_instance(None), f"{name} is {group.Status}"
            if found.progress in (Progress.FAILED, Progress.LEAVING):
                raise failed(WAIT_FOR_GROUP, said)
            is_ready = found.progress is Progress.READY and bool(found.address)
            return self.instance(name, deadline=deadline) if is_ready else None, said

        return waited_for(look, vendor=VENDOR, operation=WAIT_FOR_GROUP, deadline=deadline)

    def delete_instance(self, name: str, *, deadline: Deadline) -> None:
        if name == self._source_name(DELETE_GROUP):
            raise refused(DELETE_GROUP, f"{name} is the group that snapshots are taken of")
        try:
            self._elasticache.change(
                "delete_replication_group",
                DELETE_GROUP,
                deadline,
                ReplicationGroupId=name,
                RetainPrimaryCluster=False,
            )
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise

    def _source_name(self, operation: str) -> str:
        return self._group_name or credential("aws", "cache", operation=operation)


def _placed(placement: Placement) -> dict[str, Any]:
    """As parameters. What is not said is the account's default, not what the source has."""
    given = {
        "CacheSubnetGroupName": placement.subnet_group,
        "SecurityGroupIds": list(placement.security_groups),
        "CacheParameterGroupName": placement.parameter_group,
        "CacheNodeType": placement.size,
        "Port": placement.port,
    }
    several = placement.copies > 1
    return {
        **{name: value for name, value in given.items() if value},
        "NumCacheClusters": max(1, placement.copies),
        "AutomaticFailoverEnabled": several,
        "MultiAZEnabled": several,
    }
