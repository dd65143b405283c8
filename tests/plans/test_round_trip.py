"""Load, export and load again: nothing is lost on the way, whatever the plan says."""

from __future__ import annotations

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from dr_console.plans import reader, services, writer
from tests import make
from tests.plans.made_up import plans

BUILT_IN = settings.BASE_DIR / "dr_console" / "plans" / "builtin.yaml"

quietly = hypothesis_settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def body(text: str) -> str:
    """A plan file without the comment that it begins with."""
    return text[text.index("\n\n") :]


@pytest.mark.django_db
@quietly
@given(plan=plans())
def test_a_plan_comes_back_as_it_went_in(plan):
    document = reader.validate(plan)
    version = services.load(document, by=None, source="made up")
    version.refresh_from_db()
    exported = services.export()
    assert exported == document.content() == version.content
    first = writer.written(exported, name="first")
    again = reader.parse(first.encode())
    assert again.content() == exported
    services.load(again, by=None, source="exported")
    assert body(writer.written(services.export(), name="second")) == body(first)


@pytest.mark.django_db
def test_the_built_in_file_is_written_as_export_writes_it():
    make.plan()
    assert body(writer.written(services.export(), name="")) == body(BUILT_IN.read_text())


@pytest.mark.django_db
def test_an_older_version_is_written_in_the_order_of_the_schema():
    version = make.plan()
    version.refresh_from_db()
    shuffled = {name: version.content[name] for name in sorted(version.content)}
    assert body(writer.written(shuffled, name="")) == body(BUILT_IN.read_text())
