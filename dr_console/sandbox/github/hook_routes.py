"""GitHub's REST API of webhooks (docs.github.com/rest/repos/webhooks)."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from dr_console.sandbox.github import shapes
from dr_console.sandbox.github.hooks import Delivery, Hook
from dr_console.sandbox.github.host import Asked, Host, View, Wrong
from dr_console.sandbox.github.rest import OF

Found = tuple[int, Any]
ONE = OF + "/hooks/{hook:int}"


def routes(host: Host) -> list[Route]:
    table: list[tuple[str, str, View]] = [
        (
            "GET",
            f"{OF}/hooks",
            lambda asked: (200, [hook.shown(asked.base) for hook in host.hooks.of(asked.repo.name)]),
        ),
        ("POST", f"{OF}/hooks", _add),
        ("GET", ONE, lambda asked: (200, _hook(asked).shown(asked.base))),
        ("PATCH", ONE, _change),
        ("DELETE", ONE, _remove),
        ("GET", f"{ONE}/config", lambda asked: (200, _hook(asked).shown(asked.base)["config"])),
        ("PATCH", f"{ONE}/config", _configure),
        ("POST", f"{ONE}/pings", _ping),
        ("POST", f"{ONE}/tests", _test),
        ("GET", f"{ONE}/deliveries", lambda asked: (200, [each.shown() for each in _hook(asked).deliveries])),
        ("GET", ONE + "/deliveries/{delivery:int}", lambda asked: (200, _delivery(asked).shown(whole=True))),
        ("POST", ONE + "/deliveries/{delivery:int}/attempts", _again),
    ]
    return [Route(path, host.answering(view), methods=[method]) for method, path, view in table]


def _hook(asked: Asked) -> Hook:
    found = asked.host.hooks.by_id.get(asked.request.path_params["hook"])
    if found is None or found.repository != asked.repo.name:
        raise Wrong(404, "Not Found")
    return found


def _delivery(asked: Asked) -> Delivery:
    wanted = asked.request.path_params["delivery"]
    found = next((each for each in _hook(asked).deliveries if each.id == wanted), None)
    if found is None:
        raise Wrong(404, "Not Found")
    return found


def _add(asked: Asked) -> Found:
    config = asked.field("config", dict)
    if not config.get("url"):
        raise Wrong(
            422,
            "Validation Failed",
            [{"resource": "Hook", "code": "custom", "message": "Config must contain URL for webhooks"}],
        )
    events = asked.content.get("events") or ["push"]
    if any(hook.config.get("url") == config["url"] for hook in asked.host.hooks.of(asked.repo.name)):
        raise Wrong(
            422,
            "Validation Failed",
            [{"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository"}],
        )
    hook = asked.host.hooks.add(asked.repo.name, config, events, active=asked.content.get("active", True))
    asked.host.world.truth.effect("github", "webhook.create", config["url"], id=hook.id)
    asked.host.soon(lambda: asked.host.hooks.send(hook, "ping", _greeting(asked, hook)))
    return 201, hook.shown(asked.base)


def _greeting(asked: Asked, hook: Hook) -> dict[str, Any]:
    now = asked.host.world.clock.now()
    return {
        "zen": "Keep it logically awesome.",
        "hook_id": hook.id,
        "hook": hook.shown(asked.base),
        "repository": shapes.repository(asked.base, asked.repo, now),
        "sender": shapes.user(asked.base, shapes.LOGIN),
    }


def _change(asked: Asked) -> Found:
    hook, content = _hook(asked), asked.content
    hook.active = content.get("active", hook.active)
    hook.config = content.get("config", hook.config)
    events = set(content.get("events", hook.events)) | set(content.get("add_events", []))
    hook.events = sorted(events - set(content.get("remove_events", [])))
    asked.host.world.truth.effect("github", "webhook.change", str(hook.config.get("url", "")), id=hook.id)
    return 200, hook.shown(asked.base)


def _configure(asked: Asked) -> Found:
    hook = _hook(asked)
    hook.config = {**hook.config, **asked.content}
    asked.host.world.truth.effect("github", "webhook.change", str(hook.config.get("url", "")), id=hook.id)
    return 200, hook.shown(asked.base)["config"]


def _remove(asked: Asked) -> Found:
    hook = _hook(asked)
    del asked.host.hooks.by_id[hook.id]
    asked.host.world.truth.effect("github", "webhook.delete", str(hook.config.get("url", "")), id=hook.id)
    return 204, None


def _ping(asked: Asked) -> Found:
    hook = _hook(asked)
    asked.host.soon(lambda: asked.host.hooks.send(hook, "ping", _greeting(asked, hook)))
    return 204, None


def _test(asked: Asked) -> Found:
    hook, repo = _hook(asked), asked.repo
    name = f"refs/heads/{repo.default_branch}"
    tip = repo.refs(name).get(name, "")
    if tip and "push" in hook.events:
        before = repo.resolve(f"{tip}~1") or tip
        asked.host.soon(lambda: asked.host.hooks.pushed(asked.base, repo, name, before, tip))
    return 204, None


def _again(asked: Asked) -> Found:
    hook, delivery = _hook(asked), _delivery(asked)
    asked.host.soon(lambda: asked.host.hooks.again(hook, delivery))
    return 202, {}
