"""The pretend GitHub and CodeCommit as other people's tools see them: git itself, REST, and signed webhooks."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from dr_console.providers import signatures
from dr_console.providers.deadlines import Deadline, looks
from tests.providers.git_hosts import Person, git
from tests.sandboxed import Sandbox

TOKEN = {"Authorization": "Bearer sandbox-github-token"}
REPO = "/repos/gemini/toolbox"


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/github", headers=TOKEN, trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture
def hearing() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Address of a small server, and what was posted to it."""
    heard: list[tuple[dict[str, str], bytes]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks/github/", heard
    server.shutdown()
    thread.join()
    server.server_close()


def address(sandbox: Sandbox, path: str) -> str:
    return f"{sandbox.url.replace('://', '://x-access-token:sandbox-github-token@')}{path}"


@pytest.mark.parametrize(
    "path", ["/github/gemini/toolbox.git", "/github/gemini/toolbox", "/aws/v1/repos/gemini-toolbox"]
)
def test_git_clones_pushes_and_forces(sandbox, tmp_path: Path, path):
    url = address(sandbox, path)
    git(tmp_path, "clone", "--quiet", url, "clone")
    clone = tmp_path / "clone"
    assert (clone / "api" / "health.ts").exists()
    assert git(clone, "tag") == "v1.0"
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "One more")
    git(clone, "push", "--quiet", "origin", "main")
    assert git(clone, "ls-remote", "origin", "refs/heads/main").split()[0] == git(clone, "rev-parse", "HEAD")
    git(clone, "commit", "--quiet", "--amend", "--allow-empty", "-m", "Another")
    with pytest.raises(subprocess.CalledProcessError):
        git(clone, "push", "--quiet", "origin", "main")
    git(clone, "push", "--quiet", "--force", "origin", "main", "HEAD:refs/archive/x/heads/main")
    git(clone, "push", "--quiet", "origin", "--delete", "next")
    vendor = "github" if "github" in path else "codecommit"
    effects = [effect for effect in sandbox.get("/truth/effects")["effects"] if effect["vendor"] == vendor]
    assert len(effects) == 4
    assert effects[0]["what"] == "git.push"


def test_a_large_push_arrives_whole(sandbox, tmp_path: Path):
    person = Person(tmp_path / "person", address(sandbox, "/github/gemini/toolbox.git"))
    (person.folder / "large").write_bytes(bytes(range(256)) * 20_000)
    git(person.folder, "add", "large")
    person.commit("Something large", branch="large")
    person.push("large")
    git(tmp_path, "clone", "--quiet", "--branch=large", address(sandbox, "/github/gemini/toolbox.git"), "again")
    assert (tmp_path / "again" / "large").stat().st_size == 5_120_000


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/github/gemini/toolbox.git", 401),
        ("/github/gemini/nothing.git", 401),
        ("/aws/v1/repos/gemini-toolbox", 401),
    ],
)
def test_git_without_a_password_is_asked_for_one(sandbox, path, status):
    answer = httpx.get(f"{sandbox.url}{path}/info/refs?service=git-upload-pack", trust_env=False)
    assert answer.status_code == status
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_the_rest_api_shows_branches_commits_tags_and_refs(api):
    assert [branch["name"] for branch in api.get(f"{REPO}/branches").json()] == ["main", "next"]
    commits = api.get(f"{REPO}/commits").json()
    assert commits[0]["commit"]["message"] == "Answer from three regions"
    tip = commits[0]["sha"]
    assert api.get(f"{REPO}/commits/main").json()["sha"] == tip
    assert api.get(f"{REPO}/git/ref/heads/main").json()["object"] == {
        "sha": tip,
        "type": "commit",
        "url": str(api.base_url.join(f"/github/repos/gemini/toolbox/git/commits/{tip}")),
    }
    assert api.get(f"{REPO}/git/ref/tags/v1.0").json()["object"]["type"] == "tag"
    assert [tag["name"] for tag in api.get(f"{REPO}/tags").json()] == ["v1.0"]
    assert api.get(f"{REPO}/compare/v1.0...main").json()["ahead_by"] == 2


def test_lists_come_in_pages_with_links(api):
    first = api.get(f"{REPO}/commits", params={"per_page": 2})
    assert len(first.json()) == 2
    assert set(first.links) == {"next", "last"}
    last = api.get(first.links["last"]["url"])
    assert (len(last.json()), set(last.links)) == (1, {"prev", "first"})


def test_every_answer_says_what_is_left_of_the_hour(api):
    one, two = api.get("/user"), api.get("/user")
    assert int(one.headers["x-ratelimit-remaining"]) - int(two.headers["x-ratelimit-remaining"]) == 1
    assert one.headers["x-ratelimit-limit"] == "5000"
    assert one.headers["x-github-request-id"] != two.headers["x-github-request-id"]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/repos/gemini/nothing", 404, "Not Found"),
        ("/nothing/at/all/here", 404, "Not Found"),
        (f"{REPO}/branches/nothing", 404, "Branch not found"),
        (f"{REPO}/commits/nothing", 422, "No commit found for SHA: nothing"),
        (f"{REPO}/commits/--all", 422, "No commit found for SHA: --all"),
        (f"{REPO}/hooks/1", 404, "Not Found"),
    ],
)
def test_what_is_not_there_is_refused_in_github_s_words(api, path, status, message):
    answer = api.get(path)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert answer.json()["documentation_url"].startswith("https://docs.github.com/")


def test_without_a_token_nothing_is_told(sandbox):
    answer = httpx.get(f"{sandbox.url}/github/user", trust_env=False)
    assert (answer.status_code, answer.json()["message"]) == (401, "Requires authentication")


def test_refs_are_made_moved_only_forward_and_removed(api):
    commits = [commit["sha"] for commit in api.get(f"{REPO}/commits").json()]
    made = api.post(f"{REPO}/git/refs", json={"ref": "refs/heads/new", "sha": commits[1]})
    assert made.status_code == 201
    assert api.post(f"{REPO}/git/refs", json={"ref": "refs/heads/new", "sha": commits[1]}).status_code == 422
    assert api.patch(f"{REPO}/git/refs/heads/new", json={"sha": commits[0]}).status_code == 200
    refused = api.patch(f"{REPO}/git/refs/heads/new", json={"sha": commits[2]})
    assert (refused.status_code, refused.json()["message"]) == (422, "Update is not a fast forward")
    assert api.patch(f"{REPO}/git/refs/heads/new", json={"sha": commits[2], "force": True}).status_code == 200
    assert api.patch(f"{REPO}/git/refs/heads/new", json={"sha": "f" * 40, "force": True}).status_code == 422
    assert api.post(f"{REPO}/git/refs", json={"ref": "refs/heads/x", "sha": "f" * 40}).status_code == 422
    assert api.delete(f"{REPO}/git/refs/heads/new").status_code == 204
    assert api.delete(f"{REPO}/git/refs/heads/new").status_code == 422


def test_a_push_is_told_by_a_webhook_that_we_accept(sandbox, api, hearing):
    url, heard = hearing
    config = {"url": url, "content_type": "json", "secret": "sandbox-github-webhook"}
    hook = api.post(f"{REPO}/hooks", json={"name": "web", "config": config, "events": ["push"]}).json()
    assert hook["config"]["secret"] == "********"
    sha = sandbox.post("/github/commit", {"message": "Mend a picture"})["sha"]
    for _ in looks(Deadline.after(10)):
        if len(heard) == 2:
            break
    events = {headers["x-github-event"]: (headers, body) for headers, body in heard}
    assert set(events) == {"ping", "push"}
    headers, body = events["push"]
    signed = headers["x-hub-signature-256"]
    assert signatures.github(body, signed, secret="sandbox-github-webhook") is signatures.Verdict.GENUINE
    assert signatures.github(body, signed, secret="another") is signatures.Verdict.FORGED
    told = json.loads(body)
    assert (told["ref"], told["after"], told["forced"], told["deleted"]) == ("refs/heads/main", sha, False, False)
    assert told["repository"]["full_name"] == "gemini/toolbox"
    deliveries = api.get(f"{REPO}/hooks/{hook['id']}/deliveries").json()
    assert {each["status_code"] for each in deliveries} == {204}
    first = next(each for each in deliveries if each["event"] == "push")
    assert api.post(f"{REPO}/hooks/{hook['id']}/deliveries/{first['id']}/attempts").status_code == 202
    for _ in looks(Deadline.after(10)):
        if len(heard) == 3:
            break
    assert heard[2][0]["x-github-delivery"] == headers["x-github-delivery"]


def test_a_forced_push_says_so(sandbox, api, hearing):
    url, heard = hearing
    api.post(f"{REPO}/hooks", json={"config": {"url": url}, "events": ["push"]})
    sandbox.post("/github/commit", {"force": True})
    for _ in looks(Deadline.after(10)):
        if len(heard) == 2:
            break
    told = [json.loads(body) for headers, body in heard if headers["x-github-event"] == "push"]
    assert [each["forced"] for each in told] == [True]


def test_a_webhook_never_leaves_this_machine(sandbox, api):
    config = {"url": "https://dr.example.com/hooks/", "secret": "x"}
    hook = api.post(f"{REPO}/hooks", json={"config": config, "events": ["push"]}).json()
    url = f"{REPO}/hooks/{hook['id']}/deliveries"
    for _ in looks(Deadline.after(10)):
        deliveries = api.get(url).json()
        if deliveries and deliveries[0]["status"]:
            break
    assert deliveries[0]["status"] == "the sandbox only sends to this machine"


def test_what_a_killed_sandbox_left_is_removed_by_the_next(api):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = Path(tempfile.gettempdir()) / f"dr-console-sandbox-git-{ended.pid}-x"
    left.mkdir()
    api.get(f"{REPO}/branches").raise_for_status()
    assert not left.exists()
