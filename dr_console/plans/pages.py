"""The pages that show the plan, in the order of their tabs. Apps add theirs from AppConfig.ready()."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dr_console.web import navigation


@dataclass(frozen=True)
class PlanPage:
    """One page, and the sections of the plan that it shows."""

    label: str | Promise
    url_name: str
    sections: tuple[str, ...]


_pages: list[PlanPage] = [PlanPage(_("Overview"), "plans:overview", ("about", "objectives"))]


def add_pages(*pages: PlanPage) -> None:
    """Give the plan these tabs, and let the palette find them."""
    for page in pages:
        if page not in _pages:
            _pages.append(page)
        if page.url_name not in {one.url_name for one in navigation.BAR}:
            navigation.add_page(
                navigation.Destination(
                    page.label, page.url_name, "book-open", "plans.view_plan", within="plans:overview"
                )
            )


def pages() -> list[PlanPage]:
    return list(_pages)


def page_of(section: str) -> str:
    """The name of the URL of the page that shows a section."""
    return next((page.url_name for page in _pages if section in page.sections), "plans:overview")
