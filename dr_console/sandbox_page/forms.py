"""Forms of the sandbox's page: a fault by rule, a scenario's parameters, the clock."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dr_console.providers.sandbox_shapes import Origin, Scenario, World
from dr_console.sandbox_page.places import city
from dr_console.sandbox_page.shown import said_in

# The sandbox's kinds of fault, in two groups.
REQUESTS = [
    ("latency", _("slow: each answer takes longer")),
    ("throttled", _("too many calls: 429 with Retry-After")),
    ("error", _("error: 500, or the status given")),
    ("reset", _("the connection is reset")),
    ("timeout", _("no answer, and nothing happens")),
    ("timeout-after-effect", _("no answer, although it was done")),
    ("garbage", _("an answer of garbage")),
    ("html", _("a page of HTML instead of JSON")),
    ("empty", _("an empty answer")),
    ("truncated", _("an answer that breaks off")),
    ("wrong-type", _("an answer of the wrong type")),
    ("missing-field", _("an answer without a field")),
    ("expired-token", _("the token has expired")),
]
WORLD = [
    ("region-lost", _("a region is lost")),
    ("region-slow", _("a region is slow")),
    ("api-errors", _("the API answers with errors")),
    ("cdn-outage", _("the CDN fails")),
    ("dns-lag", _("changes of DNS are seen late")),
    ("data-lost", _("the latest data is gone")),
    ("corrupted-object", _("an object of a backup is corrupted")),
    ("missing-snapshot", _("a snapshot is missing")),
]
SPEEDS = (1, 5, 10, 60, 600)
# Fields that only some kinds of fault take, and how the sandbox is to get them.
NUMBERS = ("seconds", "until")


class FaultForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What goes wrong"),
        choices=[(_("Requests to a vendor"), REQUESTS), (_("The world itself"), WORLD)],
    )
    vendor = forms.ChoiceField(label=_("Vendor"), required=False)
    route = forms.CharField(
        label=_("Which requests"), required=False, max_length=500, help_text=_("With stars: PATCH */dns_records/*")
    )
    region = forms.ChoiceField(label=_("Region"), required=False)
    seconds = forms.FloatField(label=_("Seconds"), required=False, min_value=0)
    status = forms.IntegerField(label=_("Status"), required=False, min_value=200, max_value=599)
    field = forms.CharField(label=_("Field that is missing"), required=False, max_length=100)
    name = forms.CharField(
        label=_("Name"), required=False, max_length=500, help_text=_("Of the host, the object or the snapshot.")
    )
    percent = forms.FloatField(label=_("Percent of the requests"), required=False, min_value=0.1, max_value=100)
    times = forms.IntegerField(label=_("Only the first times"), required=False, min_value=1)
    until = forms.FloatField(label=_("Ends after seconds"), required=False, min_value=1)

    def __init__(self, *args: Any, world: World, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vendors = [("", _("All of them")), *((name, name) for name in sorted(world.vendors))]
        self.fields["vendor"].choices = vendors  # type: ignore[attr-defined]
        self.fields["region"].choices = [("", _("All of them")), *regions(world.origins)]  # type: ignore[attr-defined]

    def rule(self) -> dict[str, Any]:
        """What the sandbox is sent: what was filled in, and nothing else."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        percent = given.pop("percent", None)
        if percent is not None:
            given["probability"] = percent / 100
        return given

    def refuse(self, field: str, message: str) -> None:
        """Show what the sandbox says beside the field that it is about."""
        field = {"probability": "percent", "share": "percent"}.get(field, field)
        self.add_error(field if field in self.fields else None, message)


class ScenarioForm(forms.Form):
    """The parameters of one scenario; `scenario` says which there are."""

    def __init__(self, given: Any = None, *, scenario: Scenario, origins: list[Origin]) -> None:
        super().__init__(given, prefix=scenario.name)
        self.scenario = scenario
        for parameter in scenario.parameters:
            # A sentence that says what it is for serves as the label.
            label = said_in(parameter.description).rstrip(".。") or parameter.name
            if parameter.choices is None:
                field: forms.Field = forms.FloatField(label=label, min_value=parameter.least, max_value=parameter.most)
            else:
                field = forms.ChoiceField(label=label, choices=_choices(parameter.choices, origins))
            is_whole = isinstance(parameter.default, float) and parameter.default.is_integer()
            field.initial = int(parameter.default) if is_whole else parameter.default
            self.fields[parameter.name] = field

    def refuse(self, field: str, message: str) -> None:
        field = field.removeprefix("parameters.")
        self.add_error(field if field in self.fields else None, message)


class SpeedForm(forms.Form):
    speed = forms.TypedChoiceField(
        label=_("Its clock runs"),
        choices=[(str(SPEEDS[0]), _("as fast as ours"))]
        + [(str(speed), _("%(times)s times as fast") % {"times": speed}) for speed in SPEEDS[1:]],
        coerce=float,
    )


class AdvanceForm(forms.Form):
    advance = forms.FloatField(min_value=1, max_value=86_400)


def regions(origins: list[Origin]) -> list[tuple[str, str]]:
    return [(origin.region, f"{city(origin)} ({origin.region})") for origin in origins]


def _choices(words: list[str], origins: list[Origin]) -> list[tuple[str, str]]:
    """Regions by their city; the sandbox also takes the city alone, which is not shown twice."""
    cities = dict(regions(origins))
    aliases = {origin.city.lower() for origin in origins} if set(cities) & set(words) else set()
    return [(word, cities.get(word, word)) for word in words if word not in aliases]
