"""What is wrong, concluded from health checks: pure, without database or clock. docs/deciding.md tells it in prose.

One place looks at one time; what more than half of the places that can be believed conclude is the diagnosis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import Sentence, Texts, sentence
from incidents.observations import Diagnosis, Kind, Observations, Place, Rules
from incidents.sight import View


def diagnose(seen: Observations, rules: Rules) -> Diagnosis:
    """What more than half of the places conclude that were heard of lately and can be believed."""
    heard = [place for place in seen.places if place.at is not None and seen.at - place.at <= rules.fresh]
    if not heard:
        return Diagnosis(Kind.UNSURE, reasons=(sentence(_("No place that asks has been heard of lately.")),))
    witnesses = [place for place in heard if place.hears_the_world]
    if not witnesses:
        return _cut_off(seen, heard)
    views = {place.name: View(seen, place, rules).conclusion() for place in witnesses}
    return _quorum(views, seen.names)


def _quorum(views: Mapping[str, Diagnosis], names: Mapping[str, Texts | str]) -> Diagnosis:
    """Where no conclusion has more than half of the places behind it, it is unsure, or well if nobody sees anything."""
    by_key: dict[tuple[str, bool], list[str]] = {}
    for name, view in views.items():
        by_key.setdefault((view.key, view.is_felt), []).append(name)
    supported = max(by_key.values(), key=len)
    against = tuple(name for name in views if name not in supported)
    first = views[supported[0]]
    if 2 * len(supported) > len(views):
        return replace(
            first,
            supported_by=tuple(supported),
            against=against,
            rounds=min(views[name].rounds for name in supported),
            has_quorum=True,
        )
    reasons = tuple(
        sentence(_("%(place)s sees it differently: %(conclusion)s"), place=name, conclusion=said(view, names))
        for name, view in views.items()
    )
    return Diagnosis(Kind.UNSURE, reasons=reasons, against=tuple(views))


def _cut_off(seen: Observations, heard: list[Place]) -> Diagnosis:
    reasons = [
        sentence(
            _("Of %(asked)s independent hosts on the internet, %(good)s answer %(place)s"),
            asked=place.canaries_asked,
            good=place.canaries_good,
            place=place.name,
        )
        for place in heard
    ]
    bad = [one for one in seen.sightings if not one.is_good]
    if bad and len(bad) == len(seen.sightings):
        reasons.append(sentence(_("Everything fails at once, in all regions")))
    reasons.append(sentence(_("What seems to fail may be well: it is the console that hears nothing")))
    return Diagnosis(Kind.CUT_OFF, reasons=tuple(reasons), supported_by=tuple(place.name for place in heard))


def said(diagnosis: Diagnosis, names: Mapping[str, Texts | str]) -> Sentence:
    """The conclusion in a few words: the title of an incident. `names` as in Observations."""
    service = names.get(f"service:{diagnosis.service_key}", diagnosis.service_key)
    region = names.get(f"region:{diagnosis.region_key}", diagnosis.region_key)
    return {
        Kind.API_ERRORS: sentence(_("%(service)s fails in %(region)s"), service=service, region=region),
        Kind.CDN_FAILURE: sentence(_("The CDN fails")),
        Kind.REGION_FAILURE: sentence(_("Region failure: %(region)s does not answer"), region=region),
        Kind.CUT_OFF: sentence(_("The console is cut off")),
        Kind.UNSURE: (
            sentence(_("%(service)s fails, and it is not clear why"), service=service)
            if diagnosis.service_key
            else sentence(_("It is not clear what is wrong"))
        ),
        Kind.WELL: sentence(_("All is well")),
    }[diagnosis.kind]
