"""Scenes 12 to 14: what patients do with the links in their messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from demo import sample, script
from demo.acting import MARTIN, Acting, noted, refused, unless_overtaken
from demo.browser import Browser, Page, Piece
from demo.sample import Known
from demo.secretary import Event
from demo.show import when
from rules.text.french import day_and_clock

CLAUDE = ("+33612345706", "claude.roy@exemple.fr")
LUCE = ("+33612345705", "luce.picard@exemple.fr")
_ASKED, _WAITS = "Demander l'accord", "Liste d'attente"
_PAGES = 18  # of free times, at most


class ByLink(Acting):
    """Plays the patients' scenes, once the others were played."""

    def play(self, claude: Event, luce: Event) -> None:
        """All of them, with the events of two appointments. Raises Missed where an effect does not come."""
        self.moved(claude)
        self.consent()
        self.freed(luce)

    def moved(self, event: Event) -> None:
        """12: by the patient."""
        self.opens(script.MOVED_BY_LINK)
        start = sample.at(self.stage.days.tuesday, 16)
        browser = self._opened("Claude Roy", CLAUDE[0], "r")
        self.show.says(script.FREE_TIMES)
        value = sample.in_a_form(start)
        self.show.page("Claude Roy choisit", _lines(self._offering(browser, value).group_of(value), value))
        browser.chooses(value)
        self.show.says(script.DONE)
        self._answered(browser, "Claude Roy", "la page dit que c'est fait", "C'est fait")
        self.receives("un SMS et un e-mail de modification", *CLAUDE)
        where = when(MARTIN, start, 20)
        self.reads(self.martin, event, where, "les deux envois notés", noted("de modification"))
        self.show.closes(script.MOVED_BY_LINK.ending)

    def consent(self) -> None:
        """13: another dentist, asked and accepted by link."""
        self.opens(script.CONSENT_BY_LINK)
        title, start, patient = f"{sample.NADIA.name} – contrôle", sample.at(self.stage.days.thursday, 10), sample.NADIA
        where = when(MARTIN, start, 20)
        self.show.typed(where, title, _ASKED)
        event = self.martin.books(title, start, 20, _ASKED)
        self.receives("un SMS et un e-mail qui posent la question", patient.mobile, patient.email)
        self.reads(self.martin, event, where, "un « ⚠ », l'accord demandé", refused("pas encore de réponse"))
        self.show.says(script.ASKED)
        browser = self._opened("Nadia Simon", patient.mobile, "a")
        browser.chooses("accepter")
        self._answered(browser, "Nadia Simon", "la page dit qui la reçoit", "Vous serez reçu(e)")
        self.receives("un SMS et un e-mail de confirmation", patient.mobile, patient.email)
        agreed = lambda now: "Accord du patient par lien" in now.block and noted("de confirmation")(now)  # noqa: E731
        self.reads(self.martin, event, where, "un « ✓ », l'accord noté", agreed)
        self.show.closes(script.CONSENT_BY_LINK.ending)

    # --- 14: a freed slot --------------------------------------------------------------------------------------------

    def freed(self, luce: Event) -> None:
        """Offered to the first, given to the second of three."""
        later, freed = self.stage.days.later, sample.at(self.stage.days.tuesday, 17)
        self.opens(script.FREED_SLOT, later=day_and_clock(sample.at(later, 10)).partition(" à ")[0])
        nora, louis, _ = sample.WAITING
        events = [self._waits(one, number) for number, one in enumerate(sample.WAITING)]
        self.show.says(script.FREES.format(freed=day_and_clock(freed)))
        self.show.changes("Elle supprime", when(MARTIN, freed, 45), self.martin.sees(luce).title)
        unless_overtaken(lambda: self.martin.deletes(luce))
        self._offered(nora, LUCE)
        self.show.says(script.REFUSES)
        browser = self._opened("Nora Vidal", nora.mobile, "o")
        browser.chooses("refuser")
        self._answered(browser, "Nora Vidal", "la page dit que la place est gardée", "vous gardez votre place")
        self.show.says(script.SECOND)
        self._offered(louis)
        browser = self._opened("Louis Perrin", louis.mobile, "o")
        browser.chooses("accepter")
        self._answered(browser, "Louis Perrin", "la page dit que l'heure est à lui", "est à vous")
        self.receives("un SMS et un e-mail de modification", louis.mobile, louis.email)
        where = when(MARTIN, freed, 30)
        self.reads(self.martin, events[1], where, "les deux envois notés", noted("de modification"))
        self._listed()
        self.show.closes(script.FREED_SLOT.ending.format(days=(later - freed.date()).days))

    def _waits(self, who: Known, number: int) -> Event:
        """She puts an appointment onto the list; its confirmation is like any other."""
        title, start = f"{who.name} – détartrage", sample.at(self.stage.days.later, 10 + number)
        where = when(MARTIN, start, 30)
        self.show.typed(where, title, _WAITS)
        event = self.martin.books(title, start, 30, _WAITS)
        with self.show.waiting("attitre lit l'agenda…"):
            self.stage.told("un SMS et un e-mail de confirmation", who.mobile, who.email)
            now = self.stage.sees(self.martin, event, "les deux envois notés", noted("de confirmation"))
        if who is sample.WAITING[-1]:
            self.show.reads(where, now)
        return event

    def _offered(self, who: Known, *others: tuple[str, str]) -> None:
        """The freed hour, in a text and in her calendar."""
        with self.show.waiting("attitre propose le créneau…"):
            told = self.stage.told_each("la proposition par SMS et e-mail", *others, (who.mobile, who.email))
        for sms, _ in told:
            self.show.sms(sms)
        if others:
            self.show.says(script.OFFERED)
        start = sample.at(self.stage.days.tuesday, 17)
        self.show.reads(when(MARTIN, start, 30), self.awaits("la proposition dans l'agenda", self._proposal, "aucune"))

    def _proposal(self) -> Event | None:
        return next((one for one in self.martin.everything() if one.title.startswith("Proposé")), None)

    def _listed(self) -> None:
        gone: Callable[[], bool] = lambda: self._proposal() is None  # noqa: E731
        self.awaits("la proposition retirée de l'agenda", gone, "elle y est encore")
        self.stage.silent("aucun autre message")
        self.show.says(script.LISTED)
        self.show.verbatim(f"$ attitre waiting\n{self.stage.command('waiting').stdout.rstrip()}")

    # --- a patient at the page ---------------------------------------------------------------------------------------

    def receives(self, expected: str, mobile: str, email: str) -> None:
        """The SMS and the letter that this patient receives now. Letters were shown before: the text alone is told."""
        with self.show.waiting("attitre écrit au patient…"):
            sms, mail = self.stage.told(expected, mobile, email)
        self.show.sms(sms)
        self.show.says(script.LETTER.format(subject=mail["Subject"]), "dim")

    def _opened(self, who: str, mobile: str, to: str) -> Browser:
        """The link in the patient's last text with one, opened."""
        link = self.awaits("un lien dans le SMS", lambda: self.stage.link(mobile, to) or None, "aucun lien")
        browser = Browser(link)
        self.show.page(f"{who} ouvre · {link}", _lines(browser.page.pieces))
        return browser

    def _offering(self, browser: Browser, value: str) -> Page:
        """The page of free times on which that one stands."""
        page = browser.follows("deplacer")
        for _ in range(_PAGES):
            if page.group_of(value):
                break
            page = browser.later()
        return page

    def _answered(self, browser: Browser, who: str, expected: str, words: str) -> None:
        """What the page says in the end; it asks again by itself until then."""
        done = lambda: words in browser.again().words and not browser.page.refreshes  # noqa: E731
        if words not in browser.page.words or browser.page.refreshes:
            self.awaits(expected, done, browser.page.words)
        self.show.page(f"{who} lit", _lines(browser.page.pieces))


def _lines(pieces: Sequence[Piece], marked: str = "") -> Iterator[tuple[str, str]]:
    """The page line by line: a label with its value, the hours of a day in one line, only what is marked there."""
    times = [one for one in pieces if one.name == "debut"]
    for number, one in enumerate(pieces):
        if one.kind == "dt":
            value = next((each.text for each in pieces[number + 1 :] if each.kind == "dd"), "")
            yield "dt", f"{one.text} : {value}"
        elif one.name == "debut":
            if one is times[0]:
                yield "", " · ".join(each.text for each in times)
            if one.value == marked:
                yield "marked", one.text
        elif one.kind != "dd":
            yield one.kind, one.text
