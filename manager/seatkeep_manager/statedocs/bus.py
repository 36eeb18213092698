"""The connection to the broker, and the streams and the bucket in account `core` (wire.md §7)."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import nats
from django.conf import settings
from nats.aio.client import Client
from seatkeep_protocol.documents import DOCUMENT_LIMIT_BYTES
from seatkeep_protocol.messages import INVENTORY_LIMIT_BYTES
from seatkeep_protocol.subjects import BUCKET, BUCKET_STREAM, Stream

_log = logging.getLogger(__name__)

EVENT_MAX_PER_SUBJECT = 10_000
TELEMETRY_MAX_PER_SUBJECT = 256
"""A flooder fills its own subject and is refused; nobody else notices."""
NANOSECONDS = 1_000_000_000

STREAMS: dict[str, dict[str, Any]] = {
    # Work queues: a message leaves with its ack, so the quota per subject counts what is not yet taken in.
    # Acked-means-on-disk for EVT is the broker's own setting (`sync_interval: always` in its configuration): JetStream
    # has no such setting per stream. TEL opts out by persist_mode, because the next message replaces a lost one.
    "EVT": {
        "name": "EVT",
        "subjects": [Stream.EVT.filter],
        "storage": "file",
        "retention": "workqueue",
        "discard": "new",
        "discard_new_per_subject": True,
        "max_msgs_per_subject": EVENT_MAX_PER_SUBJECT,
        "max_msg_size": INVENTORY_LIMIT_BYTES + 1024,
        "num_replicas": 1,
    },
    "TEL": {
        "name": "TEL",
        "subjects": [Stream.TEL.filter],
        "storage": "file",
        "retention": "workqueue",
        "discard": "new",
        "discard_new_per_subject": True,
        "max_msgs_per_subject": TELEMETRY_MAX_PER_SUBJECT,
        "max_msg_size": INVENTORY_LIMIT_BYTES + 1024,
        "max_age": 7 * 24 * 3600 * NANOSECONDS,
        "num_replicas": 1,
        "persist_mode": "async",
    },
    BUCKET_STREAM: {
        "name": BUCKET_STREAM,
        "subjects": [f"$KV.{BUCKET}.>"],
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_msgs_per_subject": 1,
        "max_msg_size": DOCUMENT_LIMIT_BYTES + 1024,
        "allow_direct": True,
        "allow_rollup_hdrs": True,
        "deny_delete": True,
        "num_replicas": 1,
    },
}


class BusError(Exception):
    """The broker refused what the manager needs."""


async def bus_connect(*, on_reconnect: Callable[[], Awaitable[None]] | None = None) -> Client:
    """Connect as the manager's user in account `core`; reconnects for ever."""

    async def on_error(error: Exception) -> None:
        _log.warning("broker: %s", error)

    tls = tls_context()
    return await nats.connect(
        settings.NATS_URL,
        tls=tls,
        tls_handshake_first=tls is not None,
        name="seatkeep-manager",
        user_credentials=settings.NATS_MANAGER_CREDS or None,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.5,
        error_cb=on_error,
        reconnected_cb=on_reconnect,
    )


def tls_context() -> ssl.SSLContext | None:
    """For a `tls://` address: only the CA of the settings counts (the system's when none is set); else no TLS."""
    if not settings.NATS_URL.startswith("tls://"):
        return None
    return ssl.create_default_context(cafile=settings.NATS_CA or None)


async def streams_ensure(client: Client) -> None:
    """Make the streams and the bucket where they are missing. Idempotent, safe when two processes do it at once.

    Raises:
        BusError: The broker refuses one; the message says why.
    """
    for config in STREAMS.values():
        await _stream_ensure(client, config)


async def _stream_ensure(client: Client, config: dict[str, Any]) -> None:
    answer = await _api(client, f"STREAM.INFO.{config['name']}", {})
    if "error" not in answer:
        return
    answer = await _api(client, f"STREAM.CREATE.{config['name']}", config)
    if "error" in answer:
        raise BusError(f"stream {config['name']}: {answer['error'].get('description')}")
    _log.info("made stream %s", config["name"])


async def _api(client: Client, subject: str, body: dict[str, Any]) -> dict[str, Any]:
    message = await client.request(f"$JS.API.{subject}", json.dumps(body).encode(), timeout=10)
    answer: dict[str, Any] = json.loads(message.data)
    return answer
