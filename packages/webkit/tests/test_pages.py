"""The shell: sign-in, headers, errors, preferences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import seatkeep_webkit
from django.test import Client
from seatkeep_webkit.testing.models import Person

ROOT = Path(seatkeep_webkit.__file__).parent


def test_health_answers_for_any_host(db: None) -> None:
    response = Client().get("/healthz", headers={"host": "whatever"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_every_answer_has_a_strict_policy(db: None) -> None:
    headers = Client().get("/accounts/login/").headers
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")


@pytest.mark.parametrize("path", ["/me/", "/accounts/2fa/", "/accounts/password/change/"])
def test_attack_anonymous_visitor_is_sent_to_sign_in(db: None, path: str) -> None:
    response = Client().get(path)
    assert (response.status_code, response["Location"].startswith("/accounts/login/")) == (302, True)


def test_attack_anonymous_htmx_request_is_sent_to_sign_in(db: None) -> None:
    assert Client().get("/me/", headers={"HX-Request": "true"})["HX-Redirect"].startswith("/accounts/login/")


def test_sign_in_by_password(alice: Person) -> None:
    client = Client()
    wrong = client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    right = client.post("/accounts/login/", {"login": "Alice@Example.com", "password": "correct horse battery"})
    assert (wrong.status_code, right.status_code) == (200, 302)


def test_attack_guessing_a_password_is_slowed_down(alice: Person) -> None:
    client = Client()
    answers = [
        client.post("/accounts/login/", {"login": alice.email, "password": f"guess {at}"}).status_code
        for at in range(12)
    ]
    assert answers[:5] == [200] * 5
    assert answers[-1] == 429 or "Too many" in client.get("/accounts/login/").content.decode()


def test_attack_self_registration_is_closed(db: None) -> None:
    Client().post("/accounts/signup/", {"email": "m@example.com", "password1": "correct horse battery"})
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    "path", ["/me/", "/accounts/2fa/", "/accounts/password/change/", "/accounts/2fa/totp/activate/"]
)
def test_own_pages_show(page: Client, alice: Person, path: str) -> None:
    page.post("/accounts/login/", {"login": alice.email, "password": "correct horse battery"})
    response = page.get(path, follow=True)
    assert response.status_code == 200
    assert "webkit.css" in response.content.decode()


def test_preferences_are_saved_and_garbage_is_shown_at_its_field(page: Client, alice: Person) -> None:
    good = {"name": "Al", "language": "", "time_zone": "Europe/Berlin", "theme": "dark"}
    assert page.post("/me/", good).status_code == 302
    refused = page.post("/me/", {**good, "time_zone": "Moon/Base"})
    assert (refused.status_code, "not a time zone" in refused.content.decode()) == (422, True)
    alice.refresh_from_db()
    assert (alice.time_zone, alice.theme) == ("Europe/Berlin", "dark")


def test_the_theme_is_drawn_by_the_server(page: Client) -> None:
    page.post("/me/theme/", {"theme": "dark"})
    assert 'data-bs-theme="dark"' in page.get("/me/").content.decode()
    assert page.post("/me/theme/", {"theme": "pink"}).status_code == 422


def test_attack_open_redirect_after_theme_leads_home(page: Client) -> None:
    answer = page.post("/me/theme/", {"theme": "dark", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("status", [403, 404, 409, 410, 429, 503])
def test_an_app_error_is_a_page_with_its_status(db: None, status: int) -> None:
    path = f"/webkit/styleguide/errors/{status}/"
    response = Client().get(path)
    assert (response.status_code, "<html" in response.content.decode()) == (status, True)
    asked_json = Client().get(path, headers={"accept": "application/json"})
    assert (asked_json.status_code, asked_json["Content-Type"]) == (status, "application/problem+json")


def test_the_title_of_the_tab_is_the_title_of_the_page(db: None) -> None:
    assert "<title>Components · Console</title>" in Client().get("/webkit/styleguide/").content.decode()


def test_attack_script_in_a_chart_stays_data(db: None) -> None:
    from django.template import Context, Template

    data = {"labels": ["</script><script>alert(1)</script>"], "series": []}
    html = Template("{% load webkit %}{% chart data %}").render(Context({"data": data}))
    assert "<script>alert" not in html


def test_no_template_has_inline_script_or_style() -> None:
    inline = re.compile(r"<script(?![^>]*(src=|type=\"application/json\"))|<style|\sstyle=|\son[a-z]+=\"")
    guilty = [path.name for path in ROOT.rglob("*.html") if inline.search(path.read_text())]
    assert guilty == []


def test_every_icon_that_is_drawn_is_in_the_sprite() -> None:
    names = set((ROOT.parents[2] / "ui" / "icons.txt").read_text().split())
    used = {name for path in ROOT.rglob("*.html") for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())}
    assert used <= names
