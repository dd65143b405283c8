"""What the clients of Cloudflare say when it says no, says nothing, or says nonsense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import http as wire_module
from dr_console.providers import registry
from dr_console.providers.capabilities.cdn import Targets
from dr_console.providers.capabilities.dns import DnsRecord, Pointing
from dr_console.providers.checking import Check, Finding, State, finding_of, subject_of
from dr_console.providers.cloudflare import account, checks
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_cloudflare import ADDRESS, Fake, bad, good, record
from tests.sandboxed import Sandbox

API = "api.example.com"
BACKUP = Pointing(API, "backup.example.com")
RECORDS = f"{ADDRESS}/zones/{'c' * 32}/dns_records"
TOKEN = "sandbox-cloudflare-token"
SHOWN = record(1, API, "CNAME", "tokyo.origin.example.com", proxied=True, ttl=1)


@pytest.fixture(autouse=True)
def _real_address(settings: Any) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "cloudflare": ADDRESS}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited between tries; nobody really waits."""
    waited: list[float] = []
    monkeypatch.setattr(wire_module.time, "sleep", waited.append)
    return waited


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def read(deadline: Deadline) -> Any:
    return registry.dns("cloudflare").record(API, deadline=deadline)


def caught_from(act: Callable[[Deadline], Any], deadline: Deadline) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        act(deadline)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "problem", "code"),
    [
        (bad(403, 10000, "Authentication error"), Problem.CREDENTIALS, "10000"),
        (bad(401, 1000, "Invalid API Token"), Problem.CREDENTIALS, "1000"),
        (bad(400, 9109, "Invalid access token"), Problem.CREDENTIALS, "9109"),
        (bad(404, 7003, "Could not route"), Problem.NOT_FOUND, "7003"),
        (bad(400, 81044, "Record does not exist."), Problem.NOT_FOUND, "81044"),
        (bad(400, 9999, "Something that no page explains"), Problem.REFUSED, "9999"),
        (httpx.Response(200, json={"success": False, "errors": [{"code": 1, "message": "x"}]}), Problem.REFUSED, "1"),
        (httpx.Response(418, json={"success": False, "errors": []}), Problem.REFUSED, ""),
        (httpx.Response(418, json={"success": False, "errors": "none"}), Problem.REFUSED, ""),
        (httpx.Response(418, json=[]), Problem.REFUSED, ""),
    ],
)
def test_a_refusal_is_told_in_the_vendors_words(
    router: respx.MockRouter, soon: Deadline, answer: httpx.Response, problem: Problem, code: str
) -> None:
    router.get(url__startswith=RECORDS).mock(return_value=answer)
    error = caught_from(read, soon)
    assert (error.problem, error.code, error.permanent, error.outcome) == (problem, code, True, Outcome.NOTHING)


def test_what_lies_behind_an_error_is_told_too(router: respx.MockRouter, soon: Deadline) -> None:
    chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
    errors = [{"code": 6003, "message": "Invalid request headers", "error_chain": chain}]
    router.get(url__startswith=RECORDS).mock(
        return_value=httpx.Response(400, json={"success": False, "errors": errors})
    )
    error = caught_from(read, soon)
    assert error.said == "Invalid request headers: 6111 Invalid format for Authorization header"
    assert error.problem is Problem.CREDENTIALS


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Just a moment…</html>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, json={"success": True, "errors": [], "messages": []}),
        httpx.Response(200, json={"success": True, "result": {"id": 1}}),
        httpx.Response(200, json={"result": []}),
        good([{**SHOWN, "ttl": "soon"}]),
        good([{**SHOWN, "content": None}]),
        good([{key: value for key, value in SHOWN.items() if key != "id"}]),
        good("text"),
        httpx.Response(200, json=[SHOWN]),
    ],
)
def test_an_answer_of_another_shape_is_quoted(router: respx.MockRouter, soon: Deadline, answer: httpx.Response) -> None:
    router.get(url__startswith=RECORDS).mock(return_value=answer)
    error = caught_from(read, soon)
    assert error.problem is Problem.GARBLED
    assert len(error.said) < 500


def test_the_token_is_never_quoted(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(url__startswith=RECORDS).mock(return_value=bad(400, 1, f"Bearer {TOKEN} is wrong"))
    error = caught_from(read, soon)
    assert TOKEN not in str(error) + repr(error) + str(error.facts())


def test_reading_is_tried_again_until_it_works(router: respx.MockRouter, soon: Deadline) -> None:
    answers = [httpx.Response(502, html="bad gateway"), httpx.ReadTimeout("slow"), good([SHOWN])]
    router.get(url__startswith=RECORDS).mock(side_effect=answers)
    assert read(soon).content == "tokyo.origin.example.com"


def test_pointing_is_tried_again_as_twice_is_the_same_as_once(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(url__startswith=RECORDS).mock(return_value=good([SHOWN]))
    patched = good({**SHOWN, "content": BACKUP.to})
    patch = router.patch(f"{RECORDS}/{SHOWN['id']}").mock(side_effect=[httpx.ReadError("reset"), patched])
    assert registry.dns().point(BACKUP, reference="INC-1", deadline=soon).content == BACKUP.to
    assert patch.call_count == 2


def test_an_answer_about_another_record_is_not_taken_for_ours(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(url__startswith=RECORDS).mock(return_value=good([SHOWN]))
    router.patch(f"{RECORDS}/{SHOWN['id']}").mock(return_value=good({**SHOWN, "content": "elsewhere.example.com"}))
    error = caught_from(lambda deadline: registry.dns().point(BACKUP, reference="INC-1", deadline=deadline), soon)
    assert error.problem is Problem.GARBLED


def test_a_batch_that_answers_with_too_few_is_garbled(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(url__startswith=RECORDS).mock(return_value=good([SHOWN]))
    router.post(f"{RECORDS}/batch").mock(return_value=good({"patches": [], "posts": None}))
    error = caught_from(lambda deadline: registry.dns().point_all([BACKUP], reference="INC-1", deadline=deadline), soon)
    assert error.problem is Problem.GARBLED


def test_a_record_that_may_have_been_made_is_not_made_twice(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(url__startswith=RECORDS).mock(return_value=good([]))
    post = router.post(RECORDS).mock(side_effect=httpx.ReadTimeout("slow"))
    gone = DnsRecord("1" * 32, API, "CNAME", "tokyo.origin.example.com", 1, proxied=True)
    error = caught_from(lambda deadline: registry.dns().put_back(gone, deadline=deadline), soon)
    assert (error.problem, error.outcome, post.call_count) == (Problem.TIMED_OUT, Outcome.UNKNOWN, 1)


def test_what_was_made_without_our_hearing_of_it_is_found(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(url__startswith=RECORDS).mock(side_effect=[good([]), good([SHOWN])])
    router.post(RECORDS).mock(return_value=bad(400, 81058, "An identical record already exists."))
    gone = DnsRecord("2" * 32, API, "CNAME", "tokyo.origin.example.com", 1, proxied=True)
    assert registry.dns().put_back(gone, deadline=soon).id == SHOWN["id"]


def test_a_purge_is_tried_again(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(f"{ADDRESS}/zones/{'c' * 32}").mock(return_value=bad(403, 9109, "Unauthorized"))
    purge = router.post(f"{ADDRESS}/zones/{'c' * 32}/purge_cache")
    purge.mock(side_effect=[httpx.ReadTimeout("slow"), httpx.Response(503), good({"id": "c" * 32})])
    assert registry.cdn().purge(Targets(everything=True), deadline=soon).requests == 1
    assert purge.call_count == 3


def test_a_pull_whose_answer_was_lost_may_have_taken_messages(router: respx.MockRouter, soon: Deadline) -> None:
    router.post(url__regex=".*/messages/pull").mock(side_effect=httpx.ReadTimeout("slow"))
    error = caught_from(lambda deadline: registry.events().pull(deadline=deadline), soon)
    assert error.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("name", ["token", "zone_id", "account_id", "queue_id"])
def test_a_missing_setting_is_named(settings: Any, soon: Deadline, name: str) -> None:
    theirs = {**settings.DR_CREDENTIALS["cloudflare"], name: ""}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "cloudflare": theirs}
    calls = (read, lambda deadline: registry.events().backlog(deadline=deadline))
    act = calls[1] if name in ("account_id", "queue_id") else calls[0]
    error = caught_from(act, soon)
    assert (error.problem, error.said) == (Problem.SETTINGS, f"DR_CLOUDFLARE_{name.upper()}")


def test_a_429_is_waited_out_as_asked(router: respx.MockRouter, soon: Deadline, pauses: list[float]) -> None:
    busy = bad(429, 971, "Please wait", **{"retry-after": "1"})
    router.get(url__startswith=RECORDS).mock(side_effect=[busy, good([SHOWN])])
    assert read(soon).name == API
    assert max(pauses) >= 0.9


def test_who_is_locked_out_for_longer_than_there_is_time_is_told_so_at_once(
    in_sandbox: Sandbox, pauses: list[float]
) -> None:
    in_sandbox.post("/clock", {"speed": 1})
    in_sandbox.post("/cloudflare/budget", {"left": 0})
    error = caught_from(read, Deadline.after(5))
    assert (error.problem, error.status, error.code) == (Problem.THROTTLED, 429, "971")
    assert 200 < (error.retry_after or 0) <= 300
    # From now on nobody even asks.
    error = caught_from(read, Deadline.after(5))
    assert (error.problem, error.status) == (Problem.THROTTLED, None)


def findings(check: Check) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(check(Deadline.after(20)))
    except ProviderError as error:
        found.append(finding_of(error, "cloudflare", subject_of(check)))
    return found


def test_every_check_is_content_with_the_sandbox(in_sandbox: Sandbox) -> None:
    found = [finding for check in checks.CHECKS for finding in findings(check)]
    assert {finding.state for finding in found} == {State.OK}
    assert len(found) == 8


def test_an_expired_token_is_found(in_sandbox: Sandbox) -> None:
    in_sandbox.post("/cloudflare/tokens", {"state": "expired"})
    (finding,) = findings(checks.check_token)
    assert (finding.state, "expired" in finding.words) == (State.FAILED, True)
    (finding,) = findings(checks.check_zone)
    assert finding.state is State.FAILED
    assert finding.error is not None
    assert finding.error.problem is Problem.CREDENTIALS


def test_a_token_without_the_right_is_told_from_one_that_does_not_work(in_sandbox: Sandbox, soon: Deadline) -> None:
    in_sandbox.post("/cloudflare/tokens", {"lacks": ["dns:edit"]})
    (token,) = findings(checks.check_token)
    states = [finding.state for finding in findings(checks.check_zone)]
    assert (token.state, states) == (State.OK, [State.OK, State.UNKNOWN, State.OK])
    error = caught_from(lambda deadline: registry.dns().point(BACKUP, reference="INC-1", deadline=deadline), soon)
    assert (error.problem, error.code, error.permanent) == (Problem.CREDENTIALS, "10000", True)


def test_a_token_of_the_account_is_asked_about_elsewhere(router: respx.MockRouter, soon: Deadline) -> None:
    router.get(f"{ADDRESS}/user/tokens/verify").mock(return_value=bad(401, 1000, "Invalid API Token"))
    of_account = f"{ADDRESS}/accounts/{'a' * 32}/tokens/verify"
    router.get(of_account).mock(return_value=good({"id": "1", "status": "active"}))
    assert account.token(deadline=soon).status == "active"
    router.get(of_account).mock(return_value=bad(404, 7003, "Could not route"))
    assert caught_from(lambda deadline: account.token(deadline=deadline), soon).code == "1000"


def test_rights_that_cannot_be_read_are_unknown_and_a_paused_zone_fails() -> None:
    fake = Fake()
    shown = fake._zone(httpx.Request("GET", ADDRESS), None).json()["result"]
    fake._zone = lambda request, body: good({**shown, "paused": True})  # type: ignore[method-assign]
    with fake.on_the_wire():
        states = [finding.state for finding in findings(checks.check_zone)]
    assert states == [State.FAILED, State.UNKNOWN, State.UNKNOWN]


def test_each_name_of_a_plan_is_looked_at() -> None:
    fake = Fake()
    fake.records += [record(7, "two.example.com", "A", "192.0.2.1"), record(8, "two.example.com", "A", "192.0.2.2")]
    fake.records.append(record(9, "slow.example.com", "CNAME", "tokyo.origin.example.com", ttl=3600))
    names = [API, "two.example.com", "slow.example.com", "nothing.example.com"]
    with fake.on_the_wire():
        found = findings(checks.names_exist(names))
    assert [finding.state for finding in found] == [State.OK, State.FAILED, State.FAILED, State.FAILED]
    assert "3600" in found[2].words
    assert all(name in str(finding) for name, finding in zip(names, found, strict=True))


def test_the_right_to_read_the_account_is_not_insisted_on(router: respx.MockRouter) -> None:
    read_account = router.get(f"{ADDRESS}/accounts/{'a' * 32}")
    read_account.mock(return_value=bad(403, 10000, "Authentication error"))
    assert [finding.state for finding in findings(checks.check_account)] == [State.UNKNOWN]
    read_account.mock(return_value=bad(404, 7003, "Could not route"))
    assert [finding.state for finding in findings(checks.check_account)] == [State.FAILED]


def test_names_are_not_asked_for_one_by_one_with_a_token_that_is_wrong(router: respx.MockRouter) -> None:
    asked = router.get(url__startswith=RECORDS).mock(return_value=bad(403, 10000, "Authentication error"))
    assert len(findings(checks.names_exist([API, "www.example.com"]))) == 1
    assert asked.call_count == 1


def test_a_queue_that_cannot_be_pulled_and_rules_that_miss_something_are_found() -> None:
    fake = Fake()
    with fake.on_the_wire():
        (rules,) = findings(checks.check_rules)
        assert (rules.state, "DeleteObject" in rules.words, "PutObject" in rules.words) == (State.FAILED, True, False)
        pages = fake._pages()
        pages[f"GET /accounts/{'a' * 32}/queues/{'e' * 32}/consumers"] = lambda request, body: good([])
        fake._pages = lambda: pages  # type: ignore[method-assign]
        (queue,) = findings(checks.check_queue)
        assert queue.state is State.FAILED


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not answered within a second will not."""
    monkeypatch.setattr(wire_module, "READ_SECONDS", 1.0)


def doubles(sandbox: Sandbox) -> list[str]:
    return [double["what"] for double in sandbox.get("/truth")["doubles"] if double["vendor"] == "cloudflare"]


@pytest.mark.parametrize("kind", ["timeout-after-effect", "reset", "error", "html", "truncated"])
def test_an_answer_that_was_lost_leads_to_nothing_done_twice(
    in_sandbox: Sandbox, hasty: None, soon: Deadline, kind: str
) -> None:
    dns = registry.dns()
    rule: dict[str, Any] = {"kind": kind, "vendor": "cloudflare", "route": "PATCH *", "times": 1}
    in_sandbox.post("/faults", rule | ({"after_effect": True} if kind in ("reset", "error") else {}))
    if kind == "html":
        # It answered, with something that cannot be read: whether it was done is for the caller to find out.
        error = caught_from(lambda deadline: dns.point(BACKUP, reference="INC-1", deadline=deadline), soon)
        assert error.problem is Problem.GARBLED
    else:
        dns.point(BACKUP, reference="INC-1", deadline=soon)
    assert dns.point(BACKUP, reference="INC-1", deadline=soon).content == BACKUP.to
    assert doubles(in_sandbox) == []


def test_a_batch_whose_answer_was_lost_is_not_done_twice(in_sandbox: Sandbox, hasty: None, soon: Deadline) -> None:
    dns = registry.dns()
    in_sandbox.post("/faults", {"kind": "timeout-after-effect", "vendor": "cloudflare", "route": "POST *", "times": 1})
    www = Pointing("www.example.com", "backup.example.com")
    after = dns.point_all([BACKUP, www], reference="INC-1", deadline=soon)
    assert [record.content for record in after] == [BACKUP.to, www.to]
    assert doubles(in_sandbox) == []


@pytest.mark.parametrize(
    ("rule", "problem", "permanent"),
    [
        ({"kind": "throttled", "retry_after": 100}, Problem.THROTTLED, False),
        ({"kind": "error", "status": 503}, Problem.REFUSED, False),
        ({"kind": "reset"}, Problem.BROKEN, False),
        ({"kind": "timeout"}, Problem.TIMED_OUT, False),
        ({"kind": "garbage"}, Problem.GARBLED, False),
        ({"kind": "html"}, Problem.GARBLED, False),
        ({"kind": "empty"}, Problem.GARBLED, False),
        ({"kind": "truncated"}, Problem.BROKEN, False),
        ({"kind": "missing-field", "field": "result"}, Problem.GARBLED, False),
        ({"kind": "expired-token"}, Problem.CREDENTIALS, True),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_each_fault_is_told_for_what_it_is(
    in_sandbox: Sandbox, hasty: None, rule: dict[str, Any], problem: Problem, permanent: bool
) -> None:
    in_sandbox.post("/faults", {"vendor": "cloudflare", **rule})
    error = caught_from(read, Deadline.after(5))
    assert (error.problem, error.permanent, error.outcome) == (problem, permanent, Outcome.NOTHING)
    in_sandbox.delete("/faults")
    if rule["kind"] != "throttled":
        assert read(Deadline.after(5)).name == API
