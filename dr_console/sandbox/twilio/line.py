"""One call from the first ring to the end, on the world's clock: it rings, somebody answers, TwiML is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urljoin

from dr_console.sandbox import loopback
from dr_console.sandbox.telephones import UNANSWERED, Habit
from dr_console.sandbox.twilio import twiml
from dr_console.sandbox.twilio.account import VERSION, Account, Call, rfc2822
from dr_console.sandbox.twilio.twiml import Verb, WrongTwiml

INITIATED_SECONDS = 0.5
RINGING_SECONDS = 1.5
DETECTION_SECONDS = 3.0
MOST_VERBS = 200
EVENT_OF = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}


class Line:
    """`habit`: what the person does; the control API may have somebody answer who otherwise would not."""

    def __init__(self, account: Account, call: Call, habit: Habit) -> None:
        self.account, self.world, self.call, self.habit = account, account.world, call, habit
        self._verbs: list[Verb] = []
        self._document = call.url
        self._gathering: Verb | None = None
        self._turn = 0  # what was put on the clock before this turn is overtaken
        self._carried_out = 0

    def begin(self) -> None:
        self._later(INITIATED_SECONDS, lambda: self._tell("initiated"))
        self._later(RINGING_SECONDS, self._ring)

    def answer(self, habit: Habit) -> None:
        """Somebody picks up now, or, on the line already, presses keys."""
        self.habit = habit
        if self.call.status == "in-progress":
            if self._gathering and habit.digits:
                self._pressed()
        elif habit.does in UNANSWERED:
            self.end(UNANSWERED[habit.does])
        elif not self.call.is_over:
            self._pick_up()

    def hang_up(self) -> None:
        self.end("completed" if self.call.status == "in-progress" else "canceled")

    def redirect(self, url: str, method: str, document: str) -> None:
        """Twilio's update of a call that is under way."""
        self._turn += 1
        self._gathering = None
        if document:
            self._read(document)
        else:
            self._fetch(url, method, {})

    def end(self, status: str) -> None:
        if self.call.is_over:
            return
        self._turn += 1
        self._gathering = None
        self.call.ended_at = self.world.clock.now()
        self._tell(status)

    def _ring(self) -> None:
        self._tell("ringing")
        habit = self.habit
        if habit.does == "ring":
            self._later(self.call.ring_seconds, lambda: self.end("no-answer"))
        elif habit.does in UNANSWERED:
            wait = self.call.ring_seconds if habit.does == "no-answer" else 1.0
            self._later(wait, lambda: self.end(UNANSWERED[habit.does]))
        elif habit.after >= self.call.ring_seconds:
            self._later(self.call.ring_seconds, lambda: self.end("no-answer"))
        else:
            self._later(habit.after, self._pick_up)

    def _pick_up(self) -> None:
        if self.call.is_over or self.call.status == "in-progress":
            return
        self._turn += 1
        self.call.started_at = self.world.clock.now()
        by = "machine_start" if self.habit.does == "voicemail" else "human"
        if not self.call.detects_machines:
            self._tell("in-progress")
            self._start()
            return
        self._tell("in-progress")
        self._later(DETECTION_SECONDS, lambda: self._detected(by))

    def _detected(self, by: str) -> None:
        self.call.answered_by = by
        self._start()

    def _start(self) -> None:
        if self.habit.does == "hang-up":
            self._later(1.0, lambda: self.end("completed"))
        elif self.call.twiml:
            self._read(self.call.twiml)
        else:
            self._fetch(self.call.url, self.call.method, {})

    def _fetch(self, url: str, method: str, more: dict[str, str]) -> None:
        turn = self._turn
        where = urljoin(self._document, url) if self._document else url
        if not loopback.is_here(where):
            self._breaks_down(f"11200: {where} is not on this machine")
            return
        self._document = where

        def answered(status: int, said: str) -> None:
            if turn != self._turn or self.call.is_over:
                return
            if not 200 <= status < 300:
                self._breaks_down(f"11200: HTTP retrieval failure: {status or said}")
            elif said.strip():
                self._read(said)
            else:
                self.end("completed")

        self.account.send(method, where, self._form() | more, self.call.token, answered)

    def _read(self, document: str) -> None:
        try:
            self._verbs = twiml.read(document)
        except WrongTwiml as wrong:
            self._breaks_down(f"12100: {wrong}")
            return
        self._hear(self._verbs)
        self._next()

    def _breaks_down(self, why: str) -> None:
        """ "An application error has occurred", says Twilio to whoever listens, and hangs up."""
        self.call.warnings.append(why)
        self.end("completed")

    def _hear(self, verbs: Sequence[Verb]) -> None:
        words = " ".join(verb.words() for verb in verbs)
        if self.call.arrived and words:
            self.call.arrived.text = self.call.arrived.text or words
            self.call.arrived.detail["heard"] = f"{self.call.arrived.detail.get('heard', '')} {words}".strip()

    def _next(self) -> None:
        """Carry out the next verb; at the end of the document the call is over."""
        self._carried_out += 1
        if not self._verbs or self._carried_out > MOST_VERBS:
            self.end("completed")
            return
        verb = self._verbs.pop(0)
        if verb.name == "Gather":
            self._gather(verb)
        elif verb.name == "Redirect":
            self._fetch(verb.text, verb.attributes.get("method", "POST"), {})
        elif verb.name in ("Hangup", "Reject", "Leave"):
            self.end("completed")
        else:
            self._later(verb.seconds, self._next)

    def _gather(self, verb: Verb) -> None:
        self._gathering = verb
        if self.habit.digits:
            self._later(self.habit.thinks, self._pressed)
            return
        timeout = twiml.number(verb.attributes.get("timeout", ""), 5.0)
        self._later(verb.seconds + timeout, self._nothing_pressed)

    def _pressed(self) -> None:
        verb, self._gathering = self._gathering, None
        if verb is None:
            return
        self._turn += 1
        finish = verb.attributes.get("finishOnKey", "#")
        digits = self.habit.digits.split(finish)[0] if finish else self.habit.digits
        count = int(twiml.number(verb.attributes.get("numDigits", ""), 0.0))
        pressed = digits[:count] if count else digits
        self.habit = Habit(self.habit.does, "", self.habit.after, self.habit.thinks)  # pressed once
        self.call.digits += pressed
        if self.call.arrived:
            self.call.arrived.detail["digits"] = self.call.digits
        self.world.truth.effect("twilio", "key", self.call.to, digits=pressed, call=self.call.sid)
        action = verb.attributes.get("action") or self._document
        if not action:
            self._next()
            return
        more = {"Digits": pressed, "FinishedOnKey": "" if count else finish, "msg": "Gather End"}
        self._fetch(action, verb.attributes.get("method", "POST"), more)

    def _nothing_pressed(self) -> None:
        verb, self._gathering = self._gathering, None
        if verb is None:
            return
        if verb.attributes.get("actionOnEmptyResult", "").lower() == "true" and verb.attributes.get("action"):
            self._fetch(verb.attributes["action"], verb.attributes.get("method", "POST"), {"Digits": ""})
        else:
            self._next()

    def _later(self, seconds: float, do: object) -> None:
        turn = self._turn

        def due() -> None:
            if turn == self._turn and not (self.call.is_over):
                do()  # type: ignore[operator]

        self.world.clock.later(seconds, due)

    def _tell(self, status: str) -> None:
        """The call is now in this state, and whoever asked to be told is."""
        call = self.call
        call.changed_at = self.world.clock.now()
        if status != "initiated":  # the resource says "queued" until it rings
            call.status = status
        if call.arrived:
            call.arrived.state = call.status
        event = EVENT_OF.get(status, "completed")
        if not call.callback or event not in call.events:
            return
        call.sequence += 1
        form = self._form() | {
            "CallStatus": status,
            "Timestamp": rfc2822(call.changed_at) or "",
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.sequence - 1),
        }
        if event == "completed":
            seconds = int((call.ended_at or 0) - (call.started_at or call.ended_at or 0))
            form |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
            form["SipResponseCode"] = {"busy": "486", "no-answer": "487", "failed": "404"}.get(status, "200")
        self.account.send(call.callback_method, call.callback, form, call.token, self._told, queue=call.sid)

    def _told(self, status: int, said: str) -> None:
        if not 200 <= status < 300:
            self.call.warnings.append(f"11200: status callback: {status or said}")

    def _form(self) -> dict[str, str]:
        call = self.call
        form = {
            "AccountSid": call.account,
            "ApiVersion": VERSION,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.to,
            "Caller": call.sender,
            "Direction": "outbound-api",
            "From": call.sender,
            "To": call.to,
        }
        return form | ({"AnsweredBy": call.answered_by} if call.answered_by else {})
