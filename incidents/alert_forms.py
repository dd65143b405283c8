"""What people type about alerts: sources, rules, silences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from dr_console.errors import ProviderError
from dr_console.providers import webhook
from incidents.alerting import mapped, matchers
from incidents.models import AlertRule, AlertSource, Service, Severity
from incidents.services import silences

Kind = AlertSource.Kind
MOST_MINUTES = int(silences.LONGEST.total_seconds() // 60)
A_WEEK = 7 * 24 * 60
CODE = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "none"}
PENDING = [("", _("Nobody has said yet: people decide")), *Severity.choices]


class MatchersField(forms.CharField):
    """Conditions on labels, one a line, as lists of name, sign and value."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Labels"))
        kwargs.setdefault(
            "help_text",
            _("One condition a line: severity=critical, team!=web, instance~tokyo-*. All of them must hold."),
        )
        super().__init__(widget=forms.Textarea(attrs={"rows": 3, **CODE}), required=False, max_length=4000, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return matchers.parse(text)
        except ValueError as error:
            said = _now("“%(line)s” is no condition, or one too many. Write name=value, name!=value, name~pattern.")
            raise forms.ValidationError(said % {"line": error}) from None


class MappingField(forms.CharField):
    """Where in the body each field is found, one a line: title = data.title."""

    def __init__(self, **kwargs: Any) -> None:
        names = ", ".join(mapped.DEFAULT)
        help_text = _("One a line: title = data.title. Of a signed webhook only. Fields:")
        super().__init__(
            label=_("Where the fields are"),
            help_text=format_lazy("{} {}", help_text, names),
            widget=forms.Textarea(attrs={"rows": 4, **CODE}),
            required=False,
            max_length=4000,
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for line in filter(str.strip, super().clean(value).splitlines()):
            name, sign, path = (part.strip() for part in line.partition("="))
            if not sign or name not in mapped.DEFAULT or len(path) > 200 or " " in path:
                said = _now("“%(line)s” names no field, or no place in the body.")
                raise forms.ValidationError(said % {"line": line.strip()[:100]})
            found[name] = path
        return found


class AboutServiceForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("service", "source"):
            if name in self.fields:
                model: Any = {
                    "service": Service.objects.current(),
                    "source": AlertSource.objects.filter(removed_at=None),
                }
                self.fields[name].queryset = model[name]  # type: ignore[attr-defined]


class SettingsForm(AboutServiceForm):
    """What may be changed of a source."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What tells of alerts: Prometheus Tokyo."))
    service = forms.ModelChoiceField(
        label=_("Service"),
        queryset=Service.objects.none(),
        required=False,
        empty_label=_("As the alert’s labels say"),
        help_text=_("Of alerts whose labels name none that the plan knows."),
    )
    severity = forms.ChoiceField(
        label=_("Severity"),
        choices=PENDING,
        required=False,
        help_text=_("Of alerts that say none that is known."),
    )
    opens = forms.ChoiceField(
        label=_("Opens an incident"), choices=AlertSource.Opens.choices, initial=AlertSource.Opens.P2.value
    )
    every_minutes = forms.IntegerField(
        label=_("Must call at least every (minutes)"),
        required=False,
        min_value=1,
        max_value=A_WEEK,
        help_text=_("If it does not, that is an alert. Empty: it calls when it has something to say."),
    )
    grace_minutes = forms.IntegerField(
        label=_("And may be late by (minutes)"), min_value=0, max_value=A_WEEK, initial=1
    )
    mapping = MappingField()
    is_practice = forms.BooleanField(
        label=_("Practice: what it tells of are drills"), required=False, help_text=_("To try out how it is connected.")
    )

    def __init__(self, *args: Any, source: AlertSource | None = None, **kwargs: Any) -> None:
        if source is not None and not kwargs.get("initial"):
            kwargs["initial"] = _settings_of(source)
        super().__init__(*args, **kwargs)
        self.source = source
        if source is not None and source.kind != Kind.WEBHOOK:
            del self.fields["mapping"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("kind") or (self.source.kind if self.source else "")
        if kind == Kind.HEARTBEAT and not cleaned.get("every_minutes") and "every_minutes" not in self.errors:
            self.add_error("every_minutes", _("Say how often it has to call: that is what a heartbeat is for."))
        return cleaned


class SourceForm(SettingsForm):
    """A new one."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, widget=forms.RadioSelect, initial=Kind.ALERTMANAGER)
    field_order = ["name", "kind"]


class SecretForm(forms.Form):
    """A new secret. `given`: where the sender makes it, as PagerDuty does."""

    given = forms.CharField(
        label=_("Signing secret"),
        max_length=200,
        widget=forms.TextInput(attrs=CODE),
        help_text=_("As the sender shows it when it is told the address of this source."),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if kind not in AlertSource.SIGNING:
            del self.fields["given"]
        elif kind == Kind.WEBHOOK:
            self.fields["given"].required = False
            self.fields["given"].help_text = _("Empty: the console makes one.")

    def clean_given(self) -> str:
        given: str = self.cleaned_data["given"].strip()
        if given and self.kind == Kind.WEBHOOK:
            try:
                webhook.signed("test", b"", [given])
            except ProviderError:
                raise forms.ValidationError(_("It must be whsec_ and 24 to 64 bytes in base64.")) from None
        return given


class RuleForm(AboutServiceForm):
    """What alerts with certain labels mean."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What it is for: the database is always P0."))
    source = forms.ModelChoiceField(
        label=_("Source"), queryset=AlertSource.objects.none(), required=False, empty_label=_("Any")
    )
    matchers = MatchersField()
    action = forms.ChoiceField(label=_("Such an alert"), choices=AlertRule.Action.choices)
    severity = forms.ChoiceField(
        label=_("Severity"), choices=[("", _("As the alert says")), *Severity.choices], required=False
    )
    service = forms.ModelChoiceField(
        label=_("Service"), queryset=Service.objects.none(), required=False, empty_label=_("As the alert’s labels say")
    )

    def __init__(self, *args: Any, rule: AlertRule | None = None, **kwargs: Any) -> None:
        if rule is not None:
            shown = {name: getattr(rule, name) for name in ("name", "source", "action", "severity", "service")}
            kwargs["initial"] = {**shown, "matchers": rule.conditions}
        super().__init__(*args, **kwargs)


class SilenceForm(AboutServiceForm):
    """Alerts that open no incident for a time."""

    source = forms.ModelChoiceField(
        label=_("Source"), queryset=AlertSource.objects.none(), required=False, empty_label=_("Any")
    )
    matchers = MatchersField()
    starts_at = forms.DateTimeField(
        label=_("From (UTC)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text=_("Empty: from now on."),
    )
    minutes = forms.IntegerField(label=_("For how many minutes"), min_value=1, max_value=MOST_MINUTES, initial=60)
    reason = forms.CharField(label=_("Why"), max_length=500)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts_at = cleaned.get("starts_at")
        if starts_at and starts_at - now() > silences.LONGEST:
            self.add_error("starts_at", _("That is more than thirty days ahead."))
        if "matchers" in cleaned and not cleaned["matchers"] and not cleaned.get("source"):
            self.add_error("matchers", _("Say which alerts are meant: a source, or labels."))
        return cleaned


def _settings_of(source: AlertSource) -> dict[str, Any]:
    plain = ("name", "service", "severity", "opens", "every_minutes", "grace_minutes", "is_practice")
    shown = {name: getattr(source, name) for name in plain}
    return {**shown, "mapping": "\n".join(f"{name} = {path}" for name, path in source.mapping.items())}
