"""What the page of the world shows of AWS."""

from __future__ import annotations

from typing import Any

from tests.sandbox.aws_clients import client, pass_time
from tests.sandboxed import Sandbox


def snapshots(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in sandbox.get("/world")["vendors"]["aws"]["snapshots"]}


def test_nothing_is_there_while_aws_was_not_asked(sandbox: Sandbox):
    assert snapshots(sandbox) == {}


def test_snapshots_of_databases_and_caches_are_shown_as_they_come_about(sandbox: Sandbox):
    sandbox.reset(speed=1)
    client(sandbox, "rds").create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="mine")
    client(sandbox, "elasticache").create_snapshot(CacheClusterId="gemini-cache-002", SnapshotName="ours")
    mine, ours = snapshots(sandbox)["mine"], snapshots(sandbox)["ours"]
    assert (mine["source"], mine["state"]) == ("gemini-db", "creating")
    assert 0 <= mine["percent"] < 100
    assert (ours["source"], ours["state"], ours["percent"]) == ("gemini-cache-002", "creating", None)
    pass_time(sandbox, 1800)
    assert {snapshots(sandbox)[name]["state"] for name in ("mine", "ours")} == {"available"}


def test_one_that_vanished_is_not_there_and_one_that_failed_says_so(sandbox: Sandbox):
    client(sandbox, "rds").create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="mine")
    pass_time(sandbox, 1800)
    sandbox.post("/aws/snapshots", {"name": "mine", "fault": "fail"})
    assert snapshots(sandbox)["mine"]["state"] == "failed"
    sandbox.post("/aws/snapshots", {"name": "mine", "fault": "vanish"})
    assert "mine" not in snapshots(sandbox)


def test_a_copy_in_another_region_is_shown_too(sandbox: Sandbox):
    made = client(sandbox, "rds").create_db_snapshot(DBInstanceIdentifier="gemini-db", DBSnapshotIdentifier="mine")
    pass_time(sandbox, 1800)
    client(sandbox, "rds", region="us-west-1").copy_db_snapshot(
        SourceDBSnapshotIdentifier=made["DBSnapshot"]["DBSnapshotArn"],
        TargetDBSnapshotIdentifier="elsewhere",
        SourceRegion="eu-central-1",
    )
    assert "elsewhere" in snapshots(sandbox)
