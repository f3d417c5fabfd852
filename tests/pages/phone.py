"""A patient's browser over HTTP, and the pages it is on: served on loopback, by a clock that tests turn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from adapters.web import patient_pages
from adapters.web.limits import Guesses
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from adapters.web.sessions import Sessions
from adapters.web.views import french
from tests.adapters.test_web import Practice
from tests.pages.memory_desk import MemoryDesk

SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Form(HTMLParser):
    """One form of a page, as a browser reads it."""

    page: str
    action: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str, str]] = field(default_factory=list)  # type, name, value

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = told["action"]
        elif tag == "input" and told["type"] == "hidden":
            self.hidden[told["name"]] = told["value"]
        elif tag == "input":
            assert "checked" not in told, "a choice must be made by hand"
            self.choices.append((told["type"], told["name"], told["value"]))


@dataclass
class Phone:
    """A patient's browser: cookies, the page it is on, what it sends with a form."""

    root: str
    session: requests.Session = field(default_factory=requests.Session)
    now: requests.Response = field(default_factory=requests.Response)
    cookies: bool = True

    def opens(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        return self.asks("GET", urljoin(self.now.url or self.root, path), headers=headers)

    def asks(self, method: str, where: str, **options: Any) -> requests.Response:
        """Ask, and follow redirects as a browser does."""
        while True:
            if not self.cookies:
                self.session.cookies.clear()
            self.now = self.session.request(method, where, allow_redirects=False, timeout=10, **options)
            if self.now.status_code != 303:
                return self.now
            method, where = "GET", urljoin(where, self.now.headers["Location"])
            options.pop("data", None)

    def follows(self, words: str) -> requests.Response:
        links = dict(re.findall(r'<a [^>]*href="([^"]+)"[^>]*>([^<]+)</a>', self.now.text))
        [target] = [one for one, text in links.items() if words in text]
        return self.opens(target.replace("&amp;", "&"))

    def sends(self, headers: dict[str, str] | None = None, **values: object) -> requests.Response:
        form = Form(self.now.text)
        data = form.hidden | values
        where = urljoin(self.now.url, form.action)
        return self.asks("POST", where, data=data, headers=SAME if headers is None else headers)

    def says(self) -> str:
        """The words of the page."""
        main = self.now.text.partition("<main")[2]
        return " ".join(re.sub(r"<[^>]+>", " ", main).replace("&nbsp;", " ").replace("\u202f", " ").split())


@dataclass
class Clock:
    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Site:
    """The listener on loopback, and what stands behind it."""

    desk: MemoryDesk
    practice: Practice
    root: str
    clock: Clock

    def phone(self) -> Phone:
        return Phone(self.root)

    def opened(self, secret: str) -> Phone:
        phone = self.phone()
        assert phone.opens(self.link(secret)).status_code == 200
        return phone

    def link(self, secret: str) -> str:
        return f"/{self.desk.cards[secret].to}/{secret}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(patient_pages, "Sessions", lambda seal: Sessions(seal, clock))
    monkeypatch.setattr(patient_pages, "Guesses", lambda: Guesses(clock))
    return clock


@pytest.fixture
def site(clock: Clock) -> Iterator[Site]:
    desk, practice = MemoryDesk.full(), Practice()
    with bound("127.0.0.1:0") as door, serving(door, application([practice], [desk])):
        yield Site(desk, practice, f"http://127.0.0.1:{door.getsockname()[1]}", clock)
    assert practice.faults == []


def words(text: str) -> str:
    """As `Phone.says` reads it."""
    return french(text).replace("\u00a0", " ").replace("\u202f", " ")
