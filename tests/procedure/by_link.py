"""The patient's side of a question by link: the link in a message, the page, the click (P23)."""

import re

from adapters.web.patients import Act, Shown, What
from sync.people import agreement_page
from sync.store import links
from sync.store.links import LinkKind, LinkRow
from tests.desk import Desk


def link_in(text: str) -> str:
    """The secret in that text."""
    found = re.search(r"https://rdv\.lilas\.example/a/([\w-]{22})\b", text)
    assert found, text
    return found[1]


def link(desk: Desk, text: str = "") -> LinkRow:
    """The link of that message, or of the last question."""
    text = text or [one for one in desk.sms() if "/a/" in one][-1]
    with desk.office.world.store.read() as tx:
        found = links.find(tx, LinkKind.AGREEMENT, link_in(text))
    assert found is not None
    return found


def page(desk: Desk, which: LinkRow | None = None) -> Shown:
    """What the patient sees now."""
    found = agreement_page.shown(desk.office.world, which or link(desk))
    assert found is not None
    return found


def clicks(desk: Desk, what: What, which: LinkRow | None = None, *, seen: Shown | None = None) -> Shown:
    """The patient chooses on the page that they see, or that they saw before; a pass later it has its effect."""
    mine = which or link(desk)
    revision = (seen or page(desk, mine)).revision
    found = agreement_page.act(desk.office.world, mine, Act(what, revision))
    assert found is not None
    desk.office.passes()
    return found
