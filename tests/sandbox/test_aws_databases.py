"""RDS and ElastiCache in the sandbox: what takes minutes, what is refused meanwhile, and whose data it is."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from tests.sandbox.aws_clients import client, code_of, pass_time
from tests.sandboxed import Sandbox


def _snapshot(rds: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
    return found


def _status(rds: Any, name: str = "gemini-db") -> str:
    return str(rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"])


def test_a_database_snapshot_comes_percent_by_percent(sandbox: Sandbox) -> None:
    sandbox.reset(speed=1)
    rds = client(sandbox, "rds")
    rds.create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="DR-1")
    assert (_snapshot(rds, "dr-1")["Status"], _status(rds)) == ("creating", "backing-up")
    pass_time(sandbox, 120)
    assert 45 <= _snapshot(rds, "dr-1")["PercentProgress"] <= 60
    pass_time(sandbox, 200)
    assert (_snapshot(rds, "dr-1")["Status"], _snapshot(rds, "dr-1")["PercentProgress"]) == ("available", 100)
    assert _status(rds) == "available"


def test_while_it_is_taken_the_instance_does_nothing_else(sandbox: Sandbox) -> None:
    sandbox.reset(speed=1)
    rds = client(sandbox, "rds")
    rds.create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="dr-1")
    params = {"DBInstanceIdentifier": "gemini-db", "DBSnapshotIdentifier": "dr-2"}
    assert code_of(rds.create_db_snapshot, **params) == "InvalidDBInstanceState"
    params = {"DBInstanceIdentifier": "gemini-db", "NewDBInstanceIdentifier": "x", "ApplyImmediately": True}
    assert code_of(rds.modify_db_instance, **params) == "InvalidDBInstanceState"
    params = {"DBInstanceIdentifier": "x", "DBSnapshotIdentifier": "dr-1"}
    assert code_of(rds.restore_db_instance_from_db_snapshot, **params) == "InvalidDBSnapshotState"


def test_a_hundred_manual_snapshots_are_all_there_can_be(sandbox: Sandbox) -> None:
    rds = client(sandbox, "rds")
    rds.create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="dr-0")
    pass_time(sandbox, 300)
    for number in range(1, 100):
        rds.copy_db_snapshot(SourceDBSnapshotIdentifier="dr-0", TargetDBSnapshotIdentifier=f"dr-{number}")
    params = {"DBInstanceIdentifier": "gemini-db", "DBSnapshotIdentifier": "one-more"}
    assert code_of(rds.create_db_snapshot, **params) == "SnapshotQuotaExceeded"
    quotas = {each["AccountQuotaName"]: each["Used"] for each in rds.describe_account_attributes()["AccountQuotas"]}
    assert quotas["ManualSnapshots"] == 100
    pages = rds.get_paginator("describe_db_snapshots").paginate(
        SnapshotType="manual", PaginationConfig={"PageSize": 30}
    )
    assert sum(len(page["DBSnapshots"]) for page in pages) == 100
    rds.delete_db_snapshot(DBSnapshotIdentifier="dr-0")
    assert rds.create_db_snapshot(**params)


def test_automatic_backups_come_every_night_and_go_after_a_week(sandbox: Sandbox) -> None:
    rds, cache = client(sandbox, "rds"), client(sandbox, "elasticache")
    before = {each["DBSnapshotIdentifier"] for each in rds.describe_db_snapshots()["DBSnapshots"]}
    pass_time(sandbox, 2 * 86_400)
    after = {each["DBSnapshotIdentifier"] for each in rds.describe_db_snapshots()["DBSnapshots"]}
    assert (len(before), len(after), len(after - before)) == (7, 7, 2)
    caches = [each["SnapshotSource"] for each in cache.describe_snapshots(SnapshotSource="system")["Snapshots"]]
    assert caches == ["automated"] * 7
    params = {"DBSnapshotIdentifier": sorted(after)[0]}
    assert code_of(rds.delete_db_snapshot, **params) == "InvalidDBSnapshotState"


def test_a_restored_instance_gets_the_defaults_of_the_account(sandbox: Sandbox) -> None:
    rds = client(sandbox, "rds")
    rds.create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="dr-1")
    pass_time(sandbox, 300)
    made = rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="dr-1")
    instance = made["DBInstance"]
    source = rds.describe_db_instances(DBInstanceIdentifier="gemini-db")["DBInstances"][0]
    assert (instance["DBInstanceStatus"], instance["MultiAZ"], "Endpoint" in instance) == ("creating", False, False)
    assert instance["VpcSecurityGroups"] != source["VpcSecurityGroups"]
    assert instance["DBParameterGroups"] != source["DBParameterGroups"]
    pass_time(sandbox, 500)
    assert _status(rds, "new") == "available"


def test_the_log_ends_some_minutes_ago_and_moves_on(sandbox: Sandbox) -> None:
    sandbox.reset(speed=1)
    rds = client(sandbox, "rds")

    def latest() -> Any:
        return rds.describe_db_instances()["DBInstances"][0]["LatestRestorableTime"]

    first = latest()
    assert 0 <= sandbox.get("/clock")["now"] - first.timestamp() <= 400
    pass_time(sandbox, 300)
    assert latest() - first == timedelta(minutes=5)
    params = {"SourceDBInstanceIdentifier": "gemini-db", "TargetDBInstanceIdentifier": "then"}
    late = {"RestoreTime": latest() + timedelta(hours=1)}
    assert code_of(rds.restore_db_instance_to_point_in_time, **params, **late) == "InvalidRestoreFault"
    assert code_of(rds.restore_db_instance_to_point_in_time, **params) == "InvalidParameterCombination"


def test_a_point_in_time_has_what_was_lost_since(sandbox: Sandbox) -> None:
    rds = client(sandbox, "rds")
    pass_time(sandbox, 1200)
    sandbox.get("/world")
    before = rds.describe_db_instances()["DBInstances"][0]["LatestRestorableTime"]
    sandbox.post("/scenarios", {"name": "data-loss"})
    pass_time(sandbox, 900)
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="gemini-db", TargetDBInstanceIdentifier="then", RestoreTime=before
    )
    pass_time(sandbox, 500)
    databases = {each["name"]: each for each in sandbox.get("/world")["databases"]}
    assert databases["then"]["available"]
    assert databases["then"]["canaries"] > 0


def test_two_instances_swap_their_names(sandbox: Sandbox) -> None:
    rds = client(sandbox, "rds")
    rds.create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="dr-1")
    pass_time(sandbox, 300)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="dr-1")
    pass_time(sandbox, 500)
    taken = {"DBInstanceIdentifier": "new", "NewDBInstanceIdentifier": "gemini-db", "ApplyImmediately": True}
    assert code_of(rds.modify_db_instance, **taken) == "DBInstanceAlreadyExists"
    for old, name in (("gemini-db", "old"), ("new", "gemini-db")):
        pending = rds.modify_db_instance(DBInstanceIdentifier=old, NewDBInstanceIdentifier=name, ApplyImmediately=True)
        assert pending["DBInstance"]["PendingModifiedValues"] == {"DBInstanceIdentifier": name}
        pass_time(sandbox, 90)
        assert _status(rds, name) == "available"
    assert code_of(rds.describe_db_instances, DBInstanceIdentifier="new") == "DBInstanceNotFound"


def test_twenty_snapshots_of_a_node_and_day_are_all_there_can_be(sandbox: Sandbox) -> None:
    cache = client(sandbox, "elasticache")
    for number in range(20):
        cache.create_snapshot(CacheClusterId="gemini-cache-002", SnapshotName=f"dr-{number}")
        pass_time(sandbox, 200)
    cache.delete_snapshot(SnapshotName="dr-0")
    params = {"CacheClusterId": "gemini-cache-002", "SnapshotName": "one-more"}
    assert code_of(cache.create_snapshot, **params) == "SnapshotQuotaExceededFault"
    cache.create_snapshot(CacheClusterId="gemini-cache-001", SnapshotName="of-the-other")
    pass_time(sandbox, 86_400)
    assert cache.create_snapshot(**params)


def test_a_cache_snapshot_says_of_when_its_data_is_and_in_small_letters(sandbox: Sandbox) -> None:
    sandbox.reset(speed=1)
    cache = client(sandbox, "elasticache")
    shown = cache.create_snapshot(CacheClusterId="gemini-cache-002", SnapshotName="DR-One")["Snapshot"]
    assert (shown["SnapshotName"], shown["SnapshotStatus"], shown["SnapshotSource"]) == ("dr-one", "creating", "manual")
    assert shown["NodeSnapshots"][0]["SnapshotCreateTime"]
    group = cache.describe_replication_groups()["ReplicationGroups"][0]
    assert group["Status"] == "snapshotting"
    params = {"CacheClusterId": "gemini-cache-002", "SnapshotName": "two"}
    assert code_of(cache.create_snapshot, **params) == "InvalidCacheClusterState"
    params = {"ReplicationGroupId": "gemini-cache", "ApplyImmediately": True, "SnapshotRetentionLimit": 3}
    assert code_of(cache.modify_replication_group, **params) == "InvalidReplicationGroupState"


def test_an_exported_cache_is_an_object_and_a_spoilt_one_makes_no_group(sandbox: Sandbox) -> None:
    cache, s3 = client(sandbox, "elasticache"), client(sandbox, "s3")
    bucket = "gemini-images-backup"
    cache.create_snapshot(CacheClusterId="gemini-cache-002", SnapshotName="dr-1")
    pass_time(sandbox, 200)
    params = {"SourceSnapshotName": "dr-1", "TargetSnapshotName": "out", "TargetBucket": "nothing-there"}
    assert code_of(cache.copy_snapshot, **params) == "InvalidParameterValue"
    shown = cache.copy_snapshot(**{**params, "TargetBucket": bucket})["Snapshot"]
    assert shown["SnapshotStatus"] == "exporting"
    pass_time(sandbox, 90)
    assert s3.get_object(Bucket=bucket, Key="out-0001.rdb")["Body"].read().startswith(b"REDIS")
    s3.put_object(Bucket=bucket, Key="bad.rdb", Body=b"REDIS0011 spoilt")
    for name, key in (("good", "out-0001.rdb"), ("bad", "bad.rdb")):
        arn = f"arn:aws:s3:::{bucket}/{key}"
        cache.create_replication_group(ReplicationGroupId=name, ReplicationGroupDescription="x", SnapshotArns=[arn])
    pass_time(sandbox, 400)
    found = {
        each["ReplicationGroupId"]: each["Status"] for each in cache.describe_replication_groups()["ReplicationGroups"]
    }
    assert (found["good"], found["bad"]) == ("available", "create-failed")


def test_with_cluster_mode_a_node_of_it_has_no_snapshots(sandbox: Sandbox) -> None:
    cache = client(sandbox, "elasticache")
    cache.create_replication_group(
        ReplicationGroupId="parts", ReplicationGroupDescription="x", NumNodeGroups=2, ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
    )  # fmt: skip
    pass_time(sandbox, 400)
    group = cache.describe_replication_groups(ReplicationGroupId="parts")["ReplicationGroups"][0]
    assert (group["ClusterEnabled"], len(group["NodeGroups"]), len(group["MemberClusters"])) == (True, 2, 4)
    params = {"CacheClusterId": group["MemberClusters"][0], "SnapshotName": "a"}
    assert code_of(cache.create_snapshot, **params) == "SnapshotFeatureNotSupportedFault"
    shown = cache.create_snapshot(ReplicationGroupId="parts", SnapshotName="a")["Snapshot"]
    assert len(shown["NodeSnapshots"]) == 2


def test_snapshots_vanish_and_fail_as_the_worlds_owner_says(sandbox: Sandbox) -> None:
    rds, cache = client(sandbox, "rds"), client(sandbox, "elasticache")
    rds.create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="dr-1")
    cache.create_snapshot(CacheClusterId="gemini-cache-002", SnapshotName="dr-1")
    pass_time(sandbox, 300)
    for fault, expected in (("fail", "failed"), ("", "available")):
        sandbox.post("/aws/snapshots", {"name": "dr-1", "fault": fault})
        assert _snapshot(rds, "dr-1")["Status"] == expected
        assert cache.describe_snapshots(SnapshotName="dr-1")["Snapshots"][0]["SnapshotStatus"] == expected
    sandbox.post("/aws/snapshots", {"name": "dr-1", "fault": "vanish"})
    assert code_of(rds.describe_db_snapshots, DBSnapshotIdentifier="dr-1") == "DBSnapshotNotFound"
    assert code_of(cache.describe_snapshots, SnapshotName="dr-1") == "SnapshotNotFoundFault"


def test_a_cache_listing_has_pages(sandbox: Sandbox) -> None:
    cache = client(sandbox, "elasticache")
    for number, node in itertools.product(range(10), ("gemini-cache-001", "gemini-cache-002")):
        cache.create_snapshot(CacheClusterId=node, SnapshotName=f"dr-{number}-{node[-1]}")
        pass_time(sandbox, 200)
    pages = cache.get_paginator("describe_snapshots").paginate(SnapshotSource="user", PaginationConfig={"PageSize": 20})
    assert sum(len(page["Snapshots"]) for page in pages) == 20
    assert code_of(cache.describe_snapshots, MaxRecords=5) == "InvalidParameterValue"
