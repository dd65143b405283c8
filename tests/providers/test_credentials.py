"""Credentials: what the environment has wins, a secret at AWS fills the rest, and the two worlds do not mix."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws import credential_secret, session
from dr_console.providers.credentials import credential, credential_or_none, sources
from dr_console.providers.deadlines import Deadline
from tests.providers import misbehaving as server_module
from tests.providers.misbehaving import Misbehaving, says
from tests.sandboxed import Sandbox

NAME = "dr-console/settings"


@pytest.fixture
def vault(settings: Any) -> Iterator[Misbehaving]:
    """Secrets Manager, as far as one call goes."""
    settings.DR_CREDENTIALS_SECRET = NAME
    credential_secret.forget()
    with server_module.misbehaving() as server:
        settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "aws": server.url}
        yield server
    credential_secret.forget()


def holds(**values: Any) -> Any:
    return says(json.dumps({"Name": NAME, "VersionId": "v" * 32, "SecretString": json.dumps(values)}).encode())


def token() -> str:
    return credential("vercel", "token", operation="ask")


def test_without_a_secret_nobody_asks_aws(settings: Any, vault: Misbehaving) -> None:
    settings.DR_CREDENTIALS_SECRET = ""
    assert token() == "sandbox-vercel-token"
    assert vault.asked == []


def test_the_secret_is_read_once_for_all(vault: Misbehaving) -> None:
    vault.does(holds(DR_VERCEL_TOKEN="sandbox-from-the-secret", DR_VERCEL_TEAM_ID="team_of_the_secret"))
    assert token() == "sandbox-from-the-secret"
    assert credential_or_none("vercel", "team_id") == "team_of_the_secret"
    assert credential_or_none("vercel", "project") == "gemini-toolbox", "what it does not hold is as it was"
    assert [json.loads(body) for _head, body in vault.asked] == [{"SecretId": NAME}]


def test_what_the_environment_has_wins(vault: Misbehaving, settings: Any) -> None:
    settings.DR_CREDENTIALS_GIVEN = frozenset({"DR_VERCEL_TOKEN"})
    vault.does(holds(DR_VERCEL_TOKEN="sandbox-from-the-secret"))
    assert token() == "sandbox-vercel-token"


def test_the_key_that_the_secret_is_read_with_is_not_looked_for_in_it(vault: Misbehaving) -> None:
    vault.does(holds(DR_AWS_ACCESS_KEY_ID="another", DR_AWS_BUCKET="a-bucket"))
    assert credential_or_none("aws", "access_key_id") == "sandbox-aws-key"
    assert vault.asked == []
    assert credential_or_none("aws", "bucket") == "a-bucket"


def test_a_rotated_token_is_noticed_and_an_old_one_used_while_aws_is_silent(
    vault: Misbehaving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(credential_secret, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(credential_secret, "AGAIN_AFTER_SECONDS", 0.0)
    denied = says(b'{"__type": "AccessDeniedException", "message": "no"}', 400)
    vault.does(holds(DR_VERCEL_TOKEN="sandbox-1"), denied, holds(DR_VERCEL_TOKEN="sandbox-2"))
    assert [token(), token(), token()] == ["sandbox-1", "sandbox-1", "sandbox-2"]
    assert "go on being used" in caplog.text
    assert "sandbox-1" not in caplog.text


def test_a_secret_that_cannot_be_read_says_why(vault: Misbehaving) -> None:
    vault.does(says(b'{"__type": "ResourceNotFoundException", "message": "cannot find it"}', 400))
    with pytest.raises(ProviderError) as caught:
        token()
    assert (caught.value.vendor, caught.value.problem) == ("AWS", Problem.NOT_FOUND)
    assert "cannot find it" in str(caught.value)


@pytest.mark.parametrize("text", ["", "hunter2", "[1]", '{"DR_VERCEL_TOKEN": 5}', '{"DR_VERCEL_TOKEN": null}'])
def test_a_secret_of_another_shape_is_named_and_not_quoted(vault: Misbehaving, text: str) -> None:
    vault.does(says(json.dumps({"SecretString": text}).encode()))
    with pytest.raises(ProviderError) as caught:
        token()
    assert (caught.value.problem, caught.value.permanent) == (Problem.SETTINGS, True)
    assert "DR_CREDENTIALS_SECRET" in caught.value.said
    assert "hunter2" not in str(caught.value)


def test_a_name_that_is_no_setting_is_warned_of(vault: Misbehaving, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    vault.does(holds(DR_VERCEL_TOKN="sandbox-typo"))
    assert token() == "sandbox-vercel-token"
    assert "DR_VERCEL_TOKN" in caplog.text


@pytest.mark.parametrize(("mode", "value"), [("sandbox", "a-real-one"), ("live", "sandbox-one")])
def test_a_secret_of_the_other_world_is_refused(vault: Misbehaving, settings: Any, mode: str, value: str) -> None:
    settings.DR_MODE = mode
    vault.does(holds(DR_VERCEL_TOKEN=value))
    with pytest.raises(ProviderError) as caught:
        token()
    assert caught.value.problem is Problem.SETTINGS
    assert "DR_VERCEL_TOKEN" in caught.value.said
    assert value not in caught.value.said


def test_what_is_nowhere_is_named(vault: Misbehaving) -> None:
    vault.does(holds())
    with pytest.raises(ProviderError) as caught:
        credential("aws", "hosted_zone", operation="read the DNS record")
    assert (caught.value.problem, caught.value.said) == (Problem.SETTINGS, "DR_AWS_HOSTED_ZONE")


def test_the_sandboxs_own_vault_can_hold_them(in_sandbox: Sandbox, settings: Any, soon: Deadline) -> None:
    settings.DR_CREDENTIALS_SECRET = NAME
    credential_secret.forget()
    session.call(
        session.client("secretsmanager", operation="create"),
        "create_secret",
        operation="create",
        deadline=soon,
        Name=NAME,
        SecretString=json.dumps({"DR_VERCEL_TOKEN": "sandbox-kept-in-the-vault"}),
    )
    assert token() == "sandbox-kept-in-the-vault"
    assert sources(["vercel"])["DR_VERCEL_TOKEN"] == "secret"
    assert sources(["vercel"], with_secret=False)["DR_VERCEL_TOKEN"] == "sandbox"
    credential_secret.forget()
