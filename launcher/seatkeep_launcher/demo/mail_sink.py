"""A mail server that keeps every message as a file and sends none on."""

from __future__ import annotations

import itertools
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailSink:
    """Takes SMTP on 127.0.0.1 and writes `0001.eml`, `0002.eml` …

    Args:
        folder: Where the messages lie; made when missing.
        port: TCP port.
    """

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._numbers = itertools.count(len(list(folder.glob("*.eml"))) + 1)
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    def start(self) -> None:
        """Take mail from now on, in a thread of its own."""
        self._controller.start()

    def stop(self) -> None:
        """Take no more."""
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Keep one message."""
        name = f"{next(self._numbers):04d}.eml"
        (self._folder / name).write_bytes(cast("bytes", envelope.content))
        return "250 kept"

    def messages_to(self, address: str) -> list[EmailMessage]:
        """Messages to an address, oldest first."""
        found = [
            message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(self._folder.glob("*.eml"))
        ]
        return [one for one in found if address in str(one["To"])]
