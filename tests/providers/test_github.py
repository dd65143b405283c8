"""What GitHub's API tells, once on hand-written answers and once from the sandbox; and the checks that rest on it."""

from __future__ import annotations

import httpx
import pytest
import respx

from dr_console.errors import Problem, ProviderError
from dr_console.providers import checking, github
from dr_console.providers.checking import State
from dr_console.providers.github import GitHub
from tests.sandboxed import Sandbox

API = "https://api.github.test"
REPOSITORY = {
    "id": 1,
    "full_name": "gemini/toolbox",
    "default_branch": "main",
    "clone_url": "https://github.com/gemini/toolbox.git",
    "private": True,
    "archived": False,
    "permissions": {"pull": True, "push": False, "admin": False},
}
HOOK = {"id": 7, "active": True, "events": ["push"], "config": {"url": "https://dr.example.com/hooks/github/"}}


@pytest.fixture
def wire(settings):
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "github": API}
    with respx.mock(assert_all_called=False) as router:
        router.get(f"{API}/user").respond(json={"login": "gemini-bot", "id": 3})
        router.get(f"{API}/repos/gemini/toolbox").respond(json=REPOSITORY)
        router.get(f"{API}/repos/gemini/toolbox/branches/main").respond(
            json={"name": "main", "commit": {"sha": "a" * 40}}
        )
        router.get(f"{API}/repos/gemini/toolbox/hooks").respond(json=[HOOK])
        yield router


@pytest.fixture(params=["wire", "in_sandbox"])
def anywhere(request, held):
    return request.getfixturevalue(request.param)


def test_the_token_and_the_repository_are_read(anywhere, soon):
    assert GitHub().user(deadline=soon) == "gemini-bot"
    found = GitHub().repository(deadline=soon)
    assert (found.full_name, found.default_branch, found.permissions["pull"]) == ("gemini/toolbox", "main", True)
    assert len(GitHub().branch_tip("main", deadline=soon)) == 40
    assert isinstance(GitHub().webhooks(deadline=soon), list)


def test_every_request_says_who_asks_and_which_version_it_knows(wire, soon):
    GitHub().user(deadline=soon)
    headers = wire.calls.last.request.headers
    assert headers["authorization"] == "Bearer sandbox-github-token"
    assert headers["accept"] == "application/vnd.github+json"
    assert headers["x-github-api-version"] == "2022-11-28"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(401, json={"message": "Bad credentials"}), Problem.CREDENTIALS),
        (httpx.Response(404, json={"message": "Not Found"}), Problem.NOT_FOUND),
        (httpx.Response(200, html="<html>unicorn</html>"), Problem.GARBLED),
        (httpx.Response(200, json={"id": 3}), Problem.GARBLED),
        (httpx.Response(200, json=[]), Problem.GARBLED),
        (httpx.Response(200, content=b""), Problem.GARBLED),
    ],
)
def test_a_wrong_answer_is_told_as_it_is(wire, soon, answer, problem):
    wire.get(f"{API}/user").mock(return_value=answer)
    with pytest.raises(ProviderError) as caught:
        GitHub().user(deadline=soon)
    assert caught.value.problem is problem
    assert "sandbox-github-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("api", "host"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://git.example.com/api/v3", "https://git.example.com"),
        ("http://127.0.0.1:8100/github", "http://127.0.0.1:8100/github"),
    ],
)
def test_git_is_asked_where_the_api_belongs_to(settings, api, host):
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "github": api}
    remote = github.remote("mirror the code")
    assert remote.url == f"{host}/gemini/toolbox.git"
    assert "sandbox-github-token" not in repr(remote)


def test_a_repository_without_an_owner_is_a_wrong_setting(settings, soon):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "github": {"token": "sandbox-x", "repository": "toolbox"}}
    with pytest.raises(ProviderError) as caught:
        GitHub().repository(deadline=soon)
    assert caught.value.said == "DR_GITHUB_REPOSITORY is “toolbox”, not owner/name."


def test_the_checks_of_code_and_objects_find_what_the_sandbox_has(in_sandbox: Sandbox, soon, settings, tmp_path):
    settings.DR_DATA_DIR = tmp_path
    found = checking.check_all(["github", "codecommit", "r2", "s3"], deadline=soon)
    bad = [(str(each), each.words) for each in found if each.state not in (State.OK, State.NOT_SET)]
    assert bad == []
    assert {each.vendor for each in found if each.state is State.OK} == {"github", "codecommit", "r2", "s3"}


def test_the_checks_say_what_is_wrong_and_go_on(in_sandbox: Sandbox, soon, settings, tmp_path):
    settings.DR_DATA_DIR = tmp_path
    for vendor in ("github", "r2", "aws"):
        in_sandbox.post("/faults", {"vendor": vendor, "kind": "expired-token"})
    found = checking.check_all(["github", "r2", "s3"], deadline=soon)
    assert len(found) >= 7
    assert {each.state for each in found} == {State.FAILED}
    assert not any("sandbox-" in each.words for each in found)
