"""Environment variables: the same tests on a wire that answers as Vercel's pages do, and in the sandbox."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import respx

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.variables import Reading, Variable, VariableProvider
from tests.providers.faked_vercel import ADDRESS, SECRET_VALUE, Fake, good, refusal
from tests.providers.vercel_worlds import TOKYO, WORLDS, World, vercel
from tests.sandboxed import Sandbox

NEW = Variable("", "PAYMENT_KEY", "encrypted", ("production",), value=SECRET_VALUE, comment="INC-2026-001")


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, held: None) -> Iterator[World]:
    with vercel(request) as world:
        yield world


@pytest.fixture
def client() -> VariableProvider:
    return registry.variables()


@pytest.fixture
def fake(settings) -> Iterator[Fake]:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with Fake().on_the_wire() as fake:
        yield fake


def named(found: list[Variable], key: str) -> Variable:
    return next(variable for variable in found if variable.key == key)


def test_they_are_listed_over_all_pages_and_without_values(world, client, soon):
    found = client.variables(TOKYO, deadline=soon)
    assert {"DATABASE_URL", "SESSION_SECRET", "NEXT_PUBLIC_API_URL"} <= {each.key for each in found}
    assert {(each.reading, each.value) for each in found} == {(Reading.NOT_ASKED, None)}


def test_an_encrypted_one_is_read(world, client, soon):
    read = client.read(TOKYO, named(client.variables(TOKYO, deadline=soon), "DATABASE_URL"), deadline=soon)
    assert (read.reading, read.is_backed_up, bool(read.value)) == (Reading.READ, True, True)


def test_a_sensitive_one_cannot_be_read_and_that_is_no_error(world, client, soon):
    read = client.read(TOKYO, named(client.variables(TOKYO, deadline=soon), "SESSION_SECRET"), deadline=soon)
    assert (read.reading, read.value, read.is_backed_up) == (Reading.SENSITIVE, None, False)


def test_all_are_read_each_with_what_became_of_it(world, client, soon):
    readings = {each.key: each.reading for each in client.read_all(TOKYO, deadline=soon)}
    assert readings["NEXT_PUBLIC_API_URL"] is Reading.READ
    assert readings["SESSION_SECRET"] is Reading.SENSITIVE


def test_a_value_that_only_a_person_may_see_is_said_to_be_one(world, client, soon):
    world.challenge_readers()
    readings = {each.key: each.reading for each in client.read_all(TOKYO, deadline=soon)}
    assert readings["DATABASE_URL"] is Reading.CHALLENGED
    assert readings["NEXT_PUBLIC_API_URL"] is Reading.READ


def test_what_was_deleted_meanwhile_is_gone(world, client, soon):
    variable = named(client.variables(TOKYO, deadline=soon), "DATABASE_URL")
    for _twice in range(2):
        client.delete(TOKYO, variable.id, deadline=soon)
    assert client.read(TOKYO, variable, deadline=soon).reading is Reading.GONE


def test_one_is_written_and_read_back(world, client, soon):
    written = client.write(TOKYO, NEW, deadline=soon)
    assert replace(written, id="") == replace(NEW, reading=Reading.READ)
    found = named(client.variables(TOKYO, deadline=soon), NEW.key)
    assert client.read(TOKYO, found, deadline=soon).value == SECRET_VALUE


def test_writing_twice_is_the_same_as_once(world, client, soon):
    first = client.write(TOKYO, NEW, deadline=soon)
    assert client.write(TOKYO, NEW, deadline=soon) == first
    assert [each.key for each in client.variables(TOKYO, deadline=soon)].count(NEW.key) == 1


def test_what_was_read_can_be_written_back(world, client, soon):
    before = named(client.read_all(TOKYO, deadline=soon), "DATABASE_URL")
    client.write(TOKYO, replace(before, value="postgres://elsewhere"), deadline=soon)
    client.write(TOKYO, before, deadline=soon)
    assert named(client.read_all(TOKYO, deadline=soon), "DATABASE_URL") == before


def test_the_project_must_exist(in_sandbox: Sandbox, client, soon):
    with pytest.raises(ProviderError) as caught:
        client.variables("none", deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


def test_a_variable_without_a_value_is_not_written(client, soon):
    with pytest.raises(ProviderError, match="PAYMENT_KEY: there is no value") as caught:
        client.write(TOKYO, replace(NEW, value=None), deadline=soon)
    assert caught.value.permanent


def test_no_value_is_in_a_repr():
    assert SECRET_VALUE not in repr(NEW)


def test_a_value_that_is_still_encrypted_is_no_backup(settings, client, soon):
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    variable = replace(NEW, id="env1", value=None)
    with respx.mock:
        answer = {"key": NEW.key, "type": "encrypted", "value": "ZW5jcnlwdGVk", "decrypted": False}
        respx.get(url__startswith=ADDRESS).mock(return_value=good(answer))
        assert client.read(TOKYO, variable, deadline=soon).reading is Reading.WITHHELD


def test_one_that_became_sensitive_meanwhile_is_said_to_be(settings, client, soon):
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with respx.mock:
        respx.get(url__startswith=ADDRESS).mock(return_value=good({"key": NEW.key, "type": "sensitive", "value": ""}))
        read = client.read(TOKYO, replace(NEW, id="env1", value=None), deadline=soon)
    assert (read.type, read.reading) == ("sensitive", Reading.SENSITIVE)


@pytest.mark.parametrize(
    "answer",
    [
        good({"key": "A", "type": "encrypted", "values": SECRET_VALUE}),
        good([{"value": SECRET_VALUE}]),
        good({"key": "A", "type": 7, "value": SECRET_VALUE}),
        httpx.Response(200, text=f"<html>{SECRET_VALUE}</html>"),
        httpx.Response(500, text=f"oops {SECRET_VALUE}"),
        httpx.Response(403, json={"value": SECRET_VALUE}),
    ],
)
def test_no_value_gets_out_through_an_answer_that_is_wrong(settings, client, soon, answer, caplog):
    caplog.set_level(logging.DEBUG)
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with respx.mock:
        respx.get(url__startswith=ADDRESS).mock(return_value=answer)
        with pytest.raises(ProviderError) as caught:
            client.read(TOKYO, replace(NEW, id="env1", value=None), deadline=soon.no_later_than(1))
    assert SECRET_VALUE not in str(caught.value) + str(caught.value.facts()) + caplog.text
    assert "not shown" in caught.value.said or caught.value.problem is Problem.NOT_IN_TIME


@pytest.mark.parametrize(
    "answer", [refusal(400, "bad_request", f"Invalid value {SECRET_VALUE}"), good({"failed": []}, 201)]
)
def test_no_value_gets_out_through_a_refusal_to_write_it(settings, client, soon, answer, caplog):
    caplog.set_level(logging.DEBUG)
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with respx.mock:
        respx.post(url__startswith=ADDRESS).mock(return_value=answer)
        with pytest.raises(ProviderError) as caught:
            client.write(TOKYO, NEW, deadline=soon)
    assert SECRET_VALUE not in str(caught.value) + str(caught.value.facts()) + caplog.text


def test_a_refusal_inside_a_good_answer_is_one_all_the_same(fake, client, soon):
    with pytest.raises(ProviderError, match="ENV_FORBIDDEN: Not with •••") as caught:
        client.write(TOKYO, replace(NEW, key="NOT_ALLOWED"), deadline=soon)
    assert (caught.value.permanent, caught.value.outcome) == (True, Outcome.NOTHING)


def test_a_type_that_is_no_longer_taken_is_written_as_its_successor(fake, client, soon):
    client.write(TOKYO, replace(NEW, type="secret", git_branch="main", environments=("env_1",)), deadline=soon)
    body = fake.sent[-1][3]
    assert (body["type"], body["gitBranch"], body["customEnvironmentIds"]) == ("encrypted", "main", ["env_1"])
