"""The pictures of the docs: each page as the real application shows it, on a phone and on a desk.

`ATTITRE_PICTURES=docs/pictures` keeps them; without it they are only taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

from adapters.web.patients import LinkTo
from tests.at_the_page import secrets
from tests.desk import LUC, MARIE, Desk, make_desk
from tests.pages.conftest import served
from tests.pages.memory_desk import NOWHERE
from tests.procedure.waiting import OFFERING

pytestmark = pytest.mark.clients
PHONE, DESK = {"width": 360, "height": 720}, {"width": 1280, "height": 800}
LARGEST = 120_000  # bytes of a picture
LONGEST = 1100  # of a phone's page, its top tells enough


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    named = os.environ.get("ATTITRE_PICTURES")
    return Path(named) if named else tmp_path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie has an appointment and waits for an earlier one; Luc's with another dentist is to be agreed to."""
    desk = make_desk(tmp_path, OFFERING, [MARIE, LUC])
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
    desk.books("MOREAU Luc – contrôle", "Demander l'accord", at="08/12 10:00", dentist="bernard", minutes=20)
    freed = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    freed.deletes()
    desk.waits(minutes=1)
    return desk


@contextmanager
def screen(browser: Browser, size: dict[str, int]) -> Iterator[Page]:
    context = browser.new_context(viewport=size, java_script_enabled=False)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def newest(desk: Desk, to: LinkTo, number: str | None) -> str:
    """The path of the newest link of that kind."""
    assert number
    return f"{to}/{next(found[-1] for text in reversed(desk.sms(number)) if (found := secrets(text, to)))}"


def test_p39_p23_p44_the_pages_are_as_the_docs_show_them(browser: Browser, desk: Desk, folder: Path) -> None:
    visit = newest(desk, LinkTo.APPOINTMENT, MARIE.mobile)
    offer = newest(desk, LinkTo.OFFER, MARIE.mobile)
    question = newest(desk, LinkTo.AGREEMENT, LUC.mobile)
    shots = [
        (PHONE, visit, "", "Votre rendez-vous", "page-rendez-vous"),
        (PHONE, visit, "Changer de date", "Choisissez une autre date", "page-changer"),
        (PHONE, question, "", "Un autre praticien", "page-accord"),
        (PHONE, offer, "", "Un rendez-vous s’est libéré", "page-proposition"),
        (PHONE, f"r/{NOWHERE}", "", "Ce lien ne mène à aucun rendez-vous", "page-lien-inconnu"),
        (DESK, visit, "", "Votre rendez-vous", "page-bureau"),
    ]
    with served(desk) as root:
        for size, path, follows, heading, name in shots:
            with screen(browser, size) as page:
                page.goto(f"{root}/{path}")
                if follows:
                    page.get_by_role("link", name=follows).click()
                expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
                if follows:
                    page.set_viewport_size({"width": size["width"], "height": LONGEST})
                    page.locator('input[name="debut"]').nth(4).check(force=True)
                picture = page.screenshot(path=folder / f"{name}.png", full_page=not follows, clip=_top(page))
                assert len(picture) < LARGEST, name


def _top(page: Page) -> FloatRect:
    """The part of a page that is kept."""
    wide, high = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    return {"x": 0, "y": 0, "width": wide, "height": min(high, LONGEST)}
