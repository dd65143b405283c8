"""Prometheus: queries of the settings, as its documentation says it answers, and as it must not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from dr_console.errors import Problem, ProviderError
from dr_console.providers import prometheus, registry
from dr_console.providers.checking import State, check_all
from dr_console.providers.deadlines import Deadline
from incidents.models import Sample, Source, Turn
from incidents.queries.metrics import PROMETHEUS_TURN
from incidents.services import samples
from tests import make

URL = "http://127.0.0.1:9090"
QUERY = f"{URL}/api/v1/query"
AT = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAN = {"metric": {}, "value": [1.0, "NaN"]}


@pytest.fixture(autouse=True)
def _prometheus(settings: Any) -> None:
    settings.DR_PROMETHEUS_URL, settings.DR_PROMETHEUS_TOKEN = URL, ""
    settings.DR_PROMETHEUS_QUERIES = dict.fromkeys(settings.DR_PROMETHEUS_QUERIES, "") | {
        "error_rate": "100 * sum(rate(errors[$window])) / sum(rate(all[$window]))"
    }


def vector(*values: str) -> dict[str, Any]:
    result = [{"metric": {"n": str(n)}, "value": [1763821800.0, value]} for n, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def read(metric: str = "error_rate", *, window: timedelta = MINUTE) -> float | None:
    return registry.metrics().read(metric, window=window, at=AT, deadline=Deadline.after(5))


@respx.mock
def test_the_query_looks_back_over_the_window_and_ends_at_the_moment_asked_for():
    route = respx.get(QUERY).respond(json=vector("1.25"))
    assert read(window=timedelta(minutes=5)) == 1.25
    asked = route.calls.last.request.url.params
    assert asked["query"] == "100 * sum(rate(errors[300s])) / sum(rate(all[300s]))"
    assert float(asked["time"]) == AT.timestamp()


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (vector("3"), 3.0),
        ({"status": "success", "data": {"resultType": "scalar", "result": [1.0, "4"]}}, 4.0),
        (vector(), None),
        (vector("NaN"), None),
        (vector("+Inf"), None),
        ({**vector("5"), "warnings": ["PromQL warning: …"]}, 5.0),
    ],
)
@respx.mock
def test_one_value_is_one_and_nothing_is_nothing(answer, value):
    respx.get(QUERY).respond(json=answer)
    assert read() == value


@respx.mock
def test_several_values_are_a_mistake_in_the_settings():
    respx.get(QUERY).respond(json=vector("1", "2"))
    with pytest.raises(ProviderError) as caught:
        read()
    assert caught.value.problem is Problem.SETTINGS
    assert "DR_PROMETHEUS_ERROR_RATE: gives 2 values" in str(caught.value)


@respx.mock
def test_a_wrong_query_is_told_in_its_own_words():
    answer = {"status": "error", "errorType": "bad_data", "error": "1:5: parse error: unexpected end"}
    respx.get(QUERY).respond(400, json=answer)
    with pytest.raises(ProviderError) as caught:
        read()
    assert (caught.value.problem, caught.value.code, caught.value.permanent) == (Problem.REFUSED, "bad_data", True)
    assert "parse error" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(200, text="<html>log in</html>"), Problem.GARBLED),
        (httpx.Response(200, json={"status": "success"}), Problem.GARBLED),
        (
            httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": []}}),
            Problem.GARBLED,
        ),
        (httpx.Response(401, text="Unauthorized"), Problem.CREDENTIALS),
        (httpx.Response(302, headers={"Location": "/login"}), Problem.GARBLED),
    ],
)
@respx.mock
def test_what_is_no_answer_of_prometheus_is_no_value(answer, problem):
    respx.get(QUERY).mock(return_value=answer)
    with pytest.raises(ProviderError) as caught:
        read()
    assert caught.value.problem is problem


@respx.mock
def test_the_token_is_sent_and_never_quoted(settings):
    settings.DR_PROMETHEUS_TOKEN = "very-secret"
    route = respx.get(QUERY).respond(400, text="no very-secret here")
    with pytest.raises(ProviderError) as caught:
        read()
    assert route.calls.last.request.headers["Authorization"] == "Bearer very-secret"
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://10.1.2.3:9090", "http://169.254.169.254", "http://93.184.215.14"])
def test_in_the_sandbox_no_other_machine_is_asked(settings, url):
    settings.DR_PROMETHEUS_URL = url
    with pytest.raises(ProviderError) as caught:
        read()
    assert caught.value.problem is Problem.SETTINGS
    assert "not on this machine" in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://10.1.2.3:9090"])
def test_in_life_a_private_address_has_to_be_allowed(settings, url):
    settings.DR_PROMETHEUS_URL, settings.DR_MODE = url, "live"
    with pytest.raises(ProviderError) as caught:
        read()
    assert "is not a public address" in str(caught.value)
    settings.DR_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.DR_PROMETHEUS_URL = "http://127.0.0.1:9"
    with pytest.raises(ProviderError) as caught:
        registry.metrics().read("error_rate", window=MINUTE, at=AT, deadline=Deadline.after(0.5))
    assert caught.value.problem is Problem.UNREACHABLE


# The checks, and what is kept -------------------------------------------------------------------------


def found() -> list[tuple[State, str]]:
    return [(one.state, str(one)) for one in check_all(["prometheus"], deadline=Deadline.after(5))]


@respx.mock
def test_the_check_evaluates_each_query():
    respx.get(QUERY).respond(json=vector("0.5"))
    assert found() == [(State.OK, "The query DR_PROMETHEUS_ERROR_RATE gives one value")]
    respx.get(QUERY).respond(json=vector())
    assert found()[0][0] is State.UNKNOWN
    respx.get(QUERY).respond(400, json={"status": "error", "errorType": "bad_data", "error": "no"})
    assert found()[0][0] is State.FAILED


def test_without_an_address_nothing_is_asked(settings):
    settings.DR_PROMETHEUS_URL = ""
    assert found() == [(State.NOT_SET, prometheus.QUERIES)]
    with pytest.raises(ProviderError, match="DR_PROMETHEUS_URL"):
        read()


@pytest.mark.django_db
@respx.mock
def test_what_it_gives_is_kept_with_the_plans_window():
    make.plan()
    route = respx.get(QUERY).respond(json=vector("2.5"))
    assert samples.read_prometheus() == 1
    assert "[60s]" in route.calls.last.request.url.params["query"]
    kept = Sample.objects.get()
    assert (kept.metric, kept.value, kept.source, kept.token) == ("error_rate", 2.5, Source.PROMETHEUS, None)
    assert Turn.objects.get(name=PROMETHEUS_TURN).trouble is None


@pytest.mark.django_db
@respx.mock
def test_one_query_that_fails_leaves_the_others_and_is_kept_for_the_page(settings):
    make.plan()
    settings.DR_PROMETHEUS_QUERIES = settings.DR_PROMETHEUS_QUERIES | {"availability": "wrong(", "throughput": "t"}

    def answer(request: httpx.Request) -> httpx.Response:
        if "wrong" in request.url.params["query"]:
            return httpx.Response(400, json={"status": "error", "errorType": "bad_data", "error": "parse error"})
        return httpx.Response(200, json=vector("7"))

    respx.get(QUERY).mock(side_effect=answer)
    assert samples.read_prometheus() == 2
    trouble = ProviderError.from_facts(Turn.objects.get(name=PROMETHEUS_TURN).trouble)
    assert "parse error" in str(trouble)


@pytest.mark.django_db
def test_a_server_that_is_gone_leaves_the_metric_unknown():
    make.plan()
    assert samples.read_prometheus() == 0
    assert Turn.objects.get(name=PROMETHEUS_TURN).trouble["problem"] == "unreachable"
    assert not Sample.objects.exists()
