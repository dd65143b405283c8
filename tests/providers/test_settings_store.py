"""The settings store: the same tests on a wire that answers as Vercel's pages do, and in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import respx

from dr_console.errors import Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.settings_store import SettingsStore
from dr_console.providers.checking import State, check_all
from dr_console.providers.vercel.checks import CHECKS
from dr_console.providers.vercel.settings_store import VercelSettingsStore
from tests.providers.faked_vercel import ADDRESS, Fake, good
from tests.providers.vercel_worlds import WORLDS, World, vercel
from tests.sandboxed import Sandbox

LEVEL = "degradation_level"
MODERATE = {"level": 2, "since": "2026-11-20T08:15:30Z", "incident": "INC-2026-001"}


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, held: None) -> Iterator[World]:
    with vercel(request) as world:
        yield world


@pytest.fixture
def client() -> SettingsStore:
    return registry.settings_store()


@pytest.fixture
def fake(settings) -> Iterator[Fake]:
    VercelSettingsStore._known.clear()
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with Fake().on_the_wire() as fake:
        yield fake


def test_a_setting_is_written_and_read_back(world, client, soon):
    client.write({LEVEL: MODERATE, "banner": None}, deadline=soon)
    assert client.item(LEVEL, deadline=soon).value == MODERATE
    assert {key: item.value for key, item in client.items(deadline=soon).items()} == {LEVEL: MODERATE, "banner": None}


def test_writing_one_keeps_the_others(world, client, soon):
    client.write({"banner": "maintenance"}, deadline=soon)
    assert set(client.items(deadline=soon)) == {LEVEL, "banner"}


def test_what_is_not_there_is_not_found(world, client, soon):
    with pytest.raises(ProviderError) as caught:
        client.item("nothing", deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


def test_deleting_twice_is_the_same_as_once(world, client, soon):
    client.write({"banner": "maintenance"}, deadline=soon)
    for _twice in range(2):
        client.delete("banner", "nothing", deadline=soon)
    assert set(client.items(deadline=soon)) == {LEVEL}


def test_an_earlier_version_is_restored(world, client, soon):
    before = client.item(LEVEL, deadline=soon).value
    for level in (1, 2, 3):
        client.write({LEVEL: {"level": level}}, deadline=soon)
    versions = client.versions(deadline=soon)
    assert len(versions) == 3
    oldest = client.version(versions[-1].id, deadline=soon)
    assert oldest.values == {LEVEL: before}
    for _twice in range(2):
        client.restore(oldest.id, deadline=soon)
    assert client.item(LEVEL, deadline=soon).value == before


def test_no_more_versions_come_than_were_asked_for(world, client, soon):
    for level in (1, 2, 3):
        client.write({LEVEL: {"level": level}}, deadline=soon)
    assert len(client.versions(limit=2, deadline=soon)) == 2
    with pytest.raises(ProviderError) as caught:
        client.version("nothing", deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


def test_every_check_is_well(world, soon):
    findings = [finding for check in CHECKS for finding in check(soon)]
    assert [(str(finding), finding.state) for finding in findings] == [
        ("The token works", State.OK),
        ("The team team_gemini can be read", State.OK),
        ("The project gemini-toolbox exists", State.OK),
        ("The project gemini-toolbox-standby exists", State.OK),
        ("The standby gemini-toolbox-standby is deployed and ready", State.OK),
        ("The settings store ecfg_gemini can be read", State.OK),
    ]


# The name of the API, old and new.


def test_the_old_name_is_found_and_remembered(fake, client, soon):
    fake.store_names = ("edge-config",)
    client.write({LEVEL: MODERATE}, deadline=soon)
    registry.settings_store().item(LEVEL, deadline=soon)
    names = [path.split("/")[2] for _method, path, _query, _body in fake.sent]
    assert names == ["global-config", "edge-config", "edge-config"]


def test_a_key_that_is_missing_under_the_new_name_is_not_looked_for_under_the_old_one(fake, client, soon):
    client.items(deadline=soon)
    with pytest.raises(ProviderError):
        client.item("nothing", deadline=soon)
    assert {path.split("/")[2] for _method, path, _query, _body in fake.sent} == {"global-config"}


@pytest.mark.parametrize("body", ["", "null"])
def test_an_empty_answer_is_a_key_that_is_not_there(settings, client, soon, body):
    VercelSettingsStore._known.clear()
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with respx.mock:
        respx.get(url__startswith=ADDRESS).mock(return_value=httpx.Response(200, text=body))
        with pytest.raises(ProviderError) as caught:
            client.item(LEVEL, deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


@pytest.mark.parametrize("body", [{"status": "no"}, {}, [], {"status": 1}])
def test_a_change_that_is_not_confirmed_is_an_error(settings, client, soon, body):
    VercelSettingsStore._known.clear()
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with respx.mock:
        respx.patch(url__startswith=ADDRESS).mock(return_value=good(body))
        with pytest.raises(ProviderError) as caught:
            client.write({LEVEL: MODERATE}, deadline=soon)
    assert caught.value.problem is Problem.GARBLED


def test_a_write_whose_answer_was_lost_is_simply_repeated(in_sandbox: Sandbox, client, soon):
    VercelSettingsStore._known.clear()
    in_sandbox.post(
        "/faults", {"kind": "reset", "vendor": "vercel", "route": "PATCH *", "after_effect": True, "times": 1}
    )
    client.write({LEVEL: MODERATE}, deadline=soon)
    assert client.item(LEVEL, deadline=soon).value == MODERATE


# Checks that find something.


def findings(soon) -> dict[str, tuple[State, str]]:
    found = [finding for check in CHECKS[1:] for finding in check(soon)]
    return {str(finding): (finding.state, finding.words) for finding in found}


def test_a_standby_that_is_paused_cannot_take_over(fake, soon):
    fake.paused.add("gemini-toolbox-standby")
    assert findings(soon)["The standby gemini-toolbox-standby is deployed and ready"] == (State.FAILED, "it is paused")


def test_a_standby_whose_deployment_failed_cannot_take_over(fake, soon):
    fake.rows["dpl_y4"] |= {"state": "ERROR", "readyState": "ERROR"}
    state, said = findings(soon)["The standby gemini-toolbox-standby is deployed and ready"]
    assert (state, said[:5]) == (State.FAILED, "ERROR")


def test_a_store_that_is_not_there_is_said_to_be_missing(fake, soon):
    fake.store_names = ()
    state, said = findings(soon)["The settings store ecfg_gemini can be read"]
    assert (state, "there is no such thing" in said) == (State.FAILED, True)


def test_a_setting_that_is_missing_is_named(fake, soon, settings):
    credentials = dict.fromkeys(settings.DR_CREDENTIALS["vercel"], "") | {"token": "sandbox-token"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "vercel": credentials}
    found = check_all(["vercel"], deadline=soon)
    assert {finding.state for finding in found} == {State.NOT_SET}
    assert [str(finding) for finding in found][1:] == [
        "The team can be read",
        "The projects exist",
        "The standby is deployed and ready",
        "The settings store can be read",
    ]
    assert "DR_VERCEL_PROJECT" in found[2].words


def test_a_project_of_another_name_is_said_to_be_missing(fake, soon, settings):
    credentials = {**settings.DR_CREDENTIALS["vercel"], "standby_project": "other"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "vercel": credentials}
    assert findings(soon)["The project other exists"][0] is State.FAILED
    assert findings(soon)["The project gemini-toolbox exists"][0] is State.OK
