"""The mirror of the code: between two repositories on disk, and between the sandbox's GitHub and CodeCommit."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls, git_mirror
from dr_console.providers.capabilities.code import Login, Mirrored, RefState, Remote
from dr_console.providers.deadlines import Deadline
from dr_console.providers.git_mirror import GitMirror
from tests.providers.git_hosts import Host, Person, git
from tests.sandboxed import Sandbox


@pytest.fixture
def source(tmp_path: Path) -> Host:
    return Host(tmp_path / "source", "GitHub")


@pytest.fixture
def target(tmp_path: Path) -> Host:
    return Host(tmp_path / "target", "AWS")


@pytest.fixture
def person(tmp_path: Path, source: Host) -> Person:
    person = Person(tmp_path / "person", str(source.folder))
    person.commit("First")
    person.commit("Second")
    git(person.folder, "tag", "v1")
    person.push("main", "v1")
    return person


@pytest.fixture
def mirror(tmp_path: Path, source: Host, target: Host, person: Person) -> GitMirror:
    return GitMirror(source.remote, target.remote, folder=tmp_path / "cache")


def states(mirrored: Any) -> dict[str, RefState]:
    return {ref.name: ref.state for ref in mirrored.refs}


def test_everything_is_mirrored_once_and_then_the_sides_are_the_same(mirror, source, target, soon):
    assert set(states(mirror.compare(deadline=soon)).values()) == {RefState.MISSING}
    done = mirror.mirror(deadline=soon)
    assert done.after.is_complete
    assert target.refs() == source.refs()
    again = mirror.mirror(deadline=soon)
    assert again == Mirrored((), (), again.after)
    assert again.after.refs == done.after.refs


def test_new_commits_leave_the_mirror_behind_until_it_is_brought_up(mirror, person, target, soon):
    mirror.mirror(deadline=soon)
    tip = person.commit("Third")
    person.push("main")
    compared = mirror.compare(deadline=soon)
    assert states(compared) == {"refs/heads/main": RefState.BEHIND, "refs/tags/v1": RefState.SAME}
    assert not compared.is_complete
    assert [ref.source for ref in compared.differences] == [tip]
    done = mirror.mirror(deadline=soon)
    assert [ref.name for ref in done.moved] == ["refs/heads/main"]
    assert done.kept == ()
    assert target.refs()["refs/heads/main"] == tip


def test_a_forced_branch_and_a_replaced_tag_keep_their_old_tips_at_the_mirror(mirror, person, source, target, soon):
    mirror.mirror(deadline=soon)
    old = target.refs()
    git(person.folder, "reset", "--quiet", "--hard", "HEAD~1")
    person.commit("Another second")
    git(person.folder, "tag", "--force", "v1")
    person.push("--force", "main", "v1")
    assert set(states(mirror.compare(deadline=soon)).values()) == {RefState.FORCED}
    done = mirror.mirror(deadline=soon)
    assert {kept.name: kept.id for kept in done.kept} == old
    assert {kept.kept_as: kept.id for kept in done.kept} == target.refs("refs/archive/")
    assert done.after.is_complete
    assert target.refs("refs/heads/") == source.refs("refs/heads/")


def test_what_the_source_deleted_stays_at_the_mirror(mirror, person, target, soon):
    person.commit("On a branch", branch="feature")
    person.push("feature")
    mirror.mirror(deadline=soon)
    person.push("--delete", "feature", "v1")
    done = mirror.mirror(deadline=soon)
    assert done.after.is_complete
    assert states(done.after) == {
        "refs/heads/feature": RefState.GONE,
        "refs/heads/main": RefState.SAME,
        "refs/tags/v1": RefState.GONE,
    }
    assert "refs/heads/feature" in target.refs()


def test_an_emptied_source_empties_nothing(mirror, source, target, soon):
    mirror.mirror(deadline=soon)
    before = target.refs()
    for name in source.refs():
        git(source.folder, "update-ref", "-d", name)
    assert mirror.mirror(deadline=soon).moved == ()
    assert target.refs() == before


def test_a_gone_branch_whose_name_is_in_the_way_is_kept_in_the_archive(mirror, person, target, soon):
    tip = person.commit("On a branch", branch="feature")
    person.push("feature")
    mirror.mirror(deadline=soon)
    person.push("--delete", "feature")
    git(person.folder, "checkout", "--quiet", "--detach")
    git(person.folder, "branch", "-D", "feature")
    person.commit("Below it", branch="feature/one")
    person.push("feature/one")
    done = mirror.mirror(deadline=soon)
    assert [(kept.name, kept.id) for kept in done.kept] == [("refs/heads/feature", tip)]
    assert {"refs/heads/feature/one", done.kept[0].kept_as} <= set(target.refs())
    assert done.after.is_complete


def test_pull_requests_are_not_mirrored(mirror, person, source, target, soon):
    git(source.folder, "update-ref", "refs/pull/1/head", "refs/heads/main")
    mirror.mirror(deadline=soon)
    assert not target.refs("refs/pull/")


def test_a_crash_after_the_old_tip_was_kept_keeps_it_only_once(mirror, person, target, soon, monkeypatch):
    mirror.mirror(deadline=soon)
    git(person.folder, "commit", "--quiet", "--amend", "--allow-empty", "-m", "Second, reworded")
    person.push("--force", "main")
    push = git_mirror._push
    with monkeypatch.context() as patch:
        patch.setattr(git_mirror, "_push", _dies_after_the_first(push))
        with pytest.raises(KeyboardInterrupt):
            mirror.mirror(deadline=soon)
    assert len(target.refs("refs/archive/")) == 1
    done = mirror.mirror(deadline=soon)
    assert done.after.is_complete
    assert len(target.refs("refs/archive/")) == 1


def _dies_after_the_first(push: Any) -> Any:
    def dying(git: Any, remote: Remote, pushes: Any) -> None:
        if pushes and pushes[0].name.startswith("refs/heads/"):
            raise KeyboardInterrupt
        push(git, remote, pushes)

    return dying


def test_a_push_by_somebody_else_at_the_mirror_is_noticed_and_not_overwritten(
    mirror, person, source, target, soon, tmp_path, monkeypatch
):
    mirror.mirror(deadline=soon)
    person.commit("Third")
    person.push("main")
    other = Person(tmp_path / "other", str(target.folder))
    theirs = other.commit("By somebody else")
    fetch = git_mirror._fetch

    def fetch_and_be_overtaken(git: Any, remote: Remote, side: str) -> Any:
        refs = fetch(git, remote, side)
        if side == "mirror":
            other.push("--force", "main")
        return refs

    with monkeypatch.context() as patch:
        patch.setattr(git_mirror, "_fetch", fetch_and_be_overtaken)
        with pytest.raises(ProviderError) as caught:
            mirror.mirror(deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.REFUSED, False)
    assert "stale info" in caught.value.said
    assert target.refs()["refs/heads/main"] == theirs
    done = mirror.mirror(deadline=soon)
    assert [kept.id for kept in done.kept] == [theirs]
    assert done.after.is_complete


def test_locks_and_damage_that_a_killed_console_left_are_no_hindrance(mirror, person, tmp_path, soon):
    mirror.mirror(deadline=soon)
    [cache] = (tmp_path / "cache").glob("*.git")
    for name in ("packed-refs.lock", "config.lock", "refs/source/heads/main.lock"):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).touch()
    (cache / "HEAD").write_text("")
    person.commit("Third")
    person.push("main")
    assert mirror.mirror(deadline=soon).after.is_complete


def test_a_copy_with_a_missing_object_is_made_anew_by_the_next_attempt(mirror, person, tmp_path, soon):
    mirror.mirror(deadline=soon)
    [cache] = (tmp_path / "cache").glob("*.git")
    for pack in cache.glob("objects/**/*"):
        if pack.is_file():
            pack.unlink()
    person.commit("Third")
    person.push("main")
    try:
        mirror.mirror(deadline=soon)
    except ProviderError:
        assert mirror.mirror(deadline=soon).after.is_complete
    assert mirror.compare(deadline=soon).is_complete


def test_two_at_once_wait_for_each_other(mirror, soon):
    problems: list[BaseException] = []

    def go() -> None:
        try:
            mirror.mirror(deadline=soon)
        except ProviderError as error:  # pragma: no cover (only when it fails)
            problems.append(error)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    assert mirror.compare(deadline=soon).is_complete


def test_a_repository_that_is_not_there_is_said_to_be_missing(tmp_path, target, soon):
    mirror = GitMirror(Remote("GitHub", str(tmp_path / "nowhere")), target.remote, folder=tmp_path / "cache")
    with pytest.raises(ProviderError) as caught:
        mirror.mirror(deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND
    assert caught.value.vendor == "GitHub"


def test_nothing_is_begun_after_the_deadline(mirror):
    with pytest.raises(ProviderError) as caught:
        mirror.mirror(deadline=Deadline.after(0))
    assert caught.value.problem is Problem.NOT_IN_TIME


# ── the sandbox ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clouds(in_sandbox: Sandbox, tmp_path: Path) -> GitMirror:
    return GitMirror(folder=tmp_path / "cache")


def commit(sandbox: Sandbox, **wanted: Any) -> str:
    return str(sandbox.post("/github/commit", wanted)["sha"])


def test_the_sandbox_s_hosts_begin_alike(clouds, soon):
    compared = clouds.compare(deadline=soon)
    assert states(compared) == dict.fromkeys(("refs/heads/main", "refs/heads/next", "refs/tags/v1.0"), RefState.SAME)


def test_a_commit_at_github_is_mirrored_to_codecommit(clouds, in_sandbox, soon):
    sha = commit(in_sandbox)
    with calls.heard_by((heard := []).append):
        done = clouds.mirror(deadline=soon)
    assert [(ref.name, ref.state, ref.source) for ref in done.moved] == [("refs/heads/main", RefState.BEHIND, sha)]
    assert done.after.is_complete
    assert {call.vendor for call in heard} == {"GitHub", "AWS"}
    assert all(call.operation == git_mirror.MIRROR for call in heard)


def test_a_forced_push_at_github_loses_nothing_at_codecommit(clouds, in_sandbox, soon):
    before = {ref.name: ref.mirror for ref in clouds.compare(deadline=soon).refs}
    commit(in_sandbox, force=True, message="History, rewritten")
    done = clouds.mirror(deadline=soon)
    assert [(kept.name, kept.id) for kept in done.kept] == [("refs/heads/main", before["refs/heads/main"])]
    assert done.after.is_complete


@pytest.mark.parametrize(
    ("fault", "problem", "outcome"),
    [
        ({"kind": "throttled", "route": "POST *git-receive-pack"}, Problem.THROTTLED, Outcome.NOTHING),
        ({"kind": "error", "status": 503, "route": "POST *git-receive-pack"}, Problem.REFUSED, Outcome.UNKNOWN),
        ({"kind": "expired-token"}, Problem.CREDENTIALS, Outcome.NOTHING),
        ({"kind": "reset", "route": "POST *git-receive-pack"}, Problem.BROKEN, Outcome.UNKNOWN),
        ({"kind": "html", "route": "GET *info/refs"}, Problem.GARBLED, Outcome.NOTHING),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_what_codecommit_does_wrong_is_told_as_it_is(clouds, in_sandbox, soon, fault, problem, outcome):
    commit(in_sandbox)
    in_sandbox.post("/faults", {"vendor": "codecommit", **fault})
    with pytest.raises(ProviderError) as caught:
        clouds.mirror(deadline=soon)
    assert (caught.value.problem, caught.value.outcome) == (problem, outcome), caught.value.said
    assert caught.value.vendor == "AWS"


def test_a_push_that_was_done_before_the_connection_broke_is_found_done(clouds, in_sandbox, soon):
    commit(in_sandbox)
    in_sandbox.post(
        "/faults",
        {"vendor": "codecommit", "kind": "timeout-after-effect", "route": "POST *git-receive-pack", "times": 1},
    )
    with pytest.raises(ProviderError) as caught:
        clouds.mirror(deadline=Deadline.after(4))
    assert (caught.value.problem, caught.value.outcome) == (Problem.TIMED_OUT, Outcome.UNKNOWN)
    assert clouds.mirror(deadline=soon).moved == ()
    assert clouds.compare(deadline=soon).is_complete


def test_no_secret_is_in_the_arguments_of_git_or_in_its_errors(in_sandbox, tmp_path, soon, monkeypatch):
    started: list[list[str]] = []
    popen = subprocess.Popen

    def listening(command: Any, *arguments: Any, **options: Any) -> Any:
        started.append(list(map(str, command)))
        return popen(command, *arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", listening)
    url = f"{in_sandbox.url}/github/gemini/nothing.git"
    source = Remote("GitHub", url, lambda: Login("somebody", "a-secret-of-ours"))
    with pytest.raises(ProviderError) as caught:
        GitMirror(source, folder=tmp_path / "cache").mirror(deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND
    assert "a-secret-of-ours" not in f"{started}{caught.value}{caught.value.facts()}{source}"


def test_a_missing_setting_is_named(settings, tmp_path, soon):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "github": {"token": "", "repository": "a/b"}}
    with pytest.raises(ProviderError) as caught:
        GitMirror(folder=tmp_path).compare(deadline=soon)
    assert (caught.value.problem, caught.value.said) == (Problem.SETTINGS, "DR_GITHUB_TOKEN")
