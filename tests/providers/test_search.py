"""The search index: rebuilt by two requests that the settings describe, against a faked wire and the sandbox."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import respx

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.search import RebuildState, SearchProvider
from dr_console.providers.checking import State, check_all
from dr_console.providers.deadlines import Deadline
from dr_console.providers.search_index import at_path
from tests.sandboxed import Sandbox

URL = "http://127.0.0.1:8100/search"


@pytest.fixture
def index() -> SearchProvider:
    return registry.search()


@pytest.fixture
def with_settings(settings: Any) -> Any:
    def change(**values: str) -> None:
        known = settings.DR_CREDENTIALS
        settings.DR_CREDENTIALS = {**known, "search": {**known["search"], **values}}

    return change


@pytest.fixture(params=["faked", "sandbox"])
def answering(request: pytest.FixtureRequest, with_settings: Any) -> Any:
    """Something that rebuilds an index: written answers, or the sandbox."""
    if request.param == "sandbox":
        sandbox: Sandbox = request.getfixturevalue("sandbox")
        sandbox.reset(speed=600)
        url = f"{sandbox.url}/search"
        with_settings(start_url=f"{url}/rebuild", status_url=f"{url}/tasks/TASK")
        yield sandbox
        return
    percents = iter([0, 0, 40, 100, 100, 100])
    begun: list[str] = []

    def start(request: httpx.Request) -> httpx.Response:
        if begun:
            return httpx.Response(409, json={"error": "a rebuild is already running", "task": "rebuild-1"})
        begun.append("rebuild-1")
        return httpx.Response(202, json={"task": "rebuild-1"})

    def look(request: httpx.Request) -> httpx.Response:
        percent = next(percents)
        return httpx.Response(200, json={"status": "succeeded" if percent == 100 else "running", "percent": percent})

    with respx.mock:
        respx.post(f"{URL}/rebuild").mock(side_effect=start)
        respx.get(f"{URL}/tasks/rebuild-1").mock(side_effect=look)
        respx.get(url__startswith=f"{URL}/tasks/").respond(404, json={"error": "there is no such task"})
        yield None


@pytest.mark.usefixtures("answering")
def test_a_rebuild_is_started_and_waited_for(index: SearchProvider, soon: Deadline) -> None:
    begun = index.start(deadline=soon)
    assert (begun.id, begun.state) == ("rebuild-1", RebuildState.RUNNING)
    assert index.state(begun.id, deadline=soon).state is RebuildState.RUNNING
    done = index.wait_until_done(begun.id, deadline=soon)
    assert (done.state, done.percent, done.said) == (RebuildState.SUCCEEDED, 100, "succeeded")


@pytest.mark.usefixtures("answering")
def test_one_that_runs_already_is_joined(index: SearchProvider, soon: Deadline) -> None:
    assert index.start(deadline=soon).id == index.start(deadline=soon).id == "rebuild-1"


@pytest.mark.usefixtures("answering")
def test_one_that_nobody_knows_is_not_found(index: SearchProvider, soon: Deadline) -> None:
    with pytest.raises(ProviderError) as caught:
        index.state("nobody/knows?it", deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


@respx.mock
def test_other_words_at_other_places_in_other_requests(
    index: SearchProvider, soon: Deadline, with_settings: Any
) -> None:
    with_settings(
        start_url="https://search.test/_reindex?wait=no",
        start_method="put",
        headers='{"Authorization": "ApiKey hunter2"}',
        start_body='{"source": {"index": "old"}}',
        id_path="tasks.0.id",
        status_url="https://search.test/_tasks?id=TASK",
        status_path="task.state",
        percent_path="",
        succeeded="DONE, WARNED",
        failed="BROKEN",
    )
    start = respx.put("https://search.test/_reindex?wait=no").respond(json={"tasks": [{"id": 7}]})
    look = respx.get("https://search.test/_tasks?id=7").respond(json={"task": {"state": "WARNED"}})
    assert index.start(deadline=soon).id == "7"
    assert index.wait_until_done("7", deadline=soon).percent is None
    assert json.loads(start.calls.last.request.content) == {"source": {"index": "old"}}
    assert look.calls.last.request.headers["authorization"] == "ApiKey hunter2"


@respx.mock
def test_one_that_fails_says_so(index: SearchProvider, soon: Deadline) -> None:
    respx.get(f"{URL}/tasks/a").respond(json={"status": "failed"})
    with pytest.raises(ProviderError) as caught:
        index.wait_until_done("a", deadline=soon)
    assert (caught.value.problem, caught.value.said) == (Problem.FAILED, "failed")


@respx.mock
def test_one_that_takes_too_long_is_not_done_in_time(index: SearchProvider, with_settings: Any) -> None:
    respx.get(f"{URL}/tasks/a").respond(json={"status": "running", "percent": 3})
    with_settings(seconds="1")
    with pytest.raises(ProviderError) as caught:
        index.wait_until_done("a", deadline=Deadline.after(60))
    assert caught.value.problem is Problem.NOT_IN_TIME


@respx.mock
def test_without_an_address_to_look_at_it_is_done_when_it_is_started(
    index: SearchProvider, soon: Deadline, with_settings: Any
) -> None:
    respx.post(f"{URL}/rebuild").respond(204)
    with_settings(status_url="")
    assert index.start(deadline=soon).state is RebuildState.SUCCEEDED


@respx.mock
@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"task": null}', '{"task": ""}', "<html>", '{"task": {"id": 1}}'])
def test_an_answer_without_an_id_is_garbled_and_leaves_a_doubt(
    index: SearchProvider, soon: Deadline, answer: str
) -> None:
    respx.post(f"{URL}/rebuild").respond(text=answer)
    with pytest.raises(ProviderError) as caught:
        index.start(deadline=soon)
    assert (caught.value.problem, caught.value.outcome) == (Problem.GARBLED, Outcome.UNKNOWN)


@respx.mock
def test_a_rebuild_is_not_started_twice_where_the_first_may_have_begun(index: SearchProvider, soon: Deadline) -> None:
    start = respx.post(f"{URL}/rebuild").respond(502)
    with pytest.raises(ProviderError) as caught:
        index.start(deadline=soon)
    assert (caught.value.outcome, start.call_count) == (Outcome.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"headers": "hunter2"}, "DR_SEARCH_HEADERS"),
        ({"headers": '["hunter2"]'}, "DR_SEARCH_HEADERS"),
        ({"headers": '{"a": 1}'}, "DR_SEARCH_HEADERS"),
        ({"start_body": "{hunter2"}, "DR_SEARCH_START_BODY"),
        ({"seconds": "soon"}, "DR_SEARCH_SECONDS"),
        ({"seconds": "0"}, "DR_SEARCH_SECONDS"),
        ({"status_url": "https://search.test/tasks"}, "DR_SEARCH_STATUS_URL"),
        ({"start_url": ""}, "DR_SEARCH_START_URL"),
    ],
)
def test_a_wrong_setting_is_named_by_its_check_and_not_quoted(
    wrong: dict[str, str], named: str, with_settings: Any
) -> None:
    with_settings(**wrong)
    (finding,) = check_all(["search"], deadline=Deadline.after(5))
    assert finding.state is State.NOT_SET
    assert named in finding.words
    assert "hunter2" not in finding.words


def test_what_is_set_well_passes_its_check() -> None:
    (finding,) = check_all(["search"], deadline=Deadline.after(5))
    assert (finding.state, finding.words) == (State.OK, "127.0.0.1:8100")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b.1.c", 5),
        ("a.b.9.c", None),
        ("a.b.x", None),
        ("a.z", None),
        ("", {"a": {"b": [0, {"c": 5}]}}),
        ("a.b.-1", None),
    ],
)
def test_a_path_leads_into_json_or_nowhere(path: str, found: Any) -> None:
    assert at_path({"a": {"b": [0, {"c": 5}]}}, path) == found
