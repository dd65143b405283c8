"""POST /api/v1/samples: what programs may push, and what they are told when they may not."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import jsonschema
import pytest
from django.utils.timezone import now

from dr_console.people import tokens
from dr_console.people.models import ApiToken
from incidents.models import Sample
from incidents.services import samples
from tests import make

pytestmark = pytest.mark.django_db

URL = "/api/v1/samples"
GOOD = {"metric": "throughput", "value": 240.5}


def push(client, body, token="", **headers):
    sent = body if isinstance(body, str | bytes) else json.dumps(body)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return client.post(URL, sent, content_type="application/json", headers=headers)


@pytest.fixture
def token():
    return make.api_token()


def problems(response):
    assert response.status_code == 422, response.content
    return {one["where"]: one["problem"] for one in response.json()["problems"]}


def test_a_sample_is_kept(client, token):
    at = "2026-11-22T14:30:00+09:00"
    moment = datetime.fromisoformat(at)
    ApiToken.objects.update(last_used_at=None)
    body = {"samples": [GOOD | {"at": (now() - timedelta(minutes=1)).isoformat(), "count": 12}]}
    response = push(client, body, token)
    assert (response.status_code, response.json()) == (200, {"received": 1, "known": 0})
    kept = Sample.objects.get()
    assert (kept.metric, kept.value, kept.count, kept.source) == ("throughput", 240.5, 12, "pushed")
    assert kept.token.last_used_at is not None
    assert moment.astimezone(UTC).hour == 5


def test_without_a_time_it_was_just_now(client, token):
    push(client, {"samples": [GOOD]}, token)
    assert now() - Sample.objects.get().at < timedelta(seconds=10)


def test_to_send_the_same_again_is_harmless(client, token):
    body = {"samples": [GOOD | {"at": now().isoformat()}]}
    push(client, body, token)
    assert push(client, body, token).json() == {"received": 1, "known": 1}
    assert Sample.objects.count() == 1


def test_two_programs_may_measure_the_same_moment(client, token):
    body = {"samples": [GOOD | {"at": now().isoformat()}]}
    push(client, body, token)
    assert push(client, body, make.api_token("another")).json()["known"] == 0
    assert Sample.objects.count() == 2


def test_doubles_in_one_batch_are_one(client, token):
    one = GOOD | {"at": now().isoformat()}
    assert push(client, {"samples": [one, one]}, token).status_code == 200
    assert Sample.objects.count() == 1


def test_a_thousand_in_any_order_are_taken_at_once(client, token, django_assert_max_num_queries):
    at = now() - timedelta(hours=1)
    many = [GOOD | {"at": (at + timedelta(seconds=count)).isoformat()} for count in range(1000)]
    with django_assert_max_num_queries(16):
        assert push(client, {"samples": many[::-1]}, token).json() == {"received": 1000, "known": 0}


# What is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "where", "word"),
    [
        ({"metric": "temperature"}, "samples[1].metric", "availability"),
        ({"value": -1}, "samples[1].value", "greater than or equal to 0"),
        ({"value": "NaN"}, "samples[1].value", "finite"),
        ({"value": "fast"}, "samples[1].value", "number"),
        ({"value": None}, "samples[1].value", "number"),
        ({"metric": "availability", "value": 101}, "samples[1]", "percentage"),
        ({"at": "yesterday"}, "samples[1].at", "datetime"),
        ({"at": "2026-11-22T14:30:00"}, "samples[1].at", "timezone"),
        ({"at": "2199-01-01T00:00:00Z"}, "samples[1].at", "future"),
        ({"at": "2001-01-01T00:00:00Z"}, "samples[1].at", "longer ago"),
        ({"count": 0}, "samples[1].count", "greater than or equal to 1"),
        ({"vlaue": 3}, "samples[1].vlaue", "not permitted"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(client, token, changed, where, word):
    found = problems(push(client, {"samples": [GOOD, GOOD | changed]}, token))
    assert word in found[where]
    assert not Sample.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "{}", '{"samples": []}', '{"samples": 3}', b"\xff\xfe"])
def test_nonsense_is_refused_in_words(client, token, body):
    response = push(client, body, token)
    assert response.status_code in (400, 422)
    assert response.json()["error"]


def test_a_body_of_megabytes_is_refused_in_words(client, token):
    response = push(client, '{"samples": [' + " " * 3_000_000 + "]}", token)
    assert response.status_code == 413
    assert "too big" in response.json()["error"]


def test_more_than_a_thousand_are_too_many(client, token):
    assert "1000" in problems(push(client, {"samples": [GOOD] * 1001}, token))["samples"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic abc", "Bearer drc_" + "x" * 43])
def test_strangers_are_told_to_send_a_token(client, header):
    response = client.post(
        URL, {"samples": [GOOD]}, content_type="application/json", headers={"Authorization": header} if header else {}
    )
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert "token" in response.json()["error"]


def test_a_login_in_the_browser_opens_nothing_here(client):
    client.force_login(make.user("root", role="administrator"))
    assert push(client, {"samples": [GOOD]}).status_code == 401


@pytest.mark.parametrize("fields", [{"revoked_at": now()}, {"expires_at": now() - timedelta(seconds=1)}])
def test_a_token_that_is_revoked_or_expired_opens_nothing(client, fields):
    assert push(client, {"samples": [GOOD]}, make.api_token(**fields)).status_code == 401


def test_a_token_for_something_else_is_told_so(client):
    response = push(client, {"samples": [GOOD]}, make.api_token(scopes=()))
    assert response.status_code == 403
    assert "push_samples" in response.json()["error"]


def test_the_rate_is_limited_for_each_token_by_itself(client, token, settings, time_machine):
    time_machine.move_to("2026-11-22 14:30:20 +0000", tick=False)
    settings.DR_API_CALLS_PER_MINUTE = 3
    codes = [push(client, {"samples": [GOOD]}, token).status_code for _call in range(4)]
    assert codes == [200, 200, 200, 429]
    response = push(client, {"samples": [GOOD]}, token)
    assert response["Retry-After"] == "40"
    assert "40 s" in response.json()["error"]
    assert push(client, {"samples": [GOOD]}, make.api_token("another")).status_code == 200
    time_machine.move_to("2026-11-22 14:31:00 +0000", tick=False)
    assert push(client, {"samples": [GOOD]}, token).status_code == 200


def test_what_is_refused_counts_as_a_call_too(client, token, settings):
    settings.DR_API_CALLS_PER_MINUTE = 1
    push(client, "{", token)
    assert push(client, {"samples": [GOOD]}, token).status_code == 429


@pytest.mark.parametrize("path", ["sample", "samples/", "docs", "x/y"])
def test_other_addresses_are_answered_in_json_too(client, path):
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 404
    assert response.json()["error"]


def test_nothing_of_it_is_in_memory_until_it_is_called():
    """Every process that makes the address of a page would hold it otherwise."""
    program = "import django; django.setup(); from django.urls import reverse; reverse('home'); import sys; "
    program += "sys.exit('ninja' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_it_is_only_posted_to(client, token):
    assert client.get(URL, headers={"Authorization": f"Bearer {token}"}).status_code == 405


# What is written down ---------------------------------------------------------------------------------


def test_the_token_itself_is_nowhere_in_the_database(token):
    row = ApiToken.objects.values().get()
    assert token not in str(row)
    assert token.startswith(row["hint"])
    assert len(row["hint"]) < len(token) / 4


def test_the_description_fits_what_is_answered(client, token):
    described = client.get("/api/v1/openapi.json").json()
    operation = described["paths"][URL]["post"]
    schemas = {"components": described["components"]}
    for body, status in [({"samples": [GOOD]}, "200"), ({"samples": [{}]}, "422")]:
        response = push(client, body, token)
        schema = operation["responses"][status]["content"]["application/json"]["schema"]
        jsonschema.validate(response.json(), schema | schemas)
    assert operation["security"] == [{"Bearer": []}]
    assert described["components"]["securitySchemes"]["Bearer"]["scheme"] == "bearer"


def test_old_samples_are_forgotten(client, token):
    push(client, {"samples": [GOOD, GOOD | {"metric": "error_rate", "value": 1}]}, token)
    Sample.objects.filter(metric="error_rate").update(at=now() - samples.KEPT - timedelta(seconds=1))
    assert samples.prune() == 1
    assert Sample.objects.get().metric == "throughput"


def test_two_that_begin_a_minute_at_once_are_both_counted(token, settings):
    settings.DR_API_CALLS_PER_MINUTE = 2
    row = ApiToken.objects.get()
    tokens._count_call(row, now())
    tokens._count_call(row, ApiToken.objects.get().minute)
    with pytest.raises(tokens.TooManyCalls):
        tokens._count_call(row, ApiToken.objects.get().minute)


@pytest.mark.django_db(transaction=True)
def test_a_real_server_takes_it(server):
    headers = {"Authorization": f"Bearer {make.api_token()}"}
    answer = httpx.post(f"{server}{URL}", json={"samples": [GOOD]}, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"received": 1, "known": 0})
    assert httpx.post(f"{server}{URL}", json={"samples": [GOOD]}).status_code == 401
    assert httpx.get(f"{server}/api/v1/openapi.json").json()["info"]["title"] == "DR Console"
