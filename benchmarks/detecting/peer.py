"""Prometheus, its blackbox exporter and its Alertmanager, as Debian has them, all set to a second."""

from __future__ import annotations

import http.server
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.ports import free_port
from tests.running import running

PACKAGES = ("prometheus", "prometheus-blackbox-exporter", "prometheus-alertmanager")
KEPT = Path(tempfile.gettempdir()) / "dr-console-bench-packages"

BLACKBOX = """
modules:
  http:
    prober: http
    timeout: 1s
    http: {preferred_ip_protocol: ip4}
"""
PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]
scrape_configs:
  - job_name: health
    metrics_path: /probe
    params: {{module: [http]}}
    static_configs: [{{targets: ['{target}']}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{target_label: __address__, replacement: '127.0.0.1:{blackbox}'}}
"""
# Failing for two seconds at a look a second: three failures in a row, as the console asks for.
RULES = """
groups:
  - name: health
    interval: 1s
    rules: [{alert: Down, expr: probe_success == 0, for: 2s}]
"""
ALERTMANAGER = """
route: {{receiver: hook, group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{hook}/', send_resolved: false}}]}}]
"""


class Unavailable(Exception):
    """The packages cannot be had here."""


class Peer:
    """`firing`: when (seconds since the epoch, ours) each alert arrived at the webhook."""

    def __init__(self) -> None:
        self.firing: list[float] = []

    def first_after(self, moment: float, *, within: float) -> float | None:
        until = time.monotonic() + within
        while time.monotonic() < until:
            if found := next((at for at in self.firing if at > moment), None):
                return found
            time.sleep(0.02)
        return None


@contextmanager
def peer(target: str) -> Iterator[Peer]:
    """All three, asking `target`. Raises Unavailable."""
    binaries = _unpacked()
    ports = {name: free_port() for name in ("prometheus", "blackbox", "alertmanager", "hook")}
    found = Peer()
    with tempfile.TemporaryDirectory(prefix="dr-console-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        _write_settings(folder, target, ports)
        stack.enter_context(_hook(found, ports["hook"]))
        for command in _commands(binaries, folder, ports):
            stack.enter_context(running(command))
        time.sleep(5)  # its first scrapes
        yield found


def _unpacked() -> Path:
    """Root of the packages' files, fetched once."""
    if not (KEPT / "usr/bin/prometheus").exists():
        KEPT.mkdir(exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", *PACKAGES], cwd=KEPT, check=True, capture_output=True)
            for package in KEPT.glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", str(package), str(KEPT)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unavailable(f"Debian's packages {', '.join(PACKAGES)} cannot be had here ({error})") from error
    return KEPT / "usr/bin"


def _write_settings(folder: Path, target: str, ports: dict[str, int]) -> None:
    (folder / "blackbox.yml").write_text(BLACKBOX)
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(target=target, **ports))
    (folder / "alertmanager.yml").write_text(ALERTMANAGER.format(**ports))


def _commands(binaries: Path, folder: Path, ports: dict[str, int]) -> list[list[str]]:
    def at(name: str) -> str:
        return f"127.0.0.1:{ports[name]}"

    return [
        [
            f"{binaries}/prometheus-blackbox-exporter",
            f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address={at('blackbox')}",
        ],
        [
            # It insists on its templates at their place, which is here for it alone.
            *("unshare", "--mount", "--map-root-user", "sh", "-c"),
            f'mount --bind {binaries.parent}/share /usr/share && exec "$0" "$@"',
            f"{binaries}/prometheus-alertmanager",
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alerts",
            f"--web.listen-address={at('alertmanager')}",
            "--cluster.listen-address=",
        ],
        [
            f"{binaries}/prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/series",
            f"--web.listen-address={at('prometheus')}",
        ],
    ]


@contextmanager
def _hook(found: Peer, port: int) -> Iterator[None]:
    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if told["status"] == "firing":
                found.firing.append(time.time())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
