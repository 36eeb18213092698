"""Let an operator of the server make the first native Owner, also while Licensing is away."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.roles import Role

from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.selectors import group_system
from seatkeep_manager.rights.inviting import invitation_create, invitation_link


class Command(BaseCommand):
    """Invite somebody who signs in at the console itself; prints the link, which works once, for 14 days."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, and with which role for the whole console."""
        parser.add_argument("email")
        parser.add_argument("--role", choices=Role.values, default=Role.OWNER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the invitation; the audit log names the command line of the server."""
        try:
            invited = invitation_create(
                actor=Actor(ActorKind.OPERATOR, "command-line", "command line of the server"),
                email=options["email"],
                group=group_system(GroupKind.ROOT),
                role=options["role"],
                now=clock_now(),
            )
        except AppError as error:
            raise CommandError(str(error.detail)) from error
        self.stdout.write(invitation_link(invited.token))
