"""Write the public status page as files that stand by themselves: HTML, JSON and Atom, in every language, no script."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from incidents.models import Impact, MaintenanceNotice, Stage, StatusUpdate
from incidents.queries.status_page import Component, PublicPage, Story

ENGLISH = "en"
ATOM = "http://www.w3.org/2005/Atom"
MOST_ENTRIES = 50
HTML, JSON, FEED = "text/html; charset=utf-8", "application/json; charset=utf-8", "application/atom+xml; charset=utf-8"
# Beside what is written anew: what stands in our own static folder.
FIXED = {
    "status.css": ("css/status.css", "text/css; charset=utf-8"),
    "status.svg": ("img/favicon.svg", "image/svg+xml"),
}


@dataclass(frozen=True)
class File:
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Said:
    """A text for a reader. `language`: the one it is in, where that is not the reader's."""

    text: str
    language: str = ""


def files(page: PublicPage) -> dict[str, File]:
    """By name, every file of the page. What is linked to comes before what links to it."""
    found = {name: File(_static(path), kind) for name, (path, kind) in FIXED.items()}
    found["status.json"] = File(_json(page), JSON)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found[named("feed", language, "atom")] = File(_feed(page, language), FEED)
            found[named("history", language)] = _html("history", page, language)
            found[named("index", language)] = _html("index", page, language)
    return found


def named(name: str, language: str, ending: str = "html") -> str:
    """index.html in English, index.zh-hans.html in Chinese."""
    return f"{name}.{ending}" if language == ENGLISH else f"{name}.{language}.{ending}"


def _static(path: str) -> bytes:
    return bytes((settings.BASE_DIR / "static" / path).read_bytes())


# --- HTML -----------------------------------------------------------------------------------------------------------
def _html(name: str, page: PublicPage, language: str) -> File:
    other = next(code for code, _name in settings.LANGUAGES if code != language)
    context = {
        "page": page,
        "language": language,
        "title": _title(),
        "overall": _overall(page),
        "components": [_component(one, language) for one in page.components],
        "current": [_story(one, page, language) for one in page.current],
        "past": [_story(one, page, language) for one in page.past],
        "maintenance": [_notice(one, page, language) for one in page.maintenance],
        "other": {"language": other, "name": dict(settings.LANGUAGES)[other], "href": named(name, other)},
        "links": {one: named(one, language) for one in ("index", "history")},
        "feed": named("feed", language, "atom"),
    }
    return File(render_to_string(f"status_page/{name}.html", context).encode(), HTML)


def _title() -> str:
    return _("Service status")


OVERALL = {
    Impact.OPERATIONAL: lambda: _("All services work"),
    Impact.MAINTENANCE: lambda: _("Some services are under maintenance"),
    Impact.DEGRADED: lambda: _("Some services are slower than usual"),
    Impact.PARTIAL: lambda: _("Some services fail for some users"),
    Impact.MAJOR: lambda: _("Some services do not work"),
}


def _overall(page: PublicPage) -> str:
    """Nobody is told that all is well right above what goes wrong."""
    if page.overall == Impact.OPERATIONAL and page.current:
        return _("Something is wrong, and being worked on")
    return OVERALL[page.overall]()


def said(texts: Mapping[str, str], language: str) -> Said | None:
    """In the reader's language; else in the one that there is, and says so. None for nothing at all."""
    if text := texts.get(language):
        return Said(text)
    return next((Said(text, code) for code, text in texts.items() if text), None)


def _component(one: Component, language: str) -> dict[str, Any]:
    step = 100 / len(one.days)
    bars = [
        {"x": f"{index * step:.3f}", "day": day, "percent": _percent(day.uptime)} for index, day in enumerate(one.days)
    ]
    return {
        "key": one.key,
        "name": said(one.name, language),
        "state": one.state,
        "uptime": _percent(one.uptime),
        "bars": bars,
        "width": f"{step * 0.72:.3f}",
        "troubled": [bar for bar in reversed(bars) if bar["day"].look in ("some", "bad")],  # type: ignore[attr-defined]
    }


def _percent(share: float | None) -> str:
    """Never rounded up to the whole: what was not always there is not 100 %."""
    if share is None:
        return ""
    return "100" if share == 100 else f"{min(share, 99.99):.2f}"


def _story(story: Story, page: PublicPage, language: str) -> dict[str, Any]:
    names = {one.key: said(one.name, language) for one in page.components}
    return {
        "reference": story.reference,
        "title": said(story.title, language),
        "began_at": story.began_at,
        "newest": story.newest,
        "is_over": story.is_over,
        "affected": [{"name": names[key], "state": Impact(word)} for key, word in story.impact.items() if key in names],
        "updates": [_update(update, language) for update in story.updates],
    }


def _update(update: StatusUpdate, language: str) -> dict[str, Any]:
    parts = [said(getattr(update, part), language) for part in ("conditions", "actions", "needs")]
    return {
        "at": update.at,
        "stage": Stage(update.stage),
        "headline": said(update.headline, language),
        "texts": [part for part in parts if part is not None],
        "next_at": update.next_at,
    }


def _notice(notice: MaintenanceNotice, page: PublicPage, language: str) -> dict[str, Any]:
    names = {one.key: said(one.name, language) for one in page.components}
    return {
        "pk": notice.pk,
        "title": said(notice.title, language),
        "text": said(notice.text, language),
        "starts_at": notice.starts_at,
        "ends_at": notice.ends_at,
        "is_now": notice.starts_at <= page.at,
        "services": [names[one.key] for one in notice.services.all() if one.key in names],
    }


# --- JSON -----------------------------------------------------------------------------------------------------------
def _json(page: PublicPage) -> bytes:
    """For programs: words where they compare, texts in every language where they show."""
    document = {
        "generated_at": _moment(page.at),
        "status": page.overall.value,
        "components": [
            {
                "key": one.key,
                "name": one.name,
                "status": one.state.value,
                "uptime_90_days": one.uptime,
                "days": [{"date": day.on.isoformat(), "uptime": day.uptime} for day in one.days],
            }
            for one in page.components
        ],
        "incidents": [_json_story(story) for story in (*page.current, *page.past)],
        "maintenance": [
            {
                "title": one.title,
                "text": one.text,
                "components": [service.key for service in one.services.all()],
                "starts_at": _moment(one.starts_at),
                "ends_at": _moment(one.ends_at),
            }
            for one in page.maintenance
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _json_story(story: Story) -> dict[str, Any]:
    return {
        "reference": story.reference,
        "title": story.title,
        "status": story.newest.stage,
        "is_over": story.is_over,
        "began_at": _moment(story.began_at),
        "impact": story.impact,
        "updates": [
            {
                "at": _moment(one.at),
                "status": one.stage,
                "headline": one.headline,
                "conditions": one.conditions,
                "actions": one.actions,
                "needs": one.needs,
                "next_update_at": _moment(one.next_at) if one.next_at else None,
            }
            for one in story.updates
        ],
    }


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# --- Atom -----------------------------------------------------------------------------------------------------------
def _feed(page: PublicPage, language: str) -> bytes:
    """RFC 4287: one entry an update, the newest first."""
    entries = sorted(_entries(page, language), key=lambda entry: entry.at, reverse=True)[:MOST_ENTRIES]
    feed = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": language})
    _child(feed, "id", _id(f"feed:{language}"))
    _child(feed, "title", _title())
    _child(feed, "updated", _moment(entries[0].at if entries else page.at.replace(hour=0, minute=0, second=0)))
    _child(_child(feed, "author"), "name", _title())
    _link(feed, "self", named("feed", language, "atom"))
    _link(feed, "alternate", named("index", language))
    for entry in entries:
        _add(feed, entry, language)
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))


@dataclass(frozen=True)
class _Entry:
    name: str
    at: datetime
    title: str
    text: str
    anchor: str


def _entries(page: PublicPage, language: str) -> Iterator[_Entry]:
    for story in (*page.current, *page.past):
        for update in story.updates:
            shown = _update(update, language)
            title = f"{update.get_stage_display()}: {shown['headline'].text}"
            text = "\n\n".join(part.text for part in shown["texts"])
            yield _Entry(f"update:{update.pk}", update.at, title, text, story.reference)
    for notice in page.maintenance:
        heading, body = said(notice.title, language), said(notice.text, language)
        when = f"{notice.starts_at:%Y-%m-%d %H:%M} – {notice.ends_at:%Y-%m-%d %H:%M} UTC"
        headline = f"{_('Maintenance')}: {heading.text if heading else ''}"
        yield _Entry(
            f"maintenance:{notice.pk}", notice.at, headline, f"{when}\n\n{body.text if body else ''}".strip(), ""
        )


def _add(feed: ElementTree.Element, one: _Entry, language: str) -> None:
    entry = _child(feed, "entry")
    _child(entry, "id", _id(one.name))
    _child(entry, "title", one.title)
    _child(entry, "updated", _moment(one.at))
    _child(entry, "published", _moment(one.at))
    place = f"{named('history', language)}#{one.anchor}" if one.anchor else named("index", language)
    _link(entry, "alternate", place)
    _child(entry, "content", one.text or one.title).set("type", "text")


def _child(parent: ElementTree.Element, name: str, text: str = "") -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = text or None
    return child


def _link(parent: ElementTree.Element, kind: str, place: str) -> None:
    """Relative where nobody has said at which address readers find it."""
    base = f"{settings.DR_STATUS_PAGE.url}/" if settings.DR_STATUS_PAGE.url else ""
    ElementTree.SubElement(parent, "link", {"rel": kind, "href": f"{base}{place}"})


def _id(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.DR_STATUS_PAGE.url or settings.DR_PUBLIC_URL}#{name}").urn
