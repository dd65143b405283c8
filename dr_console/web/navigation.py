"""Where one can go: the bar at the top, and what the palette (Ctrl-K) finds. Apps add theirs in ready()."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Person = User | AnonymousUser


@dataclass(frozen=True)
class Destination:
    """A page: its name, the name of its URL, and who may see it (everyone who is logged in, where empty)."""

    label: str | Promise
    url_name: str
    icon: str = ""
    permission: str = ""
    #: The letter that opens the page after "g". Only for the bar.
    key: str = ""
    #: The key that opens the page by itself.
    alone: str = ""
    #: Only there in this mode of the console, if any is named.
    mode: str = ""
    #: For a page beside the bar: the name of the URL of the bar's page that it belongs to.
    within: str = ""

    @property
    def url(self) -> str:
        """Empty while the page does not exist."""
        try:
            return reverse(self.url_name)
        except NoReverseMatch:
            return ""

    def is_open_to(self, person: Person) -> bool:
        if self.mode and self.mode != settings.DR_MODE:
            return False
        return not self.permission or person.has_perm(self.permission)


@dataclass(frozen=True)
class Found:
    """A thing that the palette found. `posts`: what choosing it sends to `url`; None: it leads there."""

    label: str
    url: str
    hint: str = ""
    icon: str = "arrow-right"
    posts: Mapping[str, str] | None = None


Search = Callable[[Person, str], Iterable[Found]]

BAR = (
    Destination(_("Home"), "home", "house", key="h"),
    Destination(_("Incidents"), "incidents:list", "siren", "incidents.view_incident", key="i"),
    Destination(_("Plan"), "plans:overview", "book-open", "plans.view_plan", key="p"),
    Destination(_("Backups"), "backups:policies", "database", "plans.view_plan", key="b"),
    Destination(_("Drills"), "drills:calendar", "calendar-days", "plans.view_plan", key="d"),
    Destination(_("Readiness"), "operations:readiness", "heart-pulse", "plans.view_plan", key="r"),
    Destination(_("Contacts"), "incidents:contacts", "users", "plans.view_plan", key="c"),
    Destination(_("Sandbox"), "sandbox:page", "zap", "plans.view_plan", key="s", mode="sandbox"),
    Destination(_("Audit"), "audit:log", "scroll-text", "audit.view_auditentry", key="a"),
    Destination(_("People"), "people:list", "user", "people.manage", key="e"),
)
_pages: list[Destination] = [Destination(_("Preferences"), "people:preferences", "settings")]
_searches: list[Search] = []
_acts: list[Search] = []


def add_page(page: Destination) -> None:
    """Let the palette find a page that is not in the bar."""
    if page not in _pages:
        _pages.append(page)


def add_search(search: Search) -> None:
    """Let the palette find rows, such as incidents by their number. `search(person, text)` gives a few, best first."""
    if search not in _searches:
        _searches.append(search)


def add_acts(acts: Search) -> None:
    """Let the palette offer what may be done on a page. `acts(person, path)` knows the page by its path."""
    if acts not in _acts:
        _acts.append(acts)


def bar(person: Person) -> list[Destination]:
    """The pages of the bar that the person may open."""
    return [page for page in BAR if page.url and page.is_open_to(person)]


def current(path: str, pages: Iterable[Destination]) -> Destination | None:
    """The page of the bar that an address lies under, or that the page at that address belongs to."""
    pages = list(pages)
    home = reverse("home")
    under = [
        page
        for page in (*pages, *_pages)
        if page.url and (path == page.url or (page.url != home and path.startswith(page.url)))
    ]
    found = max(under, key=lambda page: len(page.url), default=None)
    if found is None or found in pages:
        return found
    return next((page for page in pages if page.url_name == found.within), None)


def find(person: Person, text: str, *, at: str = "", most: int = 16) -> list[Found]:
    """What the palette shows for a text: what may be done on the page at the path `at`, pages, each with every word of
    the text in its name, then what the apps find."""
    return [found for found, _count in zip(_matches(person, text, at), range(most), strict=False)]


def _matches(person: Person, text: str, at: str) -> Iterator[Found]:
    words = text.casefold().split()
    for acts in _acts if at else ():
        for act in acts(person, at):
            if _has_all(f"{act.label} {act.hint}", words):
                yield act
    for page in (*BAR, *_pages):
        label = str(page.label)
        if page.url and page.is_open_to(person) and _has_all(label, words):
            key = page.key and f"g {page.key}"
            yield Found(label, page.url, icon=page.icon or "arrow-right", hint=key or page.alone)
    if words:
        for search in _searches:
            yield from search(person, text)


def _has_all(label: str, words: Iterable[str]) -> bool:
    known = label.casefold()
    return all(word in known for word in words)
