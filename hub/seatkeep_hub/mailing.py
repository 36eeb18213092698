"""Mail to staff: plain text with an HTML twin, one link, and why the reader got it (UI.md, "Mail")."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)


def is_mail_set() -> bool:
    """Whether there is a mail server."""
    return bool(settings.SMTP_IS_SET)


def mail_send(
    *,
    to: str,
    subject: str,
    template: str,
    context: dict[str, object],
    headers: Mapping[str, str] | None = None,
) -> bool:
    """Send one mail now.

    Args:
        to: The receiver's address.
        subject: Without the prefix `[Seatkeep]`.
        template: Name without ending; `<template>.txt` and `<template>.html` exist.
        context: Values for both templates; they carry no secret but the one link.
        headers: Further headers, such as how to unsubscribe.

    Returns:
        Whether a mail server took it. Without one, or when it refuses, people use the link to copy.
    """
    if not is_mail_set():
        return False
    message = EmailMultiAlternatives(
        subject=f"[Seatkeep] {subject}",
        body=render_to_string(f"{template}.txt", context),
        to=[to],
        headers=dict(headers or {}),
    )
    message.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    try:
        return message.send() == 1
    except (SMTPException, OSError):
        logger.warning("mail could not be sent", exc_info=True, extra={"subject": subject})
        return False
