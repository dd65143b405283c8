"""Ask the sandbox for what the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dr_console.providers import sandbox
from dr_console.providers.deadlines import Deadline
from dr_console.providers.sandbox_shapes import Message, Scenario, World, moment
from dr_console.sandbox_page.forms import FaultForm, ScenarioForm, SpeedForm
from dr_console.sandbox_page.shown import Shown, said_in, shown

# A page that is asked for every two seconds must not wait for a sandbox that hangs.
SECONDS = 3.0
FIRST_MESSAGES, MORE_MESSAGES, MOST_MESSAGES = 10, 40, 1_000


@dataclass(frozen=True)
class Answer:
    """What whoever got a message can do about it. `path`, `body`: how the sandbox is told."""

    name: str
    label: str
    path: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Arrived:
    """A message that arrived, and the answers to it."""

    message: Message
    at: Any
    answers: list[Answer]


@dataclass(frozen=True)
class Card:
    """A scenario as the page offers it."""

    scenario: Scenario
    title: str
    says: str
    form: ScenarioForm


def world_now() -> World:
    return sandbox.world(deadline=Deadline.after(SECONDS))


def panel() -> dict[str, Any]:
    """What the panels of the world need. Raises ProviderError."""
    deadline = Deadline.after(SECONDS)
    return {"shown": _shown(world_now(), sandbox.scenarios(deadline=deadline), deadline)}


def everything(*, fault_form: FaultForm | None = None, scenario_form: ScenarioForm | None = None) -> dict[str, Any]:
    """What the whole page needs. Raises ProviderError."""
    deadline = Deadline.after(SECONDS)
    now, scenarios = world_now(), sandbox.scenarios(deadline=deadline)
    return {
        "shown": _shown(now, scenarios, deadline),
        "cards": [_card(scenario, now, scenario_form) for scenario in scenarios],
        "fault_form": fault_form or FaultForm(world=now),
        "speed_form": SpeedForm(initial={"speed": f"{now.speed:g}"}),
        **messages(FIRST_MESSAGES),
    }


def messages(limit: int) -> dict[str, Any]:
    """The newest messages, and how many to show for more (0: there are no more)."""
    found = sandbox.outbox(limit=limit + 1, deadline=Deadline.after(SECONDS))
    more = min(limit + MORE_MESSAGES, MOST_MESSAGES - 1) if len(found) > limit else 0
    return {"arrived": [_arrived(message) for message in found[:limit]], "limit": limit, "more": more}


def answer_to(message: int, name: str) -> Answer | None:
    """The answer of this name to this message, if both are there."""
    found = sandbox.outbox(limit=MOST_MESSAGES, deadline=Deadline.after(SECONDS))
    answers = [answer for each in found if each.id == message for answer in answers_to(each)]
    return next((answer for answer in answers if answer.name == name), None)


def answers_to(message: Message) -> list[Answer]:
    """By channel: who is paged acknowledges, who is called presses a key, who reads presses a button."""
    if message.channel == "pagerduty":
        return _to_a_page(message)
    if message.channel == "phone":
        return _to_a_call(message)
    return _to_a_post(message) if message.channel == "slack" else []


def _shown(now: World, scenarios: list[Scenario], deadline: Deadline) -> Shown:
    titles = {scenario.name: said_in(scenario.title) or scenario.name for scenario in scenarios}
    return shown(now, sandbox.truth(deadline=deadline), titles)


def _card(scenario: Scenario, now: World, given: ScenarioForm | None) -> Card:
    is_given = given is not None and given.scenario.name == scenario.name
    form = given if is_given and given else ScenarioForm(scenario=scenario, origins=now.origins)
    return Card(scenario, said_in(scenario.title) or scenario.name, said_in(scenario.description), form)


def _arrived(message: Message) -> Arrived:
    return Arrived(message, moment(message.at), answers_to(message))


def _to_a_page(message: Message) -> list[Answer]:
    incident = message.detail.get("incident")
    if not incident or message.state == "resolved":
        return []
    labels = {"acknowledge": _("Acknowledge"), "escalate": _("Escalate"), "resolve": _("Resolve")}
    if message.state == "acknowledged":
        del labels["acknowledge"]
    return [
        Answer(action, label, "/pagerduty/answer", {"action": action, "incident": incident, "by": message.to})
        for action, label in labels.items()
    ]


def _to_a_call(message: Message) -> list[Answer]:
    """Twilio's calls and those of the voice webhook. A text message cannot be answered."""
    call = str(message.detail.get("call", ""))
    if not call or message.state not in ("queued", "ringing", "in-progress"):
        return []
    path = "/twilio/answer" if call.startswith("CA") else "/voice/answer"
    pressed = [(f"press-{key}", _("Press %(key)s") % {"key": key}, {"does": "press", "digits": key}) for key in "12"]
    other = [("voicemail", _("Voicemail"), {"does": "voicemail"}), ("busy", _("Busy"), {"does": "busy"})]
    return [Answer(name, label, path, {"call": call, **does}) for name, label, does in (*pressed, *other)]


def _to_a_post(message: Message) -> list[Answer]:
    """The buttons that Slack's blocks have in them."""
    blocks = message.detail.get("blocks")
    elements = [
        element
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict)
        for element in [*(block.get("elements") or []), block.get("accessory")]
        if isinstance(element, dict) and element.get("type") == "button" and element.get("action_id")
    ]
    return [
        Answer(
            f"button-{number}",
            str(element.get("text", {}).get("text", element["action_id"]))[:60],
            "/slack/press",
            {"action": element["action_id"], "value": element.get("value", ""), "ts": message.detail.get("ts", "")},
        )
        for number, element in enumerate(elements)
    ]
