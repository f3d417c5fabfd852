"""A patient's browser without JavaScript: it opens a link, reads the page, follows a link, chooses and sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

_BLOCKS = {"h1", "h2", "p", "dt", "dd", "legend", "label", "button", "a"}
_PLAIN = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "’": "'"})
_BY_HAND = {"Sec-Fetch-Site": "same-origin"}  # what a browser says of a form on the same site


@dataclass
class Piece:
    """One piece of a page. `kind`: its element's name. `name`, `value`: of the box in a label; `value`: where a link
    leads; `form`: which form it is in."""

    kind: str
    text: str = ""
    name: str = ""
    value: str = ""
    form: int = -1


@dataclass
class Form:
    """A form: where it is sent, and what it bears unseen."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What stands between `<main>` and `</main>`, in order. `refreshes`: it asks again by itself."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url, self.pieces, self.forms, self.refreshes = url, list[Piece](), list[Form](), False
        self._open: list[Piece] = []
        self._main = self._in_form = False
        self.feed(html)

    @property
    def words(self) -> str:
        """All that is read, with plain spaces and apostrophes."""
        return " ".join(one.text for one in self.pieces)

    @property
    def links(self) -> list[Piece]:
        """What leads elsewhere."""
        return [one for one in self.pieces if one.kind == "a"]

    def group_of(self, value: str) -> list[Piece]:
        """The choices that stand under one heading with that one, and the heading."""
        group: list[Piece] = []
        for one in [*self.pieces, Piece("legend")]:
            if one.kind in {"legend", "button"}:
                if any(each.value == value for each in group):
                    return group
                group = []
            if one.kind == "legend" or one.name:
                group.append(one)
        return []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`HTMLParser`'s."""
        given = {name: value or "" for name, value in attrs}
        self._main |= tag == "main"
        if tag == "meta" and given.get("http-equiv") == "refresh":
            self.refreshes = True
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self._in_form = True
        if tag == "input":
            self._box(given)
        if tag in _BLOCKS and self._main:
            piece = Piece(tag, value=given.get("href", ""), form=len(self.forms) - 1 if self._in_form else -1)
            self.pieces.append(piece)
            self._open.append(piece)

    def handle_endtag(self, tag: str) -> None:
        """`HTMLParser`'s."""
        self._main &= tag != "main"
        self._in_form &= tag != "form"
        if self._open and self._open[-1].kind == tag:
            self._open.pop()
        if tag == "main":
            self.pieces = [one for one in self.pieces if one.text]

    def handle_data(self, data: str) -> None:
        """`HTMLParser`'s."""
        if self._open:
            one = self._open[-1]
            one.text = " ".join(f"{one.text} {data.translate(_PLAIN)}".split())

    def _box(self, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if given.get("type") == "hidden" and self.forms:
            self.forms[-1].hidden[name] = value
        elif self._open and self._open[-1].kind == "label":
            self._open[-1].name, self._open[-1].value = name, value


class Browser:
    """Opens the link of a message. `page`: what is seen now. Raises requests' errors."""

    def __init__(self, link: str) -> None:
        self._session = requests.Session()
        self.page = self._seen(self._session.get(link, timeout=30))

    def follows(self, path: str) -> Page:
        """The link with that path."""
        return self._goes(next(one.value for one in self.page.links if urlsplit(one.value).path == path))

    def later(self) -> Page:
        """From free times to those of the days after."""
        return self._goes(next(one.value for one in self.page.links if one.text == "Plus tard"))

    def _goes(self, href: str) -> Page:
        self.page = self._seen(self._session.get(urljoin(self.page.url, href), timeout=30))
        return self.page

    def chooses(self, value: str) -> Page:
        """Marks that choice, and sends its form."""
        box = next(one for one in self.page.pieces if one.name and one.value == value)
        form = self.page.forms[box.form]
        sent = {**form.hidden, box.name: box.value}
        answer = self._session.post(urljoin(self.page.url, form.action), sent, headers=_BY_HAND, timeout=30)
        self.page = self._seen(answer)
        return self.page

    def again(self) -> Page:
        """The same page now."""
        self.page = self._seen(self._session.get(self.page.url, timeout=30))
        return self.page

    def _seen(self, answer: requests.Response) -> Page:
        answer.raise_for_status()
        answer.encoding = "utf-8"
        return Page(answer.url, answer.text)
