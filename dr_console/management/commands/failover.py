"""`manage.py failover`: fail a service over without a browser, and without Redis and workers where those are gone."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.timezone import now

from dr_console.errors import ProviderError, Refused
from dr_console.management import failing_over
from dr_console.management.failing_over import WrongChoice
from dr_console.runs.models import Run, StoredPreview
from incidents.models import FailoverPlan
from incidents.queries import failover as known
from incidents.services import failover


class Command(BaseCommand):
    help = (
        "Shows what a failover would do, asks, carries it out and tells how it goes. Where the workers or Redis are "
        "gone, it does all of it in its own process. Exit status: 0 if it succeeded (or, with --dry-run, could start), "
        "1 if not or a person has to decide, 2 if it was refused or asked for wrongly."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("service", help="Key of the service in the plan: api.")
        parser.add_argument("--to", default="", metavar="REGION", help="Which standby, where there are several.")
        parser.add_argument("--plan", default="", metavar="KEY", help="Which failover plan, where several fit.")
        parser.add_argument("--back", action="store_true", help="The way back from it.")
        parser.add_argument("--dry-run", action="store_true", help="Only show what would be done.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")
        parser.add_argument(
            "--verb",
            choices=Run.Verb.values,
            default=Run.Verb.GRACEFUL,
            help="graceful checks everything; recover goes on where something has changed; force, with --reason, "
            "minds nothing but that there is one run at a time.",
        )
        parser.add_argument("--reason", default="", help="Why: kept with the run.")
        parser.add_argument(
            "--without-redis", action="store_true", help="Ask no worker: carry it out in this process from the start."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == Run.Verb.FORCE and not options["reason"].strip():
            raise CommandError("--verb force needs a --reason.", returncode=2)
        try:
            status = self._fail_over(options)
        except (WrongChoice, Refused, ProviderError) as problem:
            raise CommandError(str(problem), returncode=2) from problem
        sys.exit(status)

    def _fail_over(self, options: dict[str, Any]) -> int:
        plan = failing_over.choose(options["service"], to=options["to"], key=options["plan"], is_back=options["back"])
        shown, stored = failover.preview(plan, by=None)
        for line in failing_over.shown(plan, shown):
            self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("Nothing was changed: this was a dry run.")
            return 1 if shown.blockers else 0
        if not options["yes"] and not self._is_meant(plan):
            self.stdout.write("Not started.")
            return 2
        return self._carry_out(plan, stored, options)

    def _is_meant(self, plan: FailoverPlan) -> bool:
        """A word that nobody types by mistake."""
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to ask. Say --yes.", returncode=2)
        word = known.confirmation_word(plan)
        return input(f"Type {word} to start it in {settings.DR_MODE} mode: ").strip() == word

    def _carry_out(self, plan: FailoverPlan, stored: StoredPreview, options: dict[str, Any]) -> int:
        verb = Run.Verb(options["verb"])
        with failing_over.carried_out_here(rings=not options["without_redis"]):
            run, is_new = failover.start(
                plan,
                incident=None,
                by=None,
                trigger=Run.Trigger.TERMINAL,
                verb=verb,
                preview=stored if verb == Run.Verb.GRACEFUL else None,
                reason=options["reason"],
            )
            started = "Started" if is_new else "There is one under way already"
            self.stdout.write(
                f"{started}: run {run.code}, {settings.DR_PUBLIC_URL}{reverse('runs:detail', args=[run.code])}"
            )
            try:
                run = failing_over.follow(run, self._say)
                if left := failing_over.wait_for_messages(run):
                    self._say(f"Messages not sent yet: {left}.")
            except KeyboardInterrupt:
                self.stdout.write("\nNo longer watched. It goes on wherever a worker takes it.")
                return 130
        return 0 if run.state in failing_over.GOOD_ENDS else 1

    def _say(self, text: str) -> None:
        self.stdout.write(f"{now():%H:%M:%S}  {text}")
        self.stdout.flush()
