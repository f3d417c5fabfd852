"""Draws the patients' pages from what the application shows: templates, the one style, the headers they need."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from msgspec import Struct, field
from starlette.responses import HTMLResponse, Response

from adapters.web.forms import LONGEST, Fields
from adapters.web.patients import House, LinkTo, Shown, What
from adapters.web.sessions import LIFE_S
from adapters.web.words import ANSWERS, DAYS, HALVES, MESSAGES, ROWS, WORDS

if TYPE_CHECKING:
    from jinja2 import Environment

TURNS = 15  # of a page that waits, one in two seconds
STILL = TURNS + 1  # the turn of a page that was asked to stand still
_NOT_NOW = "Ce n'est pas possible en ce moment. Appelez le cabinet."
_TYPOGRAPHY = (
    (re.compile(r" (?=[?!;»])|(?<=«) "), "\u202f"),
    (re.compile(r" (?=:)|(?<=\d) (?=h\b|min)|(?<=\d h) (?=\d)|(?<=\d\d) (?=\d\d\b)"), "\u00a0"),
    (re.compile(r"(?<=\w)'(?=\w)"), "\u2019"),
)


class Asked(Struct, frozen=True):
    """What a page is drawn with besides what the application shows.

    `bears`: name and value that stand for the visit in addresses and forms; `token`: of the form on this page; `said`:
    what came of the last act; `number`: which page of free times, or how often a page that waits was asked for;
    `typed` and `mistakes`: what the form had, and what was wrong with it.
    """

    bears: tuple[str, str]
    token: str
    said: str = ""
    number: int = 0
    typed: Fields = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        return "?" + "=".join(self.bears)


class View(Struct, frozen=True):
    """A page ready for its template. `rows`: the heading above the appointment's."""

    shown: Shown
    asked: Asked
    said: tuple[str, ...]
    links: tuple[tuple[What, str], ...]
    why_not: tuple[str, ...] = ()
    answers: tuple[tuple[What, str], ...] = ()
    again: str = ""
    still: str = ""
    here: str = ""
    late: bool = False
    what: What | None = None
    heading: str = ""
    yes: str = ""
    rows: str = ""


def first(house: House, to: LinkTo, shown: Shown, asked: Asked) -> Response:
    """The first page of a link."""
    answers = _answers(to, shown)
    elsewhere = {what for what, _ in answers} | ({What.MOVE} if shown.days and What.MOVE not in shown.labels else set())
    here = f"./{asked.query}"
    view = View(
        shown, asked, _said(shown, asked),
        links=tuple((what, _label(shown, what)) for what in shown.may if what not in elsewhere),
        why_not=tuple(text for what, text in shown.why_not.items() if what not in shown.may), answers=answers,
        again=f"{here}&tour={asked.number + 1}" if shown.pending and asked.number < TURNS else "",
        still=f"{here}&tour={STILL}", here=here, late=asked.number == TURNS,
        rows=ROWS[to] if to is not LinkTo.APPOINTMENT or shown.days else "",
    )  # fmt: skip
    return _page("first.html.j2", 422 if asked.mistakes else 200, house=house, page=view, mistakes=asked.mistakes)


def act(house: House, what: What, shown: Shown, asked: Asked) -> Response:
    """The page of one act: its form, or why it cannot be done."""
    instead = (What.WAIT, What.CALL) if what is What.MOVE else ()
    view = View(
        shown, asked, _said(shown, asked), what=what, yes=shown.labels.get(what, WORDS[what].yes),
        links=tuple((other, _label(shown, other)) for other in shown.may if other in instead),
        why_not=() if what in shown.may else (shown.why_not.get(what, _NOT_NOW),),
        heading=WORDS[what].question if what is What.MOVE else WORDS[what].link,
    )  # fmt: skip
    return _page("act.html.j2", 422 if asked.mistakes else 200, house=house, page=view, mistakes=asked.mistakes)


def plain(house: House | None, status: int, title: str, text: Sequence[str]) -> Response:
    """A page that only says something."""
    return _page("plain.html.j2", status, house=house, title=title, text=text)


def _page(name: str, status: int, **values: object) -> Response:
    page = _templates().get_template(name).render(minutes=LIFE_S // 60, **values)
    return HTMLResponse(page, status, _headers())


def _answers(to: LinkTo, shown: Shown) -> tuple[tuple[What, str], ...]:
    if to is LinkTo.APPOINTMENT:
        return ()
    return tuple((what, shown.labels.get(what, ANSWERS[what])) for what in shown.may if what in ANSWERS)


def _label(shown: Shown, what: What) -> str:
    return shown.labels.get(what, WORDS[what].link)


def _said(shown: Shown, asked: Asked) -> tuple[str, ...]:
    """A refusal that the application no longer knows of comes before what it says now; while the act is carried out,
    only that counts."""
    told: Iterable[str] = (shown.news,) if shown.pending else (asked.said, shown.news)
    return tuple(dict.fromkeys(text for text in told if text))


def french(text: str) -> str:
    """The same text, with the apostrophes and the spaces that do not break of French typography."""
    for pattern, instead in _TYPOGRAPHY:
        text = pattern.sub(instead, text)
    return text


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("adapters.web", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters["fr"] = french
    made.globals.update(
        style=_style(), house=None, page=None, mistakes={}, words_of=WORDS, days_of=DAYS, halves=HALVES,
        messages=MESSAGES, longest=LONGEST,
    )  # fmt: skip
    return made


@lru_cache(maxsize=1)
def _style() -> str:
    return resources.files("adapters.web").joinpath("templates/style.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _headers() -> dict[str, str]:
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; "
            "base-uri 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Robots-Tag": "noindex, nofollow",
    }
