"""What every scene does: open and close it, type, read, wait for what comes."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests

from demo import sample, script
from demo.secretary import E, Event, Screen, Secretary, Shown
from demo.show import Show
from demo.stage import Stage
from rules.text.french import day_and_clock

MARTIN, BERNARD, PETIT = "Dr Martin", "Dr Bernard", "Dr Petit"
_OVERTAKEN = HTTPStatus.PRECONDITION_FAILED


class Acting:
    """The stage and its telling. `lasting`: the folder stays a while."""

    def __init__(self, stage: Stage, show: Show, *, lasting: bool) -> None:
        self.stage, self.show, self.lasting = stage, show, lasting
        self.martin, self.petit = stage.secretaries["martin"], stage.secretaries["petit"]
        self.first = sample.at(stage.days.tuesday, 9, 30)
        self.second = sample.at(stage.days.thursday, 11)

    def opens(self, scene: script.Scene, **words: object) -> None:
        """The scene's title, text and quote."""
        moments = {"before": day_and_clock(self.first), "after": day_and_clock(self.second)}
        self.show.opens(scene, scene.text.format(**moments, **words))

    def edits(self, who: Secretary, event: Event, where: str, old: str, new: str) -> None:
        """She replaces a piece of an event."""
        self.show.changes("Elle modifie", where, old, new)
        unless_overtaken(lambda: who.writes(event, old, new))

    def reads(self, who: Screen[E], event: E, where: str, expected: str, test: Callable[[E], bool]) -> None:
        """The event as she finds it, once it looks as expected."""
        with self.show.waiting("attitre lit l'agenda…"):
            now = self.stage.sees(who, event, expected, test)
        self.show.reads(where, now)

    def told(self, expected: str, mobile: str, email: str) -> None:
        """The SMS and the letter that this patient receives now."""
        with self.show.waiting("attitre écrit au patient…"):
            sms, mail = self.stage.told(expected, mobile, email)
        self.show.sms(sms)
        self.show.mail(mail, self.stage.keep_html(mail) if self.lasting else None)

    def awaits(self, expected: str, probe: Callable[[], Any], otherwise: str) -> Any:
        """What `probe` finds."""
        with self.show.waiting("attitre lit l'agenda…"):
            return self.stage.until(expected, probe, lambda: otherwise)


def refused(*words: str) -> Callable[[Shown], bool]:
    """A "⚠" and these words in the block."""
    return lambda now: now.title.startswith("⚠") and all(word in now.block for word in words)


def noted(kind: str) -> Callable[[Shown], bool]:
    """A "✓", and both messages of that kind in the block."""
    return lambda now: now.title.startswith("✓") and now.block.count(f"{kind} envoyé") == 2


def unless_overtaken(change: Callable[[], object]) -> None:
    """Do it, again where attitre wrote into the event between her reading and her writing: her client does the same."""
    for _ in range(5):
        try:
            change()
        except requests.HTTPError as error:
            if error.response.status_code != _OVERTAKEN:
                raise
        else:
            return
    change()
