"""What is said of a breach: sentences that are kept, and read in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _
from django.utils.translation import override

from dr_console.web.sentences import Sentence, Texts, sentence, spoken
from incidents.models import Breach, Service, Source, Threshold

Unit = Threshold.Unit
AMOUNTS = {
    Unit.PERCENT: _("%(number)s %%"),
    Unit.MILLISECONDS: _("%(number)s ms"),
    Unit.REQUESTS_PER_SECOND: _("%(number)s requests/s"),
}
SOURCES = {
    Source.PROBES: _("by health checks"),
    Source.PROMETHEUS: _("by Prometheus"),
    Source.PUSHED: _("as pushed through the API"),
}


def title(breach: Breach) -> Sentence:
    """What an incident is called that was opened because of it."""
    text = _("%(name)s under %(limit)s") if _is_below(breach) else _("%(name)s over %(limit)s")
    return sentence(text, name=_name(breach), limit=amount(breach.limit, breach.unit))


def opened(breach: Breach) -> Sentence:
    text = (
        _("%(name)s is %(value)s, under the threshold of %(limit)s (over %(window)s, %(source)s).")
        if _is_below(breach)
        else _("%(name)s is %(value)s, over the threshold of %(limit)s (over %(window)s, %(source)s).")
    )
    said = sentence(
        text,
        name=_name(breach),
        value=amount(breach.value, breach.unit),
        limit=amount(breach.limit, breach.unit),
        window=length(breach.window_seconds),
        source=sentence(SOURCES[Source(breach.source)]),
    )
    service = Service.objects.filter(key=breach.worst_part).first() if breach.worst_part else None
    if service is None:
        return said
    return sentence(_("%(what)s Worst off: %(service)s."), what=said, service=texts(service))


def cleared(breach: Breach, value: float | None) -> Sentence:
    if value is None:
        return sentence(_("%(name)s is within its threshold again."), name=_name(breach))
    return sentence(
        _("%(name)s is within its threshold again: %(value)s."), name=_name(breach), value=amount(value, breach.unit)
    )


def retired(breach: Breach) -> Sentence:
    return sentence(_("%(name)s: the plan no longer has this threshold. Its alert ends."), name=_name(breach))


def amount(value: float, unit: str) -> Sentence:
    """98.33 %, 1240 ms: as exact as it matters."""
    places = 2 if unit == Unit.PERCENT else 1 if abs(value) < 100 else 0
    number = f"{value:.{places}f}"
    return sentence(AMOUNTS[Unit(unit)], number=number.rstrip("0").rstrip(".") if "." in number else number)


def length(seconds: int) -> Sentence:
    if seconds % 60:
        return sentence(_("%(number)s s"), number=seconds)
    return sentence(_("%(number)s min"), number=seconds // 60)


def texts(entry: Service | Threshold) -> Texts:
    """The entry's name in each language that it has one in."""
    names = {"en": entry.name_en, "zh-hans": entry.name_zh_hans}  # type: ignore[union-attr]  # modeltranslation adds them
    return {language: name for language, name in names.items() if name} or {"en": entry.key}


def in_english(said: Sentence) -> str:
    with override("en"):
        return spoken(said)


def _name(breach: Breach) -> Texts:
    return texts(breach.threshold)


def _is_below(breach: Breach) -> bool:
    return breach.comparison == Threshold.Comparison.BELOW
