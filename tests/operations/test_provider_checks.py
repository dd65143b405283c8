"""The vendors' checks: kept as found, one round at a time, and shown to everybody who may read the plan."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from dr_console.audit.models import AuditEntry
from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.live.models import Event
from dr_console.operations import provider_checks, tasks
from dr_console.operations.models import CheckRound, ProviderCheck
from dr_console.providers import budgets, checking
from dr_console.providers.checking import CHECKS, CREDENTIALS_OF, LABELS, Finding, State, about
from dr_console.providers.deadlines import Deadline
from dr_console.providers.limits import Purpose
from tests import make

TOKEN = "The token works"
RECORD = "The record %(name)s exists"
answers: dict[str, Any] = {}


@about(TOKEN)
def token(deadline: Deadline):
    answers["purpose"] = budgets._purpose.get()
    yield answers.get("token") or Finding("cloudflare", TOKEN, State.OK)


@about(RECORD)
def record(deadline: Deadline):
    found = answers.get("record", Finding("cloudflare", RECORD, State.OK, names={"name": "api.example.com"}))
    if isinstance(found, Exception):
        raise found
    yield found


CHECKED = (token, record)


@pytest.fixture(autouse=True)
def vendors(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """One vendor, with checks whose answers the test chooses. What they would ask stands for the wire."""
    answers.clear()
    for key in list(CHECKS):
        if key != "cloudflare":
            monkeypatch.delitem(CHECKS, key)
    monkeypatch.setitem(CHECKS, "cloudflare", f"{__name__}.CHECKED")
    return answers


def refused() -> ProviderError:
    return ProviderError(
        "Cloudflare", "read the DNS record", Problem.NOT_FOUND, status=404, code="81044", said="No such", permanent=True
    )


# --- Carrying them out ----------------------------------------------------------------------------


def test_what_a_check_raises_is_a_finding(vendors):
    vendors["record"] = refused()
    first, second = checking.check_all(deadline=Deadline.after(5))
    assert (first.state, second.state) == (State.OK, State.FAILED)
    assert second.words == (
        "Cloudflare could not read the DNS record: there is no such thing. It answered: 404 81044: No such"
    )


@pytest.mark.parametrize(
    ("problem", "permanent", "state"),
    [
        (Problem.CREDENTIALS, True, State.FAILED),
        (Problem.SETTINGS, True, State.NOT_SET),
        (Problem.UNREACHABLE, False, State.UNKNOWN),
        (Problem.TIMED_OUT, False, State.UNKNOWN),
        (Problem.THROTTLED, False, State.UNKNOWN),
        (Problem.REFUSED, False, State.UNKNOWN),
    ],
)
def test_what_could_not_be_found_out_is_not_called_a_failure(vendors, problem, permanent, state):
    vendors["record"] = ProviderError("Cloudflare", "ask", problem, permanent=permanent)
    assert checking.check_all(deadline=Deadline.after(5))[1].state is state


def test_a_check_that_is_wrong_does_not_hide_the_others(vendors):
    vendors["record"] = ZeroDivisionError("a mistake of ours")
    first, second = checking.check_all(deadline=Deadline.after(5))
    assert first.state is State.OK
    assert (second.state, second.said) == (State.UNKNOWN, "ZeroDivisionError")


def test_a_vendor_whose_checks_cannot_be_loaded_says_so(monkeypatch):
    monkeypatch.setitem(CHECKS, "cloudflare", "dr_console.nowhere.CHECKS")
    assert [one.state for one in checking.check_all(deadline=Deadline.after(5))] == [State.UNKNOWN]


def test_checking_is_background_work():
    with budgets.background():
        checking.check_all(deadline=Deadline.after(5))
    assert answers["purpose"] is Purpose.BACKGROUND


# --- Keeping what was found -----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_round_replaces_the_one_before_and_remembers_since_when(vendors, time_machine):
    time_machine.move_to("2026-11-22 10:00 +0000", tick=False)
    vendors["record"] = refused()
    tasks.check_providers()
    time_machine.move_to("2026-11-22 10:05 +0000", tick=False)
    vendors["token"] = Finding("cloudflare", TOKEN, State.FAILED, "It has expired.")
    tasks.check_providers()
    token, record = ProviderCheck.objects.all()
    assert [f"{row.since:%H:%M} {row.at:%H:%M}" for row in (token, record)] == ["10:05 10:05", "10:00 10:05"]
    assert token.finding.words == "It has expired."
    assert record.finding.error.facts() == refused().facts()
    assert provider_checks.last_round().ended_at == now()


@pytest.mark.django_db
def test_what_is_kept_is_told_in_the_language_of_whoever_reads(vendors):
    vendors["record"] = ProviderError("Cloudflare", "ask", Problem.TIMED_OUT, outcome=Outcome.UNKNOWN)
    tasks.check_providers()
    with translation.override("zh-hans"):
        row = ProviderCheck.objects.get(position=1)
        assert isinstance(str(row.finding), str)
    assert "did not answer in time" in row.finding.words


@pytest.mark.django_db
def test_two_rounds_do_not_run_at_once(vendors):
    CheckRound.objects.create(pk=1, running_since=now())
    assert provider_checks.check() is False
    assert not ProviderCheck.objects.exists()


@pytest.mark.django_db
def test_a_round_whose_worker_was_killed_is_given_up(vendors):
    CheckRound.objects.create(pk=1, running_since=now() - timedelta(minutes=4))
    assert provider_checks.check() is True
    assert CheckRound.objects.get().running_since is None


@pytest.mark.django_db
def test_open_pages_are_told_when_it_begins_and_when_it_has_ended():
    tasks.check_providers()
    assert list(Event.objects.values_list("topic__name", "name")) == [("console", "readiness")] * 2


# --- Showing it -----------------------------------------------------------------------------------


@pytest.fixture
def commander(client):
    someone = make.user("cora", role="commander")
    client.force_login(someone)
    return someone


def page(client, **headers: str) -> str:
    return client.get(reverse("operations:readiness"), headers=headers).content.decode()


@pytest.mark.django_db
def test_what_was_never_checked_is_unknown(client, commander):
    shown = page(client)
    assert "Never checked yet" in shown
    assert "Cloudflare" in shown


@pytest.mark.django_db
def test_the_page_shows_each_finding_and_no_value_of_a_setting(client, commander, vendors, settings):
    vendors["record"] = refused()
    tasks.check_providers()
    shown = page(client)
    assert "404 81044: No such" in shown
    assert settings.DR_VENDOR_URLS["cloudflare"] in shown
    assert "DR_CLOUDFLARE_TOKEN" in shown
    assert settings.DR_CREDENTIALS["cloudflare"]["token"] not in shown
    assert settings.DR_CREDENTIALS["cloudflare"]["account_id"] not in shown


@pytest.mark.django_db
def test_old_answers_are_called_old(client, commander):
    CheckRound.objects.create(pk=1, ended_at=now() - timedelta(minutes=16))
    assert "These answers are old" in page(client)


@pytest.mark.django_db
def test_a_failure_stands_on_the_first_page(client, commander, vendors):
    vendors["record"] = refused()
    tasks.check_providers()
    shown = client.get(reverse("not-ready-panel")).content.decode()
    assert reverse("operations:readiness") in shown


@pytest.mark.django_db
def test_a_commander_has_them_checked_now(client, commander, django_capture_on_commit_callbacks):
    response = client.post(reverse("operations:check-vendors"), headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert [template.name for template in response.templates][0] == "operations/_vendors.html"
    assert ProviderCheck.objects.count() == 2
    assert AuditEntry.objects.filter(action="providers.check_asked", actor=commander).count() == 1


@pytest.mark.django_db
def test_without_htmx_one_is_sent_back_to_the_page(client, commander):
    response = client.post(reverse("operations:check-vendors"))
    assert response.url == reverse("operations:readiness")


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "manager", "responder"])
def test_others_see_no_button_and_may_not(client, role):
    client.force_login(make.user("vera", role=role))
    assert "Check now" not in page(client)
    assert client.post(reverse("operations:check-vendors")).status_code == 403


@pytest.mark.django_db
def test_one_is_told_that_no_worker_can_be_told(client, commander, monkeypatch):
    def no_redis(*args: Any, **options: Any) -> None:
        raise OperationalError("Error 111")

    monkeypatch.setattr(tasks.check_providers, "apply_async", no_redis)
    response = client.post(reverse("operations:check-vendors"), headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "Redis does not answer" in response.content.decode()


# --- In the terminal ------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("check_providers", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def test_the_command_prints_a_table_and_is_content():
    out, status = run()
    assert status == 0
    assert "Cloudflare\n  ok       The token works\n  ok       The record api.example.com exists\n" in out
    assert "2 ok" in out


def test_the_command_fails_where_a_check_does(vendors):
    vendors["record"] = refused()
    out, status = run("cloudflare")
    assert status == 1
    assert "  FAILED   The record … exists\n           Cloudflare could not read" in out


def test_what_is_not_set_is_no_failure(vendors):
    vendors["token"] = Finding("cloudflare", TOKEN, State.NOT_SET)
    assert run()[1] == 0


def test_the_command_speaks_json(vendors):
    vendors["record"] = refused()
    out, status = run("--json")
    answer = json.loads(out)
    assert (status, answer["well"], answer["mode"]) == (1, False, "sandbox")
    assert answer["findings"][0] == {"vendor": "cloudflare", "subject": TOKEN, "state": "ok", "said": ""}


@pytest.mark.parametrize("arguments", [("clodflare",), ("--seconds", "0"), ("--seconds", "nan")])
def test_a_mistake_is_named(arguments):
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == 2


# --- The table of vendors -------------------------------------------------------------------------


def test_every_vendor_has_a_label():
    assert set(CHECKS) <= set(LABELS)
    assert set(CREDENTIALS_OF) <= set(LABELS)
