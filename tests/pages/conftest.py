"""The patients' pages in Debian's Chromium, served on loopback by the real listener over a practice in memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from adapters.web.listener import bound, serving
from adapters.web.pages import application
from sync.people.desk import PagesOfPatients
from tests.adapters.test_web import Practice
from tests.desk import Desk
from tests.pages.memory_desk import MemoryDesk

CHROMIUM = shutil.which("chromium")


@dataclass(frozen=True)
class Site:
    """The pages of one practice at one address."""

    desk: MemoryDesk
    root: str
    faults: list[Exception]

    def link(self, secret: str) -> str:
        """The address that a message bears."""
        return f"{self.root}/{self.desk.cards[secret].to}/{secret}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    if CHROMIUM is None:
        pytest.skip("Chromium manque (Debian : apt-get install chromium) : les pages n'y sont pas essayées.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    practice, desk = Practice(), MemoryDesk.full()
    with bound("127.0.0.1:0") as door, serving(door, application([practice], [desk]), practice.fault):
        yield Site(desk, f"http://127.0.0.1:{door.getsockname()[1]}", practice.faults)
    assert practice.faults == []


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """The real pages over this desk."""
    practice = Practice()
    pages = PagesOfPatients(desk.office.world, lambda: None)
    with bound("127.0.0.1:0") as door, serving(door, application([practice], [pages]), practice.fault):
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    assert practice.faults == []


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept: a folder named by `ATTITRE_PICTURES`, else that of the tests."""
    named = os.environ.get("ATTITRE_PICTURES")
    folder = Path(named) / "pages" if named else tmp_path_factory.mktemp("pages")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def take(page: Page, folder: Path, name: str) -> None:
    """Keep a picture of the whole page."""
    page.screenshot(path=folder / f"{name}.png", full_page=True)
