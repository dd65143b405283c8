"""A mirror of the code at another host, by git itself (git-scm.com/docs/git-push, /gitprotocol-http)."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers import github
from dr_console.providers.aws import codecommit
from dr_console.providers.capabilities.code import Comparison, Mirrored, Remote
from dr_console.providers.deadlines import Deadline, looks
from dr_console.providers.git_commands import Git
from dr_console.providers.git_plan import ARCHIVE, Plan, Push, Refs, compared, plan

COMPARE = _("compare the code with its mirror")
MIRROR = _("mirror the code")
# CodeCommit takes 4,000 refs a push, and Linux 128 kB an argument list.
REFS_A_PUSH = 200
KINDS = ("heads", "tags")
DAMAGED = ("bad object", "corrupt", "unable to read", "missing necessary objects", "not a git repository: ")


class GitMirror:
    """From any git host to any other; by default from GitHub to CodeCommit. Keeps a bare repository in between."""

    def __init__(
        self, source: Remote | None = None, mirror: Remote | None = None, *, folder: Path | None = None
    ) -> None:
        self._source, self._mirror = source, mirror
        self._folder = folder

    def compare(self, *, deadline: Deadline) -> Comparison:
        source, mirror = self._remotes(COMPARE)
        here = self._here(source, mirror)
        with _locked(here, COMPARE, deadline) as git:
            theirs, ours = _listed(git, source), _listed(git, mirror)
            if any(name in theirs and theirs[name] != id for name, id in ours.items()):
                _fetch(git, source, "source")
                _fetch(git, mirror, "mirror")
            return Comparison(now(), compared(theirs, ours, lambda new, old: _contains(git, new, old)))

    def mirror(self, *, deadline: Deadline) -> Mirrored:
        source, mirror = self._remotes(MIRROR)
        with _locked(self._here(source, mirror), MIRROR, deadline) as git:
            theirs = _fetch(git, source, "source")
            ours = _fetch(git, mirror, "mirror")
            refs = compared(theirs, ours, lambda new, old: _contains(git, new, old))
            todo = plan(refs, _listed(git, mirror, ARCHIVE), at=now())
            _carry_out(git, mirror, todo)
            after = compared(_listed(git, source), _listed(git, mirror), lambda new, old: _contains(git, new, old))
            return Mirrored(todo.moved, todo.keep, Comparison(now(), after))

    def _remotes(self, operation: str) -> tuple[Remote, Remote]:
        return self._source or github.remote(operation), self._mirror or codecommit.remote(operation)

    def _here(self, source: Remote, mirror: Remote) -> Path:
        folder = self._folder or settings.DR_DATA_DIR / "git"
        return folder / f"{hashlib.sha256(f'{source.url} {mirror.url}'.encode()).hexdigest()[:24]}.git"


def _carry_out(git: Git, mirror: Remote, todo: Plan) -> None:
    _push(git, mirror, [Push(kept.kept_as, "", kept.id) for kept in todo.keep])
    if todo.keep:
        there = _listed(git, mirror, ARCHIVE)
        lost = next((kept for kept in todo.keep if there.get(kept.kept_as) != kept.id), None)
        if lost:
            said = f"{lost.kept_as} is not there after it was pushed, so {lost.name} was left as it is."
            raise ProviderError(mirror.vendor, git.operation, Problem.FAILED, said=said)
    _push(git, mirror, todo.remove)
    _push(git, mirror, todo.update)


def _push(git: Git, mirror: Remote, pushes: Sequence[Push]) -> None:
    for first in range(0, len(pushes), REFS_A_PUSH):
        some = pushes[first : first + REFS_A_PUSH]
        leases = [push.lease for push in some]
        refspecs = [push.refspec for push in some]
        git.do("push", "--porcelain", "--no-verify", *leases, mirror.url, *refspecs, remote=mirror, changes=True)


def _fetch(git: Git, remote: Remote, side: str) -> Refs:
    """Bring the remote's branches and tags here, below refs/<side>/, and say what they are."""
    refspecs = [f"+refs/{kind}/*:refs/{side}/{kind}/*" for kind in KINDS]
    options = ["--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--no-auto-maintenance"]
    git.do("fetch", *options, remote.url, *refspecs, remote=remote)
    printed = git.do("for-each-ref", "--format=%(objectname)\t%(refname)", f"refs/{side}/")
    return {name.replace(f"refs/{side}/", "refs/", 1): id for id, name in _pairs(printed)}


def _listed(git: Git, remote: Remote, *below: str) -> Refs:
    """The remote's branches and tags, or the refs below a prefix, as it says at this moment."""
    which = [f"{prefix}/*" for prefix in below] or [f"refs/{kind}/*" for kind in KINDS]
    printed = git.do("ls-remote", "--refs", "--quiet", remote.url, *which, remote=remote)
    try:
        return {name: id for id, name in _pairs(printed)}
    except ValueError as error:
        raise ProviderError(remote.vendor, git.operation, Problem.GARBLED, said=printed[:200]) from error


def _pairs(printed: str) -> Iterator[tuple[str, str]]:
    for line in printed.splitlines():
        id, name = line.split("\t")
        yield id, name


def _contains(git: Git, new: str, old: str) -> bool | None:
    if any(git.ask("cat-file", "-e", id) is None for id in (new, old)):
        return None
    return git.ask("merge-base", "--is-ancestor", old, new) is not None


@contextmanager
def _locked(here: Path, operation: str, deadline: Deadline) -> Iterator[Git]:
    """The bare repository, for us alone: git of a console that was killed holds the lock as long as it runs."""
    here.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with here.with_suffix(".lock").open("w") as lock:
        for _look in looks(deadline, longest=0.5):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                continue
        else:
            said = "Another run has been using the copy of the code all this time."
            raise ProviderError("git", operation, Problem.NOT_IN_TIME, said=said)
        git = Git(here, operation, deadline, lock.fileno())
        _make_ready(git)
        try:
            yield git
        except ProviderError as error:
            if any(word in error.said for word in DAMAGED):
                shutil.rmtree(here, ignore_errors=True)  # it is only a copy: the next attempt begins with a new one
            raise


def _make_ready(git: Git) -> None:
    """A bare repository without the locks that a killed git left; they are nobody's, as the lock is ours."""
    git.folder.mkdir(mode=0o700, exist_ok=True)
    for left in [*git.folder.glob("*.lock"), *git.folder.glob("refs/**/*.lock")]:
        left.unlink(missing_ok=True)
    if git.ask("rev-parse", "--is-bare-repository") != "true\n":
        shutil.rmtree(git.folder)
        git.folder.mkdir(mode=0o700)
        git.do("init", "--quiet", "--bare", "--template=", ".")
