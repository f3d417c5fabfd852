"""The patients' pages as people use them: a phone, a desk, large letters, the keyboard alone, no JavaScript.

axe's rules (WCAG 2.2 AA and its best practice) find no violation on any page. One of them, on the one page that waits,
is answered otherwise: a page may refresh itself where the reader can stop it (RGAA 13.1), so that its link is asked for
instead.
"""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from adapters.web.patients import What
from tests.pages.conftest import Site, take
from tests.pages.memory_desk import LATE, NOWHERE, OFFER, QUESTION, RESCUE, TAKEN, VISIT
from tests.pages.screen import DARK, DESK, PHONE, goes, overflow, small, violations

pytestmark = pytest.mark.clients

LOOKS: dict[str, dict[str, Any]] = {
    "telephone": PHONE,
    "telephone-sombre": PHONE | DARK,
    "bureau": DESK,
    "bureau-sombre": DESK | DARK,
    "zoom-200": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},  # 1280 × 800 at 200 %
    "etroit": {"viewport": {"width": 320, "height": 640}},  # 1280 at 400 %, WCAG 1.4.10
    "lettres-200": PHONE,
}
ONLY_SIZES = ("etroit", "lettres-200")
ACTS = ("annuler", "deplacer", "attente", "rappel", "coordonnees", "messages")


@contextmanager
def a_page(browser: Browser, look: str, **options: Any) -> Iterator[Page]:
    context = browser.new_context(**LOOKS[look] | options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    if look == "lettres-200":
        page.add_init_script(_LARGE)
    yield page
    context.close()


def pages(site: Site, page: Page) -> Iterator[str]:
    """Every page there is, one after another, by name."""
    page.goto(site.link(VISIT))
    yield "rendez-vous"
    for act in ACTS:
        page.goto(page.url.replace(urlsplit(page.url).path, f"/r/{act}"))
        yield act
    goes(page, "a.back")
    goes(page, '.acts a[href^="deplacer"]')
    goes(page, "a.later >> nth=0")
    page.check('input[value="1-1-9h30"]', force=True)
    yield "deplacer-choisi"
    site.desk.taken.add("1-1-9h30")
    goes(page, "main button")
    expect(page.get_by_role("status")).to_contain_text("vient d’être prise")
    yield "deplacer-pris"
    for act, name in (("coordonnees", "#email"), ("attente", "#jour")):
        goes(page, f'.acts a[href^="{act}"]')
        if act == "attente":
            page.check('input[value="certains"]')
        else:
            page.fill("#email", "marie@dupont")
        goes(page, "main button")
        expect(page.get_by_role("alert")).to_be_visible()
        assert page.locator(name).get_attribute("aria-describedby")
        yield f"{act}-erreur"
        goes(page, "a.back")
    page.goto(site.link(LATE))
    yield "trop-tard"
    goes(page, '.acts a[href^="rappel"]')
    page.goto(page.url.replace("rappel", "annuler"))
    yield "annuler-trop-tard"
    for name, secret in (("accord", QUESTION), ("proposition", OFFER), ("autres-dates", RESCUE)):
        page.goto(site.link(secret))
        yield name
    page.goto(f"{site.root}/r/{NOWHERE}")
    yield "lien-inconnu"
    page.goto(f"{site.root}/r/")
    yield "lien-a-rouvrir"
    page.goto(site.link(VISIT))
    goes(page, '.acts a[href^="annuler"]')
    page.check('input[value="oui"]')
    goes(page, "main button")
    goes(page, "text=Arrêter la mise à jour")
    yield "attend-arretee"
    site.desk.carry_out()
    page.reload()
    yield "annule"


@pytest.mark.parametrize("look", list(LOOKS))
def test_every_page_is_accessible_and_fits(browser: Browser, site: Site, pictures: Path, look: str) -> None:
    asked: list[str] = []
    said: list[str] = []
    seen = []
    with a_page(browser, look) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        for name in pages(site, page):
            assert overflow(page) <= 0, name
            assert small(page) == [], name
            if look not in ONLY_SIZES:
                take(page, pictures, f"{look}-{name}")
                assert violations(page) == [], name
            assert page.locator("h1").count() == 1, name
            seen.append(name)
    assert len(seen) > 18
    assert not [one for one in asked if not one.startswith(site.root)]  # nothing is loaded from elsewhere
    assert [one for one in said if "Failed to load resource" not in one] == []  # which is how 404, 410, 422 are noted


def test_the_page_that_waits_breaks_only_the_rule_that_its_stop_link_answers(browser: Browser, site: Site) -> None:
    with a_page(browser, "telephone") as page:
        _asks_to_cancel(page, site)
        assert violations(page) == ["meta-refresh"]
        assert small(page) == []
        goes(page, "text=Arrêter la mise à jour")
        assert page.locator("meta[http-equiv]").count() == 0
        assert violations(page) == []


def test_p39_from_a_mail_to_the_cancelled_appointment_without_javascript(
    browser: Browser, site: Site, pictures: Path
) -> None:
    with a_mail(site.link(VISIT)) as mail, a_page(browser, "telephone", java_script_enabled=False) as page:
        asked: list[dict[str, str]] = []
        page.on("request", lambda request: asked.append(request.all_headers()))
        page.route("https://www.openstreetmap.org/**", lambda route: route.fulfill(body="plan"))
        page.goto(mail)
        page.get_by_role("link", name="Voir mon rendez-vous").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Votre rendez-vous")
        assert VISIT not in page.url
        assert "/r/?s=" in page.url  # the strict cookie does not come back along a click in a mail
        page.get_by_role("link", name="Annuler ce rendez-vous").click()
        assert re.search(r"/r/annuler\?n=\w+$", page.url)  # within the pages it does
        page.get_by_role("button", name="Valider").click()
        assert re.search(r"/r/annuler\?", page.url)  # nothing chosen, nothing sent
        assert site.desk.done() == []
        page.get_by_label("Oui, annuler ce rendez-vous").check()
        page.get_by_role("button", name="Valider").click()
        expect(page.get_by_role("status")).to_contain_text("Votre demande est enregistrée")
        take(page, pictures, "telephone-attend")
        site.desk.carry_out()
        expect(page.get_by_role("heading", level=1)).to_have_text("Rendez-vous annulé")  # by itself, within 2 s
        assert site.desk.done() == [What.CANCEL]
        page.get_by_role("link", name="Voir le plan").click()
        page.wait_for_url("https://www.openstreetmap.org/**")
        assert {headers["referer"] for headers in asked if "referer" in headers} <= {mail}


def test_p39_the_secret_is_not_in_the_history(browser: Browser, site: Site) -> None:
    with a_mail(site.link(VISIT)) as mail, a_page(browser, "telephone") as page:
        page.goto(mail)
        page.get_by_role("link", name="Voir mon rendez-vous").click()
        page.get_by_role("link", name="Annuler ce rendez-vous").click()
        session = page.context.new_cdp_session(page)
        entries = [one["url"] for one in session.send("Page.getNavigationHistory")["entries"]]
        assert len(entries) == 4  # a blank page, the mail, the appointment, the cancelling
        assert not [one for one in entries if VISIT in one]
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("Votre rendez-vous")


def test_p39_a_patient_moves_with_the_keyboard_alone(browser: Browser, site: Site) -> None:
    with a_page(browser, "bureau", java_script_enabled=False) as page:
        page.goto(site.link(VISIT))
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Aller au contenu")).to_be_in_viewport()
        _tab_to(page, page.get_by_role("link", name="Changer de date"))
        page.keyboard.press("Enter")
        first = page.locator('input[name="debut"]').first
        _tab_to(page, first)
        page.keyboard.press("Space")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        chosen = page.locator('input[name="debut"]:checked')
        expect(chosen).to_have_value("0-0-11h00")
        _tab_to(page, page.get_by_role("button", name="Déplacer mon rendez-vous"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Votre demande est enregistrée")
    assert site.desk.cards[VISIT].acts[0].values == {"debut": ("0-0-11h00",)}


@pytest.mark.parametrize("look", ["telephone", "bureau-sombre"])
def test_the_focus_is_seen_at_every_stop_and_hidden_by_nothing(browser: Browser, site: Site, look: str) -> None:
    with a_page(browser, look) as page:
        page.goto(site.link(VISIT))
        for act in ("deplacer", "attente", "coordonnees"):
            goes(page, f'.acts a[href^="{act}"]')
            stops = 0
            while stops < 40:
                page.keyboard.press("Tab")
                ring, covered = page.evaluate(_FOCUSED)
                assert ring >= 2, f"{act}: no outline at stop {stops}"
                assert not covered, f"{act}: something lies over stop {stops}"
                stops += 1
                if page.evaluate("document.activeElement === document.body"):
                    break
            assert stops > 5
            goes(page, "a.back")


def test_a_time_taken_meanwhile_is_said_and_the_appointment_stays(browser: Browser, site: Site) -> None:
    with a_page(browser, "telephone", java_script_enabled=False) as page:
        page.goto(site.link(VISIT))
        page.get_by_role("link", name="Changer de date").click()
        page.get_by_role("group", name="mercredi 9 décembre").get_by_label("9 h 30").check()
        site.desk.taken.add("0-1-9h30")
        page.get_by_role("button", name="Déplacer").click()
        expect(page.get_by_role("status")).to_have_text(TAKEN.replace("'", "’").replace(" :", "\u00a0:"))
    assert site.desk.done() == []


# --- what a person looks at ------------------------------------------------------------------------------------------


_LARGE = "addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '200%'; });"
_FOCUSED = """() => {
  const one = document.activeElement;
  const seen = one.matches('.time input') ? one.nextElementSibling : one;
  const style = getComputedStyle(seen);
  const ring = style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth);
  const box = one.getBoundingClientRect();
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const related = !over || one.contains(over) || over.contains(one) || over.closest('label') === one.closest('label');
  return [one === document.body ? 9 : ring, one !== document.body && !related];
}"""


def _tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it is focused."""
    target = wanted.element_handle()
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"no way there by keyboard: {wanted}")


def _asks_to_cancel(page: Page, site: Site) -> None:
    page.goto(site.link(VISIT))
    page.get_by_role("link", name="Annuler ce rendez-vous").click()
    page.get_by_label("Oui, annuler ce rendez-vous").check()
    page.get_by_role("button", name="Valider").click()


@contextmanager
def a_mail(link: str) -> Iterator[str]:
    """The address of a webmail of another site, with the link in a message."""
    words = f'<!doctype html><html lang="fr"><title>Courriel</title><a href="{link}">Voir mon rendez-vous</a></html>'

    class Webmail(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, *_words: object) -> None: ...

    class Server(socketserver.ThreadingMixIn, HTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Webmail) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"  # another site than 127.0.0.1
        server.shutdown()
        thread.join()
