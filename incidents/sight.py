"""What one place that asks concludes from what it sees. Pure: diagnosis.py asks all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import Sentence, Texts, sentence
from incidents.observations import Diagnosis, Kind, Observations, Place, Rules, Sighting


class View:
    """What one place concludes from what it sees."""

    def __init__(self, seen: Observations, place: Place, rules: Rules) -> None:
        self.seen = seen
        self.place = place
        fresh_from = seen.at - rules.fresh
        self.all = [one for one in seen.sightings if one.location == place.name and one.at >= fresh_from]
        self.origins = [one for one in self.all if not one.is_through_cdn]
        self.public = [one for one in self.all if one.is_public]
        self.bad_public = _bad(self.public)
        self.felt = tuple(key for key in self._services() if any(one.service == key for one in self.bad_public))

    def conclusion(self) -> Diagnosis:
        if not self.all:
            return Diagnosis(Kind.UNSURE, reasons=(sentence(_("Nothing has been asked lately.")),))
        if not _bad(self.all):
            return Diagnosis(Kind.WELL, reasons=(sentence(_("Everything that was asked answers well")),), rounds=1)
        if self._may_be_cut_off():
            return self._unsure(
                sentence(_("Everything fails at once; whether independent hosts answer is not known yet")), pending=True
            )
        return self._lost_region() or (self._part_or_cdn() if self.bad_public else self._unfelt())

    # --- A whole region -------------------------------------------------------------------------------------------

    def _lost_region(self) -> Diagnosis | None:
        """A region all of whose origins fail: first one that users are led to."""
        lost = [region for region in _in_order(one.region for one in self.origins) if self._is_lost(region)]
        if not lost:
            return None
        for region in lost:
            felt = tuple(key for key in self.felt if self._serving(key) == region)
            if felt:
                return self._region_failure(region, felt)
        missed = [region for region in lost if region not in self.seen.cold]
        return None if self.bad_public or not missed else self._region_failure(missed[0], ())

    def _is_lost(self, region: str) -> bool:
        """Several origins fail, or the only one says nothing at all: one that answers with errors is no lost region."""
        origins = [one for one in self.origins if one.region == region]
        if any(one.is_good for one in origins):
            return False
        return len(origins) > 1 or not origins[0].answered

    def _region_failure(self, region: str, felt: tuple[str, ...]) -> Diagnosis:
        origins = [one for one in self.origins if one.region == region]
        deciding = origins + [one for one in self.bad_public if one.service in felt]
        if not self._others_heard_since(_began(deciding), region):
            return self._unsure(sentence(_("Whether anything else answers is not known yet")), pending=True)
        reasons = [
            sentence(
                _("Nothing in %(region)s answers when asked directly: %(bad)s of %(count)s addresses fail (%(how)s)"),
                region=self._region(region),
                bad=len(origins),
                count=len(origins),
                how=_how(origins),
            ),
            self._users_notice(felt),
        ]
        others = _in_order(one.region for one in self.origins if one.is_good)
        doubts = []
        if others:
            reasons.append(sentence(_("Other regions answer: %(regions)s"), regions=self._regions(others)))
        else:
            doubts.append(sentence(_("No other region answers either")))
        if self.place.canaries_good:
            reasons.append(sentence(_("Independent hosts on the internet answer, so the console is not cut off")))
        return Diagnosis(
            Kind.REGION_FAILURE,
            service_key=felt[0] if felt else "",
            region_key=region,
            services=felt,
            reasons=tuple(reasons),
            doubts=tuple(doubts),
            **self._strength(deciding),
        )

    def _others_heard_since(self, began: datetime | None, region: str) -> bool:
        """Whether something outside the region has answered in a later round than that in which the failure began."""
        heard = [one.at for one in self.all if one.is_good and one.region != region]
        if self.place.canaries_good and self.place.canaries_at:
            heard.append(self.place.canaries_at)
        return began is not None and any(at > began for at in heard)

    # --- A part of a region, or the CDN ---------------------------------------------------------------------------

    def _part_or_cdn(self) -> Diagnosis:
        """Users notice, and no region is lost that they are led to."""
        broken = [key for key in self.felt if self._origin(key) and not any(one.is_good for one in self._origin(key))]
        if broken:
            return self._api_errors(broken[0], broken)
        unknown = [key for key in self.felt if not self._origin(key)]
        if unknown:
            what = sentence(
                _("%(service)s has no address that asks its origin directly"), service=self._service(unknown[0])
            )
            return self._unsure(what)
        return self._cdn_failure()

    def _api_errors(self, service: str, broken: list[str]) -> Diagnosis:
        region = self._serving(service)
        origin = self._origin(service)
        deciding = origin + [one for one in self.bad_public if one.service == service]
        well = [one for one in self.origins if one.region == region and one.is_good]
        began = _began(deciding)
        if well and not any(began is not None and one.at > began for one in well):
            return self._unsure(sentence(_("Whether the rest of its region answers is not known yet")), pending=True)
        names = {"service": self._service(service), "region": self._region(region)}
        reasons = [
            sentence(
                _("%(service)s fails in %(region)s, also when asked directly (%(how)s)"), how=_how(origin), **names
            ),
            self._users_notice((service,)),
        ]
        if well:
            keys = _in_order(one.service for one in well)
            reasons.append(
                sentence(
                    _("The rest of %(region)s answers: %(services)s"), services=self._services_named(keys), **names
                )
            )
        doubts = [self._fails_elsewhere(service, region), *self._also_broken(broken[1:])]
        return Diagnosis(
            Kind.API_ERRORS,
            service_key=service,
            region_key=region,
            services=self.felt,
            reasons=tuple(reasons),
            doubts=tuple(doubt for doubt in doubts if doubt),
            **self._strength(deciding, told_from=[well] if well else []),
        )

    def _fails_elsewhere(self, service: str, region: str) -> Sentence:
        elsewhere = [one for one in self.origins if one.service == service and one.region != region]
        if elsewhere and not any(one.is_good for one in elsewhere):
            return sentence(_("It fails in every other region as well: going there may not help"))
        return {}

    def _also_broken(self, services: list[str]) -> list[Sentence]:
        return [sentence(_("%(service)s fails as well"), service=self._service(key)) for key in services]

    def _cdn_failure(self) -> Diagnosis:
        through = [one for one in _bad(self.all) if one.is_through_cdn]
        good = [one for key in self.felt for one in _good(self._origin(key))]
        began = _began(self.bad_public)
        if not any(began is not None and one.at > began for one in good):
            return self._unsure(sentence(_("Whether the origins answer is not known yet")), pending=True)
        is_common = 2 * len(self.bad_public) > len([one for one in self.public if one.is_through_cdn])
        if not is_common or (len(through) < 2 and any(one.is_good for one in self.all if one.is_through_cdn)):
            return self._unsure(
                sentence(
                    _("Only %(hosts)s fails through the CDN, while its origin and other names answer"),
                    hosts=", ".join(_in_order(one.host for one in self.bad_public)),
                )
            )
        hosts = ", ".join(_in_order(one.host for one in self.bad_public))
        reasons = (
            sentence(_("%(hosts)s fail through the CDN (%(how)s)"), hosts=hosts, how=_how(self.bad_public)),
            sentence(
                _("Their origins answer when asked directly: %(hosts)s"),
                hosts=", ".join(_in_order(one.host for one in good)),
            ),
            self._users_notice(self.felt),
        )
        return Diagnosis(
            Kind.CDN_FAILURE,
            service_key="",
            region_key="",
            services=self.felt,
            reasons=reasons,
            **self._strength(self.bad_public, told_from=[_good(self._origin(key)) for key in self.felt]),
        )

    # --- What is not clear, or not felt ---------------------------------------------------------------------------

    def _may_be_cut_off(self) -> bool:
        """Everything fails in more than one region, and no independent host has answered since that began."""
        if any(one.is_good for one in self.all) or len({one.region for one in self.all}) < 2:
            return False
        canaries_at = self.place.canaries_at if self.place.canaries_good else None
        began = _began(self.all)
        return canaries_at is None or began is None or canaries_at <= began

    def _unfelt(self) -> Diagnosis:
        """Something fails that users do not notice: a standby, or a part that the rest can do without."""
        doubts = tuple(
            sentence(
                _("%(host)s does not answer as it should (%(how)s); users do not notice"),
                host=one.host,
                how=_how([one]),
            )
            for one in _bad(self.all)[:5]
        )
        return Diagnosis(
            Kind.WELL, reasons=(sentence(_("All that users ask for answers well")),), doubts=doubts, rounds=1
        )

    def _unsure(self, why: Sentence, *, pending: bool = False) -> Diagnosis:
        """`pending`: it cannot be told yet, which is no finding however long the streak."""
        reasons = (why, self._users_notice(self.felt)) if self.felt else (why,)
        strength = self._strength(self.bad_public or _bad(self.all))
        return Diagnosis(
            Kind.UNSURE,
            service_key=self.felt[0] if self.felt else "",
            services=self.felt,
            reasons=reasons,
            **(strength | {"rounds": 0} if pending else strength),
        )

    # --- Small answers --------------------------------------------------------------------------------------------

    def _strength(self, deciding: list[Sighting], *, told_from: Iterable[list[Sighting]] = ()) -> dict[str, Any]:
        """`told_from`: of each of these something has to be well, and for as many rounds: what has just come back says
        nothing yet of what has not.
        """
        bad = min((one.streak for one in deciding), default=0)
        good = min((max((one.streak for one in some), default=0) for some in told_from), default=bad)
        return {
            "rounds": min(bad, good),
            "began_at": min((one.since for one in deciding if one.since), default=None),
            "is_felt": bool(self.felt) and any(one.is_public for one in deciding),
            "is_total": bool(self.public) and len(self.bad_public) == len(self.public),
        }

    def _services(self) -> list[str]:
        return _in_order([*self.seen.services, *(one.service for one in self.all)])

    def _serving(self, service: str) -> str:
        """The region that users of the service reach; as the plan lists it where nothing else is known."""
        listed = [one.region for one in self.public if one.service == service]
        return self.seen.serving.get(service) or next(iter(listed), "")

    def _origin(self, service: str) -> list[Sighting]:
        region = self._serving(service)
        return [one for one in self.origins if one.service == service and one.region == region]

    def _users_notice(self, services: tuple[str, ...]) -> Sentence:
        hosts = _in_order(one.host for one in self.bad_public if one.service in services)
        if not hosts:
            return sentence(_("Users do not notice: they are led elsewhere"))
        return sentence(_("Users notice: %(hosts)s fail"), hosts=", ".join(hosts))

    def _service(self, key: str) -> Texts | str:
        return self.seen.names.get(f"service:{key}", key)

    def _region(self, key: str) -> Texts | str:
        return self.seen.names.get(f"region:{key}", key)

    def _regions(self, keys: list[str]) -> Texts | str:
        return _joined([self._region(key) for key in keys])

    def _services_named(self, keys: list[str]) -> Texts | str:
        return _joined([self._service(key) for key in keys])


def _bad(sightings: Iterable[Sighting]) -> list[Sighting]:
    return [one for one in sightings if not one.is_good]


def _good(sightings: Iterable[Sighting]) -> list[Sighting]:
    return [one for one in sightings if one.is_good]


def _began(sightings: Iterable[Sighting]) -> datetime | None:
    """The latest round in which one of them began to fail: only from then on all of them did."""
    begins = [one.since for one in sightings]
    return max((at for at in begins if at), default=None) if all(begins) else None


def _in_order(keys: Iterable[str]) -> list[str]:
    """Each once, in the order of its first."""
    return list(dict.fromkeys(keys))


def _how(sightings: list[Sighting]) -> Sentence:
    """How they fail: by far the most often all in one way."""
    silent = any(not one.answered for one in sightings)
    statuses = ", ".join(str(status) for status in sorted({one.status for one in sightings if one.status}))
    if silent and statuses:
        return sentence(_("no answer, or status %(statuses)s"), statuses=statuses)
    if statuses:
        return sentence(_("status %(statuses)s"), statuses=statuses)
    return sentence(_("no answer")) if silent else sentence(_("a wrong answer"))


def _joined(names: list[Texts | str]) -> Texts | str:
    """Several names as one, in each language that one of them is written in."""
    languages = _in_order(language for name in names if isinstance(name, dict) for language in name)
    if not languages:
        return ", ".join(str(name) for name in names)
    return {
        language: ("、" if language.startswith("zh") else ", ").join(_in(name, language) for name in names)
        for language in languages
    }


def _in(name: Texts | str, language: str) -> str:
    if isinstance(name, str):
        return name
    return name.get(language) or name.get("en") or next(iter(name.values()), "")
