"""The secret vault: the same tests on answers written by hand, and on the running sandbox."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.aws.secrets_manager import SecretsManagerVault
from dr_console.providers.capabilities.vault import Vault
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_aws import NOW, FakedAws, Refusal
from tests.providers.faked_vault import FakedSecrets
from tests.sandboxed import Sandbox

FIRST, SECOND = '{"KEY": "hush-one"}', '{"KEY": "hush-two"}'
# Neither its bytes nor its characters fit into one secret.
LARGE = "ü1" * 45_000


@pytest.fixture(params=["faked", "sandbox"])
def vault(request: pytest.FixtureRequest) -> Vault:
    if request.param == "faked":
        FakedSecrets().fake().install(request.getfixturevalue("monkeypatch"))
    else:
        request.getfixturevalue("in_sandbox")
    request.getfixturevalue("held")
    return registry.vault()


def test_what_was_kept_is_read_again_under_the_label_of_its_day(vault: Vault, soon: Deadline) -> None:
    stored = vault.put("toolbox", FIRST, day="20261122", deadline=soon)
    assert (stored.is_new, stored.label, stored.parts) == (True, "dr-20261122", 1)
    found = vault.get("toolbox", deadline=soon)
    assert (found.body, found.version, found.digest) == (FIRST, stored.version, stored.digest)
    assert found.labels == {"AWSCURRENT", "dr-20261122"}
    assert vault.get("toolbox", label="dr-20261122", deadline=soon) == found


def test_the_same_again_makes_no_version(vault: Vault, soon: Deadline) -> None:
    first = vault.put("toolbox", FIRST, day="20261122", deadline=soon)
    again = vault.put("toolbox", FIRST, day="20261123", deadline=soon)
    assert (again.version, again.is_new) == (first.version, False)
    assert len(vault.versions("toolbox", deadline=soon)) == 1


def test_there_is_one_write_a_day_at_most_unless_asked_for(vault: Vault, soon: Deadline) -> None:
    vault.put("toolbox", FIRST, day="20261122", deadline=soon)
    second = vault.put("toolbox", SECOND, day="20261122", deadline=soon)
    assert not second.is_new
    assert vault.get("toolbox", deadline=soon).body == FIRST
    assert vault.put("toolbox", SECOND, day="20261122", again=True, deadline=soon).is_new
    assert vault.get("toolbox", deadline=soon).body == SECOND


def test_a_document_goes_back_to_an_earlier_version_and_forth(vault: Vault, soon: Deadline) -> None:
    first = vault.put("toolbox", FIRST, day="20261121", deadline=soon)
    second = vault.put("toolbox", SECOND, day="20261122", deadline=soon)
    assert [kept.version for kept in vault.versions("toolbox", deadline=soon)] == [second.version, first.version]
    kept = vault.roll_back("toolbox", to=first.version, deadline=soon)
    assert (kept.version, kept.is_current) == (first.version, True)
    assert vault.roll_back("toolbox", to=first.version, deadline=soon).is_current
    assert vault.get("toolbox", deadline=soon).body == FIRST
    vault.roll_back("toolbox", to=second.version, deadline=soon)
    assert vault.get("toolbox", deadline=soon).body == SECOND
    assert vault.get("toolbox", label="dr-20261121", deadline=soon).body == FIRST


def test_a_large_document_lies_in_parts_and_comes_back_whole(vault: Vault, soon: Deadline) -> None:
    first = vault.put("toolbox", LARGE, day="20261121", deadline=soon)
    assert first.parts == 3
    vault.put("toolbox", LARGE + "!", day="20261122", deadline=soon)
    assert vault.get("toolbox", deadline=soon).body == LARGE + "!"
    assert vault.get("toolbox", version=first.version, deadline=soon).body == LARGE
    vault.roll_back("toolbox", to=first.version, deadline=soon)
    assert vault.get("toolbox", deadline=soon).body == LARGE
    assert vault.names(deadline=soon) == ["toolbox"]


def test_what_is_deleted_can_be_brought_back_with_its_parts(vault: Vault, soon: Deadline) -> None:
    vault.put("toolbox", LARGE, day="20261122", deadline=soon)
    assert vault.delete("toolbox", recoverable_days=7, deadline=soon) > NOW
    with pytest.raises(ProviderError, match="marked for deletion"):
        vault.get("toolbox", deadline=soon)
    assert vault.names(deadline=soon) == []
    vault.undelete("toolbox", deadline=soon)
    assert vault.get("toolbox", deadline=soon).body == LARGE


def test_what_is_not_there_is_not_found(vault: Vault, soon: Deadline) -> None:
    with pytest.raises(ProviderError) as caught:
        vault.get("nothing", deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.NOT_FOUND, True)
    vault.put("toolbox", FIRST, day="20261122", deadline=soon)
    with pytest.raises(ProviderError) as caught:
        vault.roll_back("toolbox", to="0" * 36, deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


def test_it_is_recoverable_for_a_week_to_a_month(vault: Vault, soon: Deadline) -> None:
    with pytest.raises(ProviderError, match="7 to 30"):
        vault.delete("toolbox", recoverable_days=3, deadline=soon)


def test_a_lost_answer_makes_no_second_version(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    vault = SecretsManagerVault()
    vault.put("toolbox", FIRST, day="20261121", deadline=soon)
    route = "secretsmanager.PutSecretValue"
    in_sandbox.post("/faults", {"vendor": "aws", "route": route, "kind": "reset", "after_effect": True, "times": 1})
    assert vault.put("toolbox", SECOND, day="20261122", deadline=soon).is_new
    assert len(vault.versions("toolbox", deadline=soon)) == 2


def test_parts_that_do_not_fit_together_are_not_taken_for_the_document(monkeypatch: Any, soon: Deadline) -> None:
    fake = FakedSecrets()
    fake.fake().install(monkeypatch)
    vault = SecretsManagerVault()
    stored = vault.put("toolbox", LARGE, day="20261122", deadline=soon)
    fake.secrets["dr-console/toolbox/part-002"][stored.version]["SecretString"] = "spoilt"
    with pytest.raises(ProviderError, match="do not make up") as caught:
        vault.get("toolbox", deadline=soon)
    assert caught.value.problem is Problem.GARBLED
    with pytest.raises(ProviderError, match="do not make up"):
        vault.roll_back("toolbox", to=stored.version, deadline=soon)


@pytest.mark.parametrize(
    "value",
    ["hush-hush", '{"format": "other", "sha256": "", "body": "hush-hush"}', '{"sha256": 5, "body": "hush-hush"}'],
)
def test_what_somebody_else_wrote_is_refused_and_never_quoted(monkeypatch: Any, soon: Deadline, value: str) -> None:
    answer = {"VersionId": "v" * 32, "CreatedDate": NOW, "SecretString": value}
    FakedAws({"secretsmanager.GetSecretValue": answer}).install(monkeypatch)
    with pytest.raises(ProviderError) as caught:
        SecretsManagerVault().get("toolbox", deadline=soon)
    assert caught.value.problem is Problem.GARBLED
    assert "hush" not in f"{caught.value} {caught.value.facts()}"


def test_an_answer_without_its_fields_is_garbled_and_never_quoted(monkeypatch: Any, soon: Deadline) -> None:
    FakedAws({"secretsmanager.GetSecretValue": {"SecretString": "hush-hush"}}).install(monkeypatch)
    with pytest.raises(ProviderError, match="VersionId") as caught:
        SecretsManagerVault().get("toolbox", deadline=soon)
    assert "hush" not in str(caught.value)


def test_no_value_is_in_a_log_or_a_repr(in_sandbox: Sandbox, soon: Deadline, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="dr_console")
    vault = SecretsManagerVault()
    vault.put("toolbox", FIRST, day="20261122", deadline=soon)
    assert "hush" not in repr(vault.get("toolbox", deadline=soon))
    assert "hush" not in caplog.text


@pytest.mark.parametrize(
    ("refusal", "problem", "outcome"),
    [
        (Refusal("LimitExceededException", "too many versions"), Problem.THROTTLED, Outcome.NOTHING),
        (Refusal("AccessDeniedException", "not authorized", 400), Problem.CREDENTIALS, Outcome.NOTHING),
        (Refusal("InternalServiceError", "", 500), Problem.REFUSED, Outcome.UNKNOWN),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_what_aws_says_is_said(monkeypatch: Any, refusal: Refusal, problem: Problem, outcome: Outcome) -> None:
    wire = FakedSecrets().fake()
    wire.answers["secretsmanager.PutSecretValue"] = refusal
    wire.install(monkeypatch)
    with pytest.raises(ProviderError) as caught:
        SecretsManagerVault().put("toolbox", FIRST, day="20261122", deadline=Deadline.after(0.5))
    assert (caught.value.problem, caught.value.outcome, caught.value.code) == (problem, outcome, refusal.code)
    assert "hush" not in str(caught.value)
