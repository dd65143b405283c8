"""What ElastiCache answers, as far as we read it.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_Types.html
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from dr_console.providers.capabilities.snapshots import Instance, Placement, Progress, Snapshot


class NodeSnapshot(BaseModel):
    CacheClusterId: str = ""
    SnapshotCreateTime: datetime | None = None


class GroupSnapshot(BaseModel):
    SnapshotName: str
    SnapshotStatus: str
    SnapshotSource: str = "manual"
    ARN: str = ""
    ReplicationGroupId: str = ""
    CacheClusterId: str = ""
    Engine: str = ""
    NodeSnapshots: list[NodeSnapshot] = Field(default_factory=list)

    @property
    def nodes(self) -> set[str]:
        found = {each.CacheClusterId for each in self.NodeSnapshots if each.CacheClusterId}
        return found or ({self.CacheClusterId} - {""})

    @property
    def data_at(self) -> datetime | None:
        """Its oldest part: what was written after that may be missing."""
        return min((at for each in self.NodeSnapshots if (at := each.SnapshotCreateTime)), default=None)

    def as_snapshot(self) -> Snapshot:
        return Snapshot(
            name=self.SnapshotName,
            id=self.ARN,
            source=self.ReplicationGroupId or self.CacheClusterId,
            state=self.SnapshotStatus,
            progress=_progress_of_snapshot(self.SnapshotStatus),
            percent=None,
            data_at=self.data_at,
            is_manual=self.SnapshotSource == "manual",
            engine=self.Engine,
        )


class Endpoint(BaseModel):
    Address: str = ""
    Port: int | None = None


class Member(BaseModel):
    CacheClusterId: str
    CurrentRole: str = ""


class Shard(BaseModel):
    PrimaryEndpoint: Endpoint | None = None
    NodeGroupMembers: list[Member] = Field(default_factory=list)


class Group(BaseModel):
    ReplicationGroupId: str
    Status: str
    Description: str = ""
    Engine: str = ""
    CacheNodeType: str = ""
    ClusterEnabled: bool = False
    MemberClusters: list[str] = Field(default_factory=list)
    NodeGroups: list[Shard] = Field(default_factory=list)
    ConfigurationEndpoint: Endpoint | None = None
    ReplicationGroupCreateTime: datetime | None = None

    @property
    def primaries(self) -> list[str]:
        return [id for id in self.MemberClusters if id not in self.replicas]

    @property
    def replicas(self) -> list[str]:
        return [
            member.CacheClusterId
            for shard in self.NodeGroups
            for member in shard.NodeGroupMembers
            if member.CurrentRole == "replica"
        ]

    @property
    def endpoint(self) -> Endpoint:
        first = self.NodeGroups[0].PrimaryEndpoint if self.NodeGroups else None
        return self.ConfigurationEndpoint or first or Endpoint()

    def as_instance(self, node: Node | None) -> Instance:
        placement = Placement(
            subnet_group=node.CacheSubnetGroupName if node else "",
            security_groups=tuple(group.SecurityGroupId for group in node.SecurityGroups) if node else (),
            parameter_group=node.CacheParameterGroup.CacheParameterGroupName if node else "",
            size=self.CacheNodeType,
            copies=max(1, len(self.MemberClusters)),
            port=self.endpoint.Port,
        )
        return Instance(
            name=self.ReplicationGroupId,
            state=self.Status,
            progress=_progress_of_group(self.Status),
            address=self.endpoint.Address,
            port=self.endpoint.Port,
            created_at=self.ReplicationGroupCreateTime,
            placement=placement,
            engine=self.Engine,
            members=tuple(self.MemberClusters),
        )


class SecurityGroup(BaseModel):
    SecurityGroupId: str


class ParameterGroup(BaseModel):
    CacheParameterGroupName: str = ""


class Node(BaseModel):
    CacheClusterId: str
    CacheSubnetGroupName: str = ""
    SecurityGroups: list[SecurityGroup] = Field(default_factory=list)
    CacheParameterGroup: ParameterGroup = Field(default_factory=ParameterGroup)


def _progress_of_snapshot(state: str) -> Progress:
    known = {"available": Progress.READY, "deleting": Progress.LEAVING, "failed": Progress.FAILED}
    # One that is being exported, or restored from, is whole.
    return known.get(state, Progress.READY if state in ("exporting", "restoring") else Progress.COMING)


def _progress_of_group(state: str) -> Progress:
    known = {"deleting": Progress.LEAVING, "create-failed": Progress.FAILED}
    # While a snapshot is taken of it, it answers its users.
    return known.get(state, Progress.READY if state in ("available", "snapshotting") else Progress.COMING)
