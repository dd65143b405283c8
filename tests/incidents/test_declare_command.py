"""`manage.py declare`: from a terminal, where there is no browser."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.models import Incident
from tests import make

pytestmark = pytest.mark.django_db


def declare(*arguments):
    out = StringIO()
    call_command("declare", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_the_reference_and_where_to_look():
    make.plan()
    printed = declare("Checkout is  down", "--severity", "P0", "--service", "api")
    incident = Incident.objects.get()
    assert printed.startswith(f"{incident.reference}  declared: http")
    assert (incident.title, incident.severity, incident.service.key) == ("Checkout is down", "P0", "api")
    assert (incident.origin, incident.is_practice) == ("terminal", False)


def test_as_json_with_all_its_facts_and_once_with_a_token():
    facts = json.loads(declare("Checkout is down", "--json", "--drill", "--client-token", "cron-7"))
    assert (facts["is_new"], facts["severity"], facts["assumed_severity"], facts["is_drill"]) == (
        True,
        None,
        "P1",
        True,
    )
    again = json.loads(declare("Checkout is down", "--json", "--drill", "--client-token", "cron-7"))
    assert (again["is_new"], again["reference"]) == (False, facts["reference"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["  "], "Say what is wrong"),
        (["x" * 201], "Say what is wrong"),
        (["Down", "--severity", "P9"], "invalid choice: 'P9'"),
        (["Down", "--service", "moon"], "There is no service “moon”"),
        (["Down", "--client-token", "x" * 81], "at most 80"),
    ],
    ids=["empty", "long", "severity", "service", "token"],
)
def test_what_is_wrong_is_said(arguments, said):
    make.plan()
    with pytest.raises(CommandError, match=said) as problem:
        declare(*arguments)
    assert problem.value.returncode in (1, 2)
    assert Incident.objects.count() == 0
