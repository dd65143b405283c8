"""allauth's form for codes, which also writes down the wrong ones."""

from __future__ import annotations

from allauth.mfa.base.forms import AuthenticateForm
from django.core.exceptions import ValidationError

from dr_console.audit.services import record
from dr_console.people.services import named


class AuditedAuthenticateForm(AuthenticateForm):
    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()
        except ValidationError:
            record("person.code_failed", by=None, target=named(self.user))
            raise
        return code
