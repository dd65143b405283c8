"""Bare git repositories of the pretend hosts, in a temporary folder that goes away with their world."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from dr_console.sandbox.clock import Clock

DAY = 86_400
PREFIX = "dr-console-sandbox-git-"
# What the product's repository holds from the beginning: message, file, content; oldest first.
HISTORY = (
    ("Start the toolbox", "README.md", "# Gemini toolbox\n\nTools for pictures, at api.example.com.\n"),
    ("Answer /health", "api/health.ts", "export const GET = () => Response.json({ status: 'ok' });\n"),
    ("Keep pictures in R2", "api/images.ts", "export const BUCKET = 'gemini-images';\n"),
    ("Obey the degradation level", "lib/degradation.ts", "export const KEY = 'degradation_level';\n"),
    ("Answer from three regions", "vercel.json", '{ "regions": ["hnd1", "sfo1", "fra1"] }\n'),
)
AUTHOR = "Gemini Team <team@example.com>"
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


@dataclass
class Repository:
    """`name`: "gemini/toolbox", or "gemini-toolbox" at CodeCommit. `seeded`: with the product's history."""

    name: str
    folder: Path
    default_branch: str = "main"
    seeded: bool = False
    created_at: float = 0.0

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        """What git prints in this repository. Raises CalledProcessError where it says no."""
        command = ["git", f"--git-dir={self.folder}", *arguments]
        done = subprocess.run(command, input=stdin, env=ENVIRONMENT, capture_output=True, check=True)
        return done.stdout.decode(errors="replace")

    def refs(self, *below: str) -> dict[str, str]:
        """Every ref by its name, or those below a prefix, and the object it names."""
        printed = self.git("for-each-ref", "--format=%(refname)%09%(objectname)", *below)
        return dict(line.split("\t") for line in printed.splitlines())

    def resolve(self, wanted: str, kind: str = "commit") -> str:
        """Id of the object of this kind that a branch, tag or id names; empty if there is none."""
        names = [f"refs/heads/{wanted}", f"refs/tags/{wanted}", wanted]
        for name in names if not wanted.startswith("-") else []:
            try:
                return self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{{kind}}}").strip()
            except subprocess.CalledProcessError:
                continue
        return ""


@dataclass
class Repositories:
    """A host's repositories, by name. Made on disk when first asked for."""

    clock: Clock
    seeds: dict[str, bool]
    made: dict[str, Repository] = field(default_factory=dict)
    began_at: float = 0.0
    _place: tempfile.TemporaryDirectory[str] | None = None
    _making: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.began_at = self.clock.now()

    def get(self, name: str) -> Repository | None:
        """The repository, or None if the host has none of this name. Names are alike in any case, as at GitHub."""
        known = next((seed for seed in self.seeds if seed.lower() == name.lower()), None)
        if known is None:
            return None
        with self._making:
            if known not in self.made:
                self.made[known] = self._make(known, with_history=self.seeds[known])
        return self.made[known]

    def add(self, name: str) -> Repository:
        """A new one, empty."""
        self.seeds.setdefault(name, False)
        repository = self.get(name)
        assert repository is not None
        return repository

    def remove(self, name: str) -> None:
        self.seeds.pop(name, None)
        self.made.pop(name, None)

    def _make(self, name: str, *, with_history: bool) -> Repository:
        if self._place is None:
            _sweep()
            self._place = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)
        folder = Path(self._place.name) / f"{len(list(Path(self._place.name).iterdir()))}.git"
        created_at = self.began_at - len(HISTORY) * DAY if with_history else self.clock.now()
        repository = Repository(name, folder, seeded=with_history, created_at=created_at)
        command = ["git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(folder)]
        subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)
        for setting in ("http.receivepack=true", "receive.autogc=false", "uploadpack.allowFilter=true"):
            repository.git("config", *setting.split("=", 1))
        if with_history:
            repository.git("fast-import", "--quiet", stdin=_stream(self.began_at))
        return repository


def _sweep() -> None:
    """Remove what sandboxes left that were killed and could not."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not _is_alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stream(now: float) -> bytes:
    """The history as `git fast-import` reads it: two branches and a tag. Hosts of one world have the same ids."""
    midnight = int(now // DAY * DAY)
    lines = []
    for number, (message, path, content) in enumerate(HISTORY):
        at = f"{midnight - (len(HISTORY) - number) * DAY} +0000"
        lines += [
            "commit refs/heads/main",
            f"mark :{number + 1}",
            f"author {AUTHOR} {at}",
            f"committer {AUTHOR} {at}",
            f"data {len(message.encode())}",
            message,
            f"M 100644 inline {path}",
            f"data {len(content.encode())}",
            content,
        ]
    tag = "First release"
    lines += ["tag v1.0", "from :3", f"tagger {AUTHOR} {midnight - 2 * DAY} +0000", f"data {len(tag)}", tag]
    lines += ["reset refs/heads/next", f"from :{len(HISTORY) - 1}", ""]
    return "\n".join(lines).encode()


def add_commit(repository: Repository, branch: str, message: str, at: float, *, force: bool = False) -> str:
    """Put a commit on a branch, or in place of its newest one (`force`). Returns its id."""
    name = f"refs/heads/{branch}"
    tip = repository.resolve(name) or repository.resolve(repository.default_branch)
    parent = repository.resolve(f"{tip}~1") if force and tip else tip
    person = f"{AUTHOR} {int(at)} +0000"
    text = f"{message}\n".encode()
    note = f"{message} ({int(at * 1000)})\n".encode()
    lines = [f"commit {name}".encode(), f"author {person}".encode(), f"committer {person}".encode()]
    lines += [f"data {len(text)}".encode(), text]
    if parent:
        lines.append(f"from {parent}".encode())
    lines += [b"M 100644 inline CHANGES.md", f"data {len(note)}".encode(), note, b""]
    repository.git("fast-import", "--quiet", "--force", stdin=b"\n".join(lines))
    return repository.resolve(name)
