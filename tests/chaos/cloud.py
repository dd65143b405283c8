"""A pretend vendor in a process of its own, with faults by seed, that writes down what really happened to it.

python -m tests.chaos.cloud --log FILE --seed 1 --faults 0.2 --lag 0.5
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HANGS_SECONDS = 3.0


class Cloud:
    """Things that are set, and things that are made. A thing made twice is there twice, unless its token is known."""

    def __init__(self, log: Path, seed: int, faults: float, lag: float) -> None:
        self.seed, self.faults, self.lag = seed, faults, lag
        self.lock = threading.Lock()
        self.values: dict[str, list[tuple[float, Any]]] = {}
        self.made: dict[str, list[tuple[float, str]]] = {}
        self.asked: dict[str, int] = {}
        self._log = log.open("a", buffering=1, encoding="utf-8")

    def fault(self, name: str) -> str:
        """What goes wrong with the next change of this name; the same for the same seed."""
        number = self.asked[name] = self.asked.get(name, 0) + 1
        luck = random.Random(f"{self.seed}:{name}:{number}")
        if luck.random() >= self.faults:
            return ""
        return luck.choice(["429", "500 before", "502 after", "hangs after", "breaks before"])

    def set(self, name: str, value: Any, token: str) -> str:
        fault = self.fault(name)
        if not fault or fault.endswith("after"):
            history = self.values.setdefault(name, [])
            changed = not history or history[-1][1] != value
            if changed:
                history.append((time.time(), value))
            self.write(what="set", name=name, value=value, token=token, applied=changed, fault=fault)
        else:
            self.write(what="set", name=name, value=value, token=token, applied=False, fault=fault)
        return fault

    def make(self, name: str, token: str, *, knows_tokens: bool) -> str:
        fault = self.fault(name)
        there = self.made.setdefault(name, [])
        applied = (not fault or fault.endswith("after")) and not (
            knows_tokens and any(known == token for _at, known in there)
        )
        if applied:
            there.append((time.time(), token))
        self.write(what="make", name=name, token=token, applied=applied, fault=fault)
        return fault

    def seen(self, name: str) -> dict[str, Any]:
        """As a reader sees it, who is behind by the lag."""
        until = time.time() - self.lag
        values = [value for at, value in self.values.get(name, []) if at <= until]
        made = [token for at, token in self.made.get(name, []) if at <= until]
        return {"value": values[-1] if values else None, "made": made}

    def truth(self) -> dict[str, Any]:
        return {
            "values": {name: history[-1][1] for name, history in self.values.items()},
            "made": {name: [token for _at, token in there] for name, there in self.made.items()},
        }

    def write(self, **facts: Any) -> None:
        self._log.write(json.dumps({"at": time.time(), **facts}) + "\n")


class Handler(BaseHTTPRequestHandler):
    cloud: Cloud
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with self.cloud.lock:
            answer = self.cloud.truth() if self.path == "/truth" else self.cloud.seen(self.path.removeprefix("/"))
        self._answer(200, answer)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.cloud.lock:
            if asked["what"] == "set":
                fault = self.cloud.set(asked["name"], asked["value"], asked["token"])
            else:
                fault = self.cloud.make(asked["name"], asked["token"], knows_tokens=asked["what"] == "make once")
        if fault.startswith("hangs"):
            time.sleep(HANGS_SECONDS)
        if fault.startswith(("hangs", "breaks")):
            self.close_connection = True
            return
        self._answer(int(fault.split()[0]) if fault else 200, {"ok": not fault})

    def _answer(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("retry-after", "1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked was killed: that is what this is about."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.2)
    parser.add_argument("--lag", type=float, default=0.0)
    options = parser.parse_args()
    Handler.cloud = Cloud(options.log, options.seed, options.faults, options.lag)
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
