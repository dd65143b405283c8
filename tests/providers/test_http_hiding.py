"""The wire never quotes a secret: not in an error, its causes, a log or a record, in whatever form."""

from __future__ import annotations

import json
import logging
import traceback

import httpx
import pytest
import respx

from dr_console.errors import Problem, ProviderError
from dr_console.providers.calls import Call
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire
from tests.providers.misbehaving import Misbehaving, says
from tests.providers.test_http import TOKEN, URL, Thing, bad, call, heard, refused

__all__ = ["bad", "heard"]


@respx.mock
def test_an_answer_that_repeats_the_token_is_quoted_without_it() -> None:
    escaped = json.dumps({"a": f"token {TOKEN}", "b": "very-secret%2Ftoken%2B1"}).replace("/", r"\/")
    respx.post(f"{URL}/things").respond(400, text=f"{escaped} Bearer {TOKEN}")
    assert "secret" not in _everything_said_by(refused())


@respx.mock
def test_a_secret_is_not_left_in_half_where_a_quotation_ends() -> None:
    respx.post(f"{URL}/things").respond(400, text="x" * 190 + TOKEN)
    assert "very" not in _everything_said_by(refused())


@respx.mock
def test_an_answer_that_holds_secrets_is_not_quoted_at_all() -> None:
    respx.get(f"{URL}/things").respond(json={"value": "hunter2"})
    answer = call(method="GET", sensitive=True)
    with pytest.raises(ProviderError) as caught:
        answer.read_as(Thing)
    assert "hunter2" not in _everything_said_by(caught.value) + repr(answer)


@respx.mock
def test_a_password_in_basic_authentication_is_hidden_in_both_its_forms() -> None:
    respx.get(f"{URL}/things").mock(
        side_effect=lambda request: httpx.Response(400, text=f"{request.headers['authorization']} s3cr3t!")
    )
    wire = Wire("Vendor", URL, auth=("AC00", "s3cr3t!"))
    with pytest.raises(ProviderError) as caught:
        wire.call("GET", "/things", operation="read", deadline=Deadline.after(5))
    assert caught.value.said == "“Basic ••• •••”"


@pytest.mark.parametrize("token", ["secret\nline", "secret-with-’", "secret\x00"])
def test_a_token_that_cannot_be_sent_is_not_quoted(bad: Misbehaving, token: str) -> None:
    bad.does(says())
    wire = Wire("Vendor", bad.url, headers={"Authorization": f"Bearer {token}"}, secrets=[token])
    with pytest.raises(ProviderError) as caught:
        wire.call("POST", "/", operation="post", deadline=Deadline.after(5))
    assert (caught.value.problem, caught.value.permanent) == (Problem.SETTINGS, True)
    assert "secret" not in _everything_said_by(caught.value)


def test_a_password_in_an_address_is_neither_recorded_nor_logged(
    bad: Misbehaving, heard: list[Call], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bad.does(says())
    call(bad.url.replace("//", "//user:hunter2@"), path=f"/hooks/{TOKEN}")
    assert heard[0].url == f"{bad.url}/hooks/•••"
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("dr_console")]
    assert "hunter2" not in "".join(ours)


def test_what_httpx_itself_would_log_is_not_let_through() -> None:
    from django.conf import settings  # noqa: PLC0415 (only this test wants it)

    for name in ("httpx", "httpcore", "botocore", "boto3", "urllib3", "s3transfer"):
        assert settings.LOGGING["loggers"][name]["level"] == "WARNING", name


def _everything_said_by(error: ProviderError) -> str:
    """What a log, a run's events or a page might show of it."""
    return "".join([*traceback.format_exception(error), str(error), repr(error), repr(error.facts())])
