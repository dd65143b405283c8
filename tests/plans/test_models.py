"""Versions never change; rows of the plan tell what is current."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from dr_console.plans.models import PlanVersion
from incidents.models import Contact, ContactChannel
from tests import make

pytestmark = pytest.mark.django_db


def test_a_version_never_changes():
    version = make.plan()
    version.note = "Something else"
    with pytest.raises(TypeError, match="never changes"):
        version.save()
    with pytest.raises(TypeError, match="for ever"):
        version.delete()
    assert PlanVersion.objects.get().note == ""


def test_two_versions_cannot_have_one_number():
    version = make.plan()
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanVersion.objects.create(number=version.number, source="x", content={}, sha256="")


def test_a_version_is_called_by_its_number():
    assert str(make.plan()) == "v1"


def test_children_are_the_current_ones_also_when_prefetched():
    make.plan()
    channel = ContactChannel.objects.filter(contact__key="cto").first()
    ContactChannel.ever.filter(pk=channel.pk).update(retired_at="2026-01-01T00:00:00Z")
    (cto,) = Contact.objects.current().filter(key="cto").prefetch_related("channels")
    assert channel not in cto.channels.all()
    assert channel not in Contact.objects.get(key="cto").channels.all()
    assert channel in ContactChannel.ever.all()


def test_what_refers_to_a_retired_row_still_finds_it():
    make.plan()
    channel = ContactChannel.objects.filter(contact__key="cto").first()
    Contact.objects.filter(key="cto").update(retired_at="2026-01-01T00:00:00Z")
    channel.refresh_from_db()
    assert channel.contact.key == "cto"
