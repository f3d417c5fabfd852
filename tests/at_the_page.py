"""What a patient does with the link in a message, through the values that the pages are made of."""

import re

from msgspec.structs import replace

from adapters.web.patients import Act, LinkTo, Shown, What
from sync.people.desk import PagesOfPatients
from tests.desk import MARIE, SURGERY, Desk

URL = "https://rdv.lilas.example"
ONLINE = replace(SURGERY, page_url=URL)


def secrets(text: str, to: LinkTo = LinkTo.APPOINTMENT) -> list[str]:
    """The secrets of the links in it."""
    return re.findall(rf"{re.escape(URL)}/{to}/([\w-]{{22}})(?![\w-])", text)


class Patient:
    """Whoever has the link: of that text, else of the last SMS to Marie Dupont."""

    def __init__(self, desk: Desk, text: str = "", to: LinkTo = LinkTo.APPOINTMENT) -> None:
        self.desk, self.to, self.woken = desk, to, 0
        self.pages = PagesOfPatients(desk.office.world, self.wakes)
        [self.secret] = secrets(text or desk.sms(MARIE.mobile)[-1], to)

    def wakes(self) -> None:
        self.woken += 1

    def sees(self, part: What | None = None, page: int = 0) -> Shown:
        """The page now."""
        found = self.pages.shown(self.to, self.secret, part, page)
        assert found is not None
        return found

    def does(self, what: What, revision: str = "", **values: str | tuple[str, ...]) -> Shown:
        """One act, and what came of it."""
        given = {name: (value,) if isinstance(value, str) else value for name, value in values.items()}
        found = self.pages.act(self.to, self.secret, Act(what, revision or self.sees().revision, given))
        assert found is not None
        return found

    def finds(self, label: str, day: str = "mardi 1er décembre") -> str:
        """The value of that free time."""
        days = {one.label: one.times for one in self.sees(What.MOVE).days}
        return next(one.value for one in days[day] if one.label == label)

    def moves(self, label: str = "15 h", day: str = "mardi 1er décembre") -> Shown:
        """She chooses that free time."""
        return self.does(What.MOVE, debut=self.finds(label, day))
