"""People from the terminal."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import call_command

from dr_console.audit.models import AuditEntry
from tests import make

pytestmark = pytest.mark.django_db


def test_the_last_administrator_with_a_lost_phone_gets_a_link(capsys):
    root = make.user("root", role="administrator")
    TOTP.activate(root, "JBSWY3DPEHPK3PXP")
    call_command("reset_login", "Root", clear_second_factors=True)
    assert "/accounts/password/reset/key/" in capsys.readouterr().out
    assert not Authenticator.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.origin) == ("person.login_reset", None, "terminal")


@pytest.mark.parametrize(
    ("login", "sentence"), [("nobody", "Nobody has the login “nobody”."), ("eve", "eve is deactivated.")]
)
def test_what_cannot_be_done_is_said_in_one_sentence(capsys, login, sentence):
    make.user("eve", is_active=False)
    with pytest.raises(SystemExit) as stop:
        call_command("reset_login", login)
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err
