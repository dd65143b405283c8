"""The documentation and the JSON Schema of the plan file are true."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from jsonschema import Draft202012Validator

from dr_console.plans import manual, notation, registry
from dr_console.plans.schema import PlanPart
from dr_console.plans.shapes import shapes
from tests.plans.made_up import plans

BUILT_IN = settings.BASE_DIR / "dr_console" / "plans" / "builtin.yaml"


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("plan_schema", *arguments, stdout=out)
    return out.getvalue()


def as_json(value):
    """A YAML file's values as JSON has them: editors check dates as texts."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_page_in_docs_is_the_one_that_the_command_prints():
    page = (settings.BASE_DIR / "docs" / "plan-file.md").read_text()
    assert page == printed("--markdown"), "Run: manage.py plan_schema --markdown > docs/plan-file.md"


def test_the_page_says_what_every_field_means():
    page = manual.markdown()
    for section in registry.sections():
        assert f"## `{section.name}`\n\n{section.description}" in page
    assert "|  |" not in page
    assert "None" not in page


def parts() -> list[type[PlanPart]]:
    entries = [section.entry for section in registry.sections()]
    return entries + [shape.part for entry in entries for shape in shapes(entry) if shape.part]


@pytest.mark.parametrize("part", parts(), ids=lambda part: part.__qualname__)
def test_every_field_has_a_title_and_a_description(part):
    for name, field in part.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_json_schema_is_one_and_accepts_the_built_in_plan():
    schema = json.loads(printed())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(as_json(notation.parse(BUILT_IN.read_bytes()).value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("objectives", "rto_minutes"), "15"),
        (("objectives", "rto_minutes"), 0),
        (("objectives", "extra"), 1),
        (("regions", 0, "role"), "boss"),
        (("regions", 0, "key"), "Not A Key"),
        (("regions", 0, "name"), {"en": "Tokyo"}),
        (("regions", 0, "name"), ""),
        (("failover_plans", 0, "steps"), []),
        (("failover_plans", 0, "steps", 0, "does"), "anything"),
        (("vendors",), None),
    ],
)
def test_the_json_schema_refuses_what_the_console_refuses(path, value):
    plan = as_json(notation.parse(BUILT_IN.read_bytes()).value)
    around = plan
    for step in path[:-1]:
        around = around[step]
    around[path[-1]] = value
    assert not Draft202012Validator(manual.json_schema()).is_valid(plan)


@hypothesis_settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(plans())
def test_the_json_schema_accepts_whatever_the_console_accepts(plan):
    Draft202012Validator(manual.json_schema()).validate(plan)
