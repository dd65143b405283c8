"""The read-only checks of AWS, on the running sandbox."""

from __future__ import annotations

from typing import Any

from dr_console.providers import checking
from dr_console.providers.aws import checks
from dr_console.providers.checking import Finding, State
from dr_console.providers.deadlines import Deadline
from tests.sandboxed import Sandbox


def _found(deadline: Deadline) -> dict[str, Finding]:
    return {found.subject: found for found in checking.check_all(["aws"], deadline=deadline)}


def test_all_is_well_in_a_new_world_and_nothing_is_changed(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    found = _found(soon)
    assert {subject: one.words for subject, one in found.items() if one.state is not State.OK} == {}
    assert found[checks.KEY].said.endswith(":user/dr-console")
    assert found[checks.DATABASE_QUOTA].said == "0/100"
    assert "gemini-cache-002 0/20" in found[checks.CACHE_QUOTA].said
    assert in_sandbox.get("/truth/effects", vendor="aws")["effects"] == []


def test_a_missing_right_is_named(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    in_sandbox.post("/aws/keys", {"denied": ["rds:CreateDBSnapshot", "lambda:UpdateAlias"]})
    rights = _found(soon)[checks.RIGHTS]
    assert (rights.state, rights.said) == (State.FAILED, "lambda:UpdateAlias, rds:CreateDBSnapshot")


def test_a_key_that_may_not_ask_leaves_its_rights_unknown(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    in_sandbox.post("/aws/keys", {"denied": ["iam:*"]})
    assert _found(soon)[checks.RIGHTS].state is State.UNKNOWN


def test_an_expired_key_fails_every_check(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    in_sandbox.post("/aws/keys", {"expired": ["*"]})
    assert _found(soon)[checks.KEY].state is State.FAILED


def test_what_is_not_there_fails(in_sandbox: Sandbox, settings: Any, held: None, soon: Deadline) -> None:
    aws = {**settings.DR_CREDENTIALS["aws"], "database": "nothing", "cache": "nothing", "hosted_zone": "Z1"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "aws": aws}
    failed = {one.error.code for one in _found(soon).values() if one.state is State.FAILED and one.error}
    assert failed == {"DBInstanceNotFound", "ReplicationGroupNotFoundFault", "NoSuchHostedZone"}


def test_a_role_is_asked_about_and_not_its_session() -> None:
    session = "arn:aws:sts::123456789012:assumed-role/dr-console/me"
    assert checks._principal(session) == "arn:aws:iam::123456789012:role/dr-console"
