"""The plan as rows: upserted by key, retired rather than deleted, with a bounded number of queries."""

from __future__ import annotations

from copy import deepcopy

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from django.utils.translation import override

from dr_console.plans import reader, registry, rows
from dr_console.plans.shapes import shapes
from incidents.models import Contact, ContactChannel, FailoverPlan, FailoverStep, Objectives, Region, Service
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def content():
    """The built-in plan's content, to be changed freely."""
    make.plan()
    return deepcopy(make.builtin_plan().content())


def apply(content) -> None:
    rows.apply(reader.validate(content), at=now())


def named(content, section, key):
    return next(entry for entry in content[section] if entry["key"] == key)


def test_a_row_stays_itself_while_its_entry_changes(content):
    before = Contact.objects.get(key="cto")
    named(content, "contacts", "cto")["name"] = {"en": "Chief", "zh-hans": "首席"}
    apply(content)
    after = Contact.objects.get(key="cto")
    assert (after.pk, after.name, after.retired_at) == (before.pk, "Chief", None)


def test_what_a_plan_no_longer_names_is_retired_and_comes_back_as_the_same_row(content):
    row = FailoverPlan.objects.get(key="manual-failover")
    steps = set(row.steps.values_list("pk", flat=True))
    without = content | {
        "failover_plans": [
            plan for plan in content["failover_plans"] if "manual-failover" not in (plan["key"], plan["fails_back"])
        ]
    }
    apply(without)
    row.refresh_from_db()
    assert row.retired_at is not None
    assert row not in FailoverPlan.objects.current()
    assert list(row.steps.all()) == []
    assert set(FailoverStep.ever.filter(plan=row).values_list("pk", flat=True)) == steps
    apply(content)
    row.refresh_from_db()
    assert row.retired_at is None
    assert set(row.steps.values_list("pk", flat=True)) == steps


def test_the_time_of_retirement_is_that_of_the_first_plan_without_it(content):
    content["vendors"] = []
    apply(content)
    first = registry.section("vendors").model.objects.values_list("retired_at", flat=True)[0]
    apply(content)
    assert registry.section("vendors").model.objects.values_list("retired_at", flat=True)[0] == first


def test_a_part_keeps_its_row_as_long_as_it_keeps_its_identity(content):
    cto = Contact.objects.get(key="cto")
    phone, email = cto.channels.all()
    channels = named(content, "contacts", "cto")["channels"]
    channels.reverse()
    channels[1]["address"] = "+1-555-0199"
    apply(content)
    assert [channel.address for channel in cto.channels.all()] == ["cto@example.com", "+1-555-0199"]
    assert cto.channels.get(kind="email").pk == email.pk
    assert ContactChannel.ever.get(pk=phone.pk).retired_at is not None


def test_two_regions_change_places_at_once(content):
    tokyo, california = content["regions"][:2]
    tokyo["role"], california["role"] = california["role"], tokyo["role"]
    content["regions"][:2] = [california, tokyo]
    apply(content)
    assert list(Region.objects.current().values_list("key", "role"))[:2] == [
        ("us-west-1", "primary"),
        ("asia-northeast-1", "secondary"),
    ]


def test_a_reference_follows_the_plan(content):
    named(content, "failover_plans", "manual-failover")["to_region"] = "eu-central-1"
    named(content, "failover_plans", "region-failure-to-backup-region")["to_region"] = None
    apply(content)
    plans = FailoverPlan.objects.select_related("to_region")
    assert plans.get(key="manual-failover").to_region.key == "eu-central-1"
    assert plans.get(key="region-failure-to-backup-region").to_region is None


def test_a_section_of_one_entry_has_one_row_for_ever(content):
    content["objectives"]["rto_minutes"] = 10
    apply(content)
    assert Objectives.objects.get().rto_minutes == 10


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_texts_are_stored_alike_whoever_speaks_which_language(content, language):
    named(content, "services", "cache")["name"] = {"en": "Fast store", "zh-hans": "快取"}
    content["services"].append(deepcopy(named(content, "services", "cache")) | {"key": "second"})
    with override(language):
        apply(content)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, name_en, name_zh_hans FROM incidents_service WHERE key IN ('cache', 'second')")
        assert cursor.fetchall() == [("Fast store", "Fast store", "快取")] * 2
    with override("zh-hans"):
        assert Service.objects.get(key="cache").name == "快取"


def test_an_equal_plan_writes_nothing(content):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        apply(content)
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}


def test_the_number_of_queries_does_not_grow_with_the_plan(content):
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            apply(content)
            assert rows.content() == reader.validate(content).content()
        return len(queries)

    tables = sum(1 + len(section.children) for section in registry.sections())
    contact = named(content, "contacts", "cto")
    content["contacts"] += [deepcopy(contact) | {"key": f"extra-{number}"} for number in range(200)]
    few = counted()
    assert few <= 2 * tables + 20
    for contact in content["contacts"]:
        contact["name"] = "Somebody"
    assert counted() <= 2 * tables + 20


def test_no_plan_at_all_reads_as_empty_lists():
    assert rows.content() == {section.name: [] for section in registry.sections() if section.many}


def parts_and_tables():
    """Every mapping of the plan file, with the table that holds it."""
    for section in registry.sections():
        yield section.entry, section.model
        for shape in shapes(section.entry):
            if shape.part:
                yield shape.part, section.children[shape.name].model


@pytest.mark.parametrize(("part", "model"), parts_and_tables())
def test_fields_of_schema_and_model_have_the_same_names_and_the_same_options(part, model):
    for shape in shapes(part):
        if shape.kind == "parts":
            continue
        field = model._meta.get_field(shape.name)
        assert bool(field.is_relation) == (shape.kind == "reference")
        if shape.kind == "text":
            assert model._meta.get_field(f"{shape.name}_zh_hans")
            assert (field.max_length or 4000) >= shape.type.longest()
        if field.choices:
            assert [value for value, _label in field.choices] == [option.value for option in shape.type]
