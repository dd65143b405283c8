"""Bare git repositories on this machine, and a person who works in them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dr_console.providers.capabilities.code import Remote

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": f"{what}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


class Host:
    """One bare repository at `url`, which may be a path."""

    def __init__(self, folder: Path, vendor: str) -> None:
        self.folder = folder
        folder.mkdir()
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
        self.remote = Remote(vendor, str(folder))

    def refs(self, *below: str) -> dict[str, str]:
        printed = git(self.folder, "for-each-ref", "--format=%(refname) %(objectname)", *below)
        return dict(line.split() for line in printed.splitlines())


class Person:
    """A clone to commit in and push from."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "remote", "add", "origin", url)

    def commit(self, message: str, *, branch: str = "main") -> str:
        git(self.folder, "checkout", "--quiet", "-B", branch)
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", message)
        return git(self.folder, "rev-parse", "HEAD")

    def push(self, *arguments: str) -> None:
        git(self.folder, "push", "--quiet", "origin", *arguments)
