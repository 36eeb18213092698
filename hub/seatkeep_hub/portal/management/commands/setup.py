"""`setup`: the first run without a browser."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.errors import AppError

from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.first_run import FirstRunAnswers, first_run_complete

PASSWORD_VARIABLE = "SEATKEEP_SETUP_PASSWORD"  # noqa: S105  # the name of the variable, not its value


class Command(BaseCommand):
    """Do the first run from the command line; refused when it was done."""

    help = "Set Seatkeep up: owner, company and, for one MSP, license and link. Refused when it was done already."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--email", required=True, help="the owner's address, also the sign-in name")
        parser.add_argument("--password", default="", help=f"or by {PASSWORD_VARIABLE}, which no process list shows")
        parser.add_argument("--name", default="", help="the owner's name (default: the part before the @)")
        parser.add_argument("--company", required=True, help="name of the owner's company")
        parser.add_argument("--mode", choices=UseMode.values, default=UseMode.ONE_MSP.value)
        parser.add_argument("--time-zone", default=settings.FIRST_TIME_ZONE)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        password = options["password"] or os.environ.get(PASSWORD_VARIABLE, "")
        self._check(password)
        answers = FirstRunAnswers(
            name=options["name"] or options["email"].partition("@")[0],
            email=options["email"],
            password=password,
            mode=UseMode(options["mode"]),
            company=options["company"],
            time_zone=options["time_zone"],
            public_address=settings.LICENSING_URL,
        )
        try:
            run = first_run_complete(answers=answers, now=read_clock())
        except AppError as error:
            faults = "".join(f" {name}: {' '.join(texts)}" for name, texts in error.fields.items())
            raise CommandError(f"{error.error_code}: {error.detail}{faults}") from error
        self.stdout.write(f"set up: {run.company.name} ({run.mode}), owner {run.owner.email}")

    def _check(self, password: str) -> None:
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError("--password: " + " ".join(error.messages)) from error
