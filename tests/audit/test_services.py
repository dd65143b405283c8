"""Writing the audit log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils.translation import gettext_lazy

from dr_console.audit import actions, origin
from dr_console.audit.append_only import AppendOnly
from dr_console.audit.masking import MASK, masked
from dr_console.audit.models import AuditEntry
from dr_console.audit.services import record
from tests import make


@pytest.fixture(autouse=True)
def _forget_the_origin():
    yield
    origin.remember("")
    origin.this_process_is(origin.TERMINAL)


@pytest.mark.django_db
def test_a_line_says_who_when_from_where_what_before_and_after(time_machine):
    time_machine.move_to("2025-01-10 14:32 +0000", tick=False)
    ada = make.user("ada")
    origin.remember("192.0.2.7")
    record("contact.changed", by=ada, target="contact tech-lead", before={"level": 1}, after={"level": 2})
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.actor_name, entry.origin) == (ada, "ada", "192.0.2.7")
    assert entry.at == datetime(2025, 1, 10, 14, 32, tzinfo=UTC)
    assert (entry.action, entry.target) == ("contact.changed", "contact tech-lead")
    assert (entry.before, entry.after) == ({"level": 1}, {"level": 2})


@pytest.mark.django_db
@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_what_the_console_does_by_itself_names_nobody(nobody):
    entry = record("plan.loaded", by=nobody, target="plan 1")
    assert (entry.actor, entry.actor_name, entry.origin) == (None, "", "terminal")


@pytest.mark.django_db
def test_the_name_stays_when_the_person_is_renamed():
    ada = make.user("ada")
    entry = record("plan.loaded", by=ada, target="plan 1")
    ada.username = "countess"
    ada.save()
    assert AuditEntry.objects.get(pk=entry.pk).actor_name == "ada"


@pytest.mark.django_db
def test_what_did_not_happen_is_not_in_the_log():
    with transaction.atomic():
        record("plan.loaded", by=None, target="plan 1")
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_dates_lazy_texts_and_sets_can_be_recorded():
    after = {"on": datetime(2025, 1, 1, tzinfo=UTC), "tags": {"b", "a"}, "label": gettext_lazy("Role")}
    entry = record("plan.loaded", by=None, target="plan", after=after)
    entry.refresh_from_db()
    assert entry.after == {"on": "2025-01-01T00:00:00Z", "tags": ["a", "b"], "label": "Role"}


@pytest.mark.django_db
def test_long_targets_are_cut_rather_than_refused():
    assert len(record("plan.loaded", by=None, target="x" * 500).target) == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "rewrite",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda entry: AuditEntry.objects.update(action="nothing"),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["action"]),
    ],
    ids=["save", "delete", "update", "delete many", "bulk_update"],
)
def test_our_own_code_cannot_rewrite_it(rewrite):
    entry = record("plan.loaded", by=None, target="plan 1")
    with pytest.raises(AppendOnly):
        rewrite(entry)
    assert AuditEntry.objects.get().action == "plan.loaded"


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "client_secret", "api_token", "Authorization", "routing_key", "accessKey", "api_key"]
    + ["totp", "pin", "session_key", "slack_webhook", "DATABASE_PASSWORD", "passphrase", "credentials"],
)
def test_secrets_are_masked_by_their_name(name):
    assert masked({"nested": [{name: "hunter2"}]}) == {"nested": [{name: MASK}]}


@pytest.mark.parametrize("name", ["key", "name", "shortcuts", "steps", "monkey", "target", "pinned", "opinion"])
def test_plain_fields_are_not_masked(name):
    assert masked({name: "tech-lead"}) == {name: "tech-lead"}


@pytest.mark.parametrize("said", [None, "", True, False])
def test_whether_there_is_a_secret_may_be_told(said):
    assert masked({"password": said}) == {"password": said}


def test_passwords_in_addresses_are_masked():
    assert masked({"url": "postgres://dr:hunter2@db:5432/dr"}) == {"url": f"postgres://dr:{MASK}@db:5432/dr"}
    assert masked(["https://example.com/a:b@c"]) == ["https://example.com/a:b@c"]


def test_an_action_without_a_label_is_shown_as_stored():
    assert actions.label("nobody.registered_this") == "nobody.registered_this"


def test_actions_have_labels_in_the_readers_language():
    assert actions.label("person.role_changed") == "Role changed"
    assert ("person.role_changed", "Role changed") in actions.choices()


def test_a_worker_says_so_in_every_thread():
    origin.this_process_is(origin.WORKER)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(origin.current).result() == "worker"
