"""Run git: no shell, no prompt, no password in its arguments, a time-out, and errors in plain words."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.utils.timezone import now

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls
from dr_console.providers.capabilities.code import Login, Remote
from dr_console.providers.deadlines import Deadline

QUOTED_CHARACTERS = 400
# Proxies, certificates and an SSH agent are the machine's business; everything else that steers git is left out.
KEPT_VARIABLES = (
    *("HOME", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
)
# The first that is found in what git printed. git has no codes for these.
WORDS: tuple[tuple[str, Problem, bool], ...] = (
    (r"stale info|fetch first|\[remote rejected\].*(?:cannot lock|failed to update)", Problem.REFUSED, False),
    (r"Authentication failed|could not read (?:Username|Password)|error: 40[13]\b|Permission denied|Access denied",
     Problem.CREDENTIALS, True),
    (r"[Rr]epository .*not (?:found|exist)|does not appear to be a git repository|error: 404\b",
     Problem.NOT_FOUND, True),
    (r"error: 429\b|Too Many Requests|ThrottlingException", Problem.THROTTLED, False),
    (r"Could not resolve|Failed to connect|Couldn't connect|Connection refused|No route to host|Network is unreachable",
     Problem.UNREACHABLE, False),
    (r"Operation too slow|timed out|Timeout was reached", Problem.TIMED_OUT, False),
    (r"error: 5\d\d\b", Problem.REFUSED, False),
    (r"hung up unexpectedly|early EOF|RPC failed|unexpected disconnect|Recv failure|Empty reply|Connection reset",
     Problem.BROKEN, False),
    (r"protocol error|invalid server response|bad line length|not valid: is this a git repository", Problem.GARBLED,
     False),
)  # fmt: skip


@dataclass(frozen=True)
class Git:
    """git in one bare repository. `held`: an open file whose lock the commands inherit, so that it outlives us."""

    folder: Path
    operation: str
    deadline: Deadline
    held: int | None = None

    def ask(self, *arguments: str) -> str | None:
        """What a local command prints; None if it says no, as rev-parse, cat-file and merge-base do."""
        status, printed, _complaint = self._run(arguments, None)
        return printed if status == 0 else None

    def do(self, *arguments: str, remote: Remote | None = None, changes: bool = False) -> str:
        """What the command prints. `changes`: it changes something at the remote. Raises ProviderError."""
        status, printed, complaint = self._recorded(arguments, remote, changes)
        if status:
            raise self._error(remote, f"{complaint}\n{printed}", changes)
        return printed

    def _recorded(self, arguments: tuple[str, ...], remote: Remote | None, changes: bool) -> tuple[int, str, str]:
        if remote is None:
            return self._run(arguments, None)
        began, began_at, problem = time.monotonic(), now(), ""
        try:
            status, printed, complaint = self._run(arguments, remote, changes)
            if status:
                problem = self._error(remote, f"{complaint}\n{printed}", changes).problem.value
            return status, printed, complaint
        except ProviderError as error:
            problem = error.problem.value
            raise
        finally:
            url, seconds = remote.url, time.monotonic() - began
            name = f"git {arguments[0]}"
            calls.record(calls.Call(remote.vendor, self.operation, name, url, 1, began_at, seconds, None, problem))

    def _run(self, arguments: tuple[str, ...], remote: Remote | None, changes: bool = False) -> tuple[int, str, str]:
        vendor = remote.vendor if remote else "git"
        if self.deadline.has_passed:
            raise ProviderError(vendor, self.operation, Problem.NOT_IN_TIME)
        login = remote.login() if remote else None
        try:
            process = subprocess.Popen(
                ["git", f"--git-dir={self.folder}", *arguments],
                cwd=self.folder,
                env=_environment(remote, login),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # it starts others, and all of them are to end with it
                pass_fds=() if self.held is None else (self.held,),
            )
        except FileNotFoundError as error:
            said = "git is not installed on this machine."
            raise ProviderError(vendor, self.operation, Problem.SETTINGS, said=said, permanent=True) from error
        try:
            printed, complaint = process.communicate(timeout=self.deadline.left())
        except subprocess.TimeoutExpired as error:
            outcome = Outcome.UNKNOWN if changes else Outcome.NOTHING
            raise ProviderError(vendor, self.operation, Problem.TIMED_OUT, outcome=outcome) from error
        finally:
            _end(process)
        return process.returncode, printed.decode(errors="replace"), _hidden(complaint.decode(errors="replace"), login)

    def _error(self, remote: Remote | None, said: str, changes: bool) -> ProviderError:
        found = next((entry for entry in WORDS if re.search(entry[0], said)), ("", Problem.REFUSED, False))
        _pattern, problem, permanent = found
        unsure = problem in (Problem.BROKEN, Problem.TIMED_OUT, Problem.GARBLED) or re.search(r"error: 5\d\d\b", said)
        return ProviderError(
            remote.vendor if remote else "git",
            self.operation,
            problem,
            said=_essence(said),
            permanent=permanent,
            outcome=Outcome.UNKNOWN if changes and unsure else Outcome.NOTHING,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing that git started is left behind, whatever happened."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _environment(remote: Remote | None, login: Login | None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    settings = {
        # What a repository or a host says cannot make git run a program, and nothing of ours is tidied away.
        **{"protocol.ext.allow": "never", "core.hooksPath": os.devnull, "gc.pruneExpire": "never"},
        **{"gc.autoDetach": "false", "http.lowSpeedLimit": "100", "http.lowSpeedTime": "30"},
    }
    if remote is not None and login is not None:
        basic = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        settings[f"http.{remote.url}.extraHeader"] = f"Authorization: Basic {basic}"
    return {
        **kept,
        # git's helpers of the environment the console runs in, as git-remote-codecommit, are beside its Python.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        **{name: ",".join(["127.0.0.1,localhost", os.environ.get(name, "")]) for name in ("NO_PROXY", "no_proxy")},
        **{"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true"},
        **{
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
        },
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=10",
        **_as_variables(settings),
    }


def _as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings of git by its environment, where no list of processes shows them."""
    pairs = [(f"GIT_CONFIG_KEY_{n}", name) for n, name in enumerate(settings)]
    pairs += [(f"GIT_CONFIG_VALUE_{n}", value) for n, value in enumerate(settings.values())]
    return {"GIT_CONFIG_COUNT": str(len(settings)), **dict(pairs)}


def _hidden(text: str, login: Login | None) -> str:
    text = re.sub(r"://[^/\s@:]+:[^/\s@]+@", "://•••@", text)
    return text.replace(login.password, "•••") if login and login.password else text


def _essence(said: str) -> str:
    """The lines that say why, without git's hints and progress."""
    lines = [line.strip() for line in said.splitlines()]
    telling = [line for line in lines if re.match(r"fatal:|error:|remote:|!", line)] or [line for line in lines if line]
    return " ".join(" ".join(telling).split())[:QUOTED_CHARACTERS]
