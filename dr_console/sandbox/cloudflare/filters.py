"""Which DNS records a list asks for: every filter, order and search that the API documents.

https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.datastructures import QueryParams

from dr_console.sandbox.cloudflare.zones import Record

COMPARE: dict[str, Callable[[str, str], bool]] = {
    "": lambda value, wanted: value == wanted,
    "exact": lambda value, wanted: value == wanted,
    "contains": lambda value, wanted: wanted in value,
    "startswith": lambda value, wanted: value.startswith(wanted),
    "endswith": lambda value, wanted: value.endswith(wanted),
}
ORDERS = ("type", "name", "content", "ttl", "proxied")


def filtered(records: Iterable[Record], query: QueryParams) -> list[Record]:
    any_of = query.get("match") == "any"
    found = [record for record in records if _matches(record, query, any_of)]
    order = query.get("order", "")
    if order in ORDERS:
        found.sort(key=lambda record: record[order], reverse=query.get("direction") == "desc")
    return found


def _matches(record: Record, query: QueryParams, any_of: bool) -> bool:
    answers = [answer for key, wanted in query.multi_items() if (answer := _test(record, key, wanted)) is not None]
    tags = [answer for key, wanted in query.multi_items() if (answer := _test_tag(record, key, wanted)) is not None]
    if tags:
        any_tag = query.get("tag_match", query.get("tag-match")) == "any"
        answers.append(any(tags) if any_tag else all(tags))
    if "search" in query and not _found_by_search(record, query["search"]):
        return False
    return not answers or (any(answers) if any_of else all(answers))


def _test(record: Record, key: str, wanted: str) -> bool | None:
    """Whether the record passes this filter; None if this is no filter (of ours)."""
    what, _, how = key.partition(".")
    if what == "type":
        return bool(record["type"] == wanted.upper())
    if what == "proxied":
        return bool(record["proxied"] == (wanted.lower() == "true"))
    if what not in ("name", "content", "comment"):
        return None
    value = record[what] or ""
    if what == "comment" and how in ("present", "absent"):
        return bool(value) == (how == "present")
    compare = COMPARE.get(how)
    return (
        None if compare is None else compare(value.lower(), wanted.lower().removesuffix("." if what == "name" else ""))
    )


def _test_tag(record: Record, key: str, wanted: str) -> bool | None:
    what, _, how = key.partition(".")
    if what != "tag":
        return None
    pairs = [tag.lower().partition(":")[::2] for tag in record["tags"]]
    name, _, value = wanted.lower().partition(":")
    if how in ("present", "absent"):
        return any(pair[0] == name for pair in pairs) == (how == "present")
    compare = COMPARE.get(how)
    return None if compare is None else any(pair[0] == name and compare(pair[1], value) for pair in pairs)


def _found_by_search(record: Record, words: str) -> bool:
    texts = [record["name"], record["type"], record["content"], record["comment"] or "", *record["tags"]]
    return words.lower() in " ".join(texts).lower()
