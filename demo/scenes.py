"""The first eleven scenes: what the secretary does, what she then reads in her calendar, what her patient receives."""

from __future__ import annotations

from email.message import EmailMessage

from demo import sample, script
from demo.acting import BERNARD, MARTIN, PETIT, Acting, noted, refused, unless_overtaken
from demo.by_link import CLAUDE, ByLink
from demo.secretary import Event
from demo.show import when
from rules.text.french import day_and_clock

MARIE = ("+33612345678", "marie.dupont@gmail.com")
JEAN = ("+33612345702", "jean.leroy@exemple.fr")
_SLIP, _RIGHT = "marie.dupont@gmial.com", "marie.dupont@gmail.com, 06 12 34 56 78"
_MARIE_TEXT = f"NP, ddn 12/05/81, {_SLIP}, 5 rue Haxo 75020 Paris, Dr Martin"
_COMMENT, _AGREED = "Commentaire : préfère l'après-midi", "Accord patient : oui (tél.)"
_NOTICE = "annulations retenues"


class Story(Acting):
    """Plays the scenes in their order, on a stage that is set up and at work."""

    def play(self) -> None:
        """All of it. Raises Missed where an effect does not come."""
        marie = self.refused()
        self.corrected(marie)
        self.moved(marie)
        self.back(self.other_dentist())
        self.no_preference()
        luce = self.duration()
        self.cancelled(marie)
        claude = self.absent()
        self.blocked()
        self.brake()
        ByLink(self.stage, self.show, lasting=self.lasting).play(claude, luce)

    def refused(self) -> Event:
        """1: no mobile, a slip in the e-mail."""
        self.opens(script.REFUSED)
        title, where = "DUPONT Marie détart 1ère cs", when(MARTIN, self.first, 45)
        self.show.typed(where, title, _MARIE_TEXT)
        event = self.martin.books(title, self.first, 45, _MARIE_TEXT)
        self.reads(
            self.martin, event, where, "un « ⚠ » et deux corrections demandées", refused("Mobile manquant", "gmial")
        )
        self.stage.silent("aucun message")
        self.show.closes(script.REFUSED.ending)
        return event

    def corrected(self, event: Event) -> None:
        """2: complete, so the confirmation goes."""
        self.opens(script.CORRECTED)
        where = when(MARTIN, self.first, 45)
        self.edits(self.martin, event, where, _SLIP, _RIGHT)
        self.told("un SMS et un e-mail de confirmation", *MARIE)
        self.reads(self.martin, event, where, "un « ✓ » et les deux envois notés", noted("de confirmation"))
        self.show.closes(script.CORRECTED.ending)

    def moved(self, event: Event) -> None:
        """3: dragged to another day."""
        self.opens(script.MOVED)
        was, will = day_and_clock(self.first), day_and_clock(self.second)
        self.show.changes("Elle déplace", f"{MARTIN} · DUPONT Marie", was, will)
        unless_overtaken(lambda: self.martin.moves(event, self.second, 45))
        self.told("un SMS et un e-mail de modification", *MARIE)
        where = when(MARTIN, self.second, 45)
        self.reads(self.martin, event, where, "les deux envois notés", noted("de modification"))
        self.show.closes(script.MOVED.ending)

    def other_dentist(self) -> Event:
        """4: refused, then agreed."""
        self.opens(script.OTHER_DENTIST)
        start = sample.at(self.stage.days.tuesday, 15)
        title, where = "Leroy Jean ctrl", when(MARTIN, start, 20)
        self.show.typed(where, title, _COMMENT)
        event = self.martin.books(title, start, 20, _COMMENT)
        self.reads(self.martin, event, where, "un « ⚠ » et l'accord demandé", refused("Accord patient"))
        self.stage.silent("aucun message")
        self.show.says(script.AGREED)
        self.edits(self.martin, event, where, _COMMENT, f"{_AGREED}\n{_COMMENT}")
        self.told("un SMS et un e-mail de confirmation", *JEAN)
        self.reads(self.martin, event, where, "un « ✓ » et les deux envois notés", noted("de confirmation"))
        self.show.closes(script.OTHER_DENTIST.ending)
        return event

    def back(self, event: Event) -> None:
        """5: out of one calendar, into another of another kind."""
        self.opens(script.BACK)
        title, start = "Leroy Jean ctrl", sample.at(self.stage.days.tuesday, 15)
        self.show.changes("Elle supprime", when(MARTIN, start, 20), self.martin.sees(event).title)
        unless_overtaken(lambda: self.martin.deletes(event))
        where = when(BERNARD, start, 20)
        self.show.typed(where, title, _COMMENT)
        there = self.stage.web.books(title, start, 20, _COMMENT)
        self.told("un SMS et un e-mail de modification", *JEAN)
        self.reads(self.stage.web, there, where, "un « ✓ » chez Google", noted("de modification"))
        self.show.closes(script.BACK.ending)

    def no_preference(self) -> None:
        """6: the dentist who takes him first follows him, and he learns it."""
        self.opens(script.NO_PREFERENCE)
        title, start = "MARCHAND Paul - ctrl", sample.at(self.stage.days.thursday, 12)
        where, text = when(MARTIN, start, 20), _new("ss préf", 4, "paul.marchand@exemple.fr")
        self.show.typed(where, title, text)
        event = self.martin.books(title, start, 20, text)
        self.told("un SMS et un e-mail de confirmation", "+33612345704", "paul.marchand@exemple.fr")
        follows = lambda now: "sera suivi" in now.block and noted("de confirmation")(now)  # noqa: E731
        self.reads(self.martin, event, where, "qui suivra le patient", follows)
        self.show.closes(script.NO_PREFERENCE.ending)

    def duration(self) -> Event:
        """7: the length that the motif asks for."""
        self.opens(script.DURATION)
        title, start = "PICARD Luce / nettoyage, 1ère consult", sample.at(self.stage.days.tuesday, 17)
        text = _new("dr martin", 5, "luce.picard@exemple.fr")
        self.show.typed(when(MARTIN, start, 30), title, text)
        event = self.martin.books(title, start, 30, text)
        self.told("un SMS et un e-mail de confirmation", "+33612345705", "luce.picard@exemple.fr")
        longer = lambda now: now.minutes == 45 and noted("de confirmation")(now)  # noqa: E731
        self.reads(self.martin, event, when(MARTIN, start, 45), "45 minutes dans l'agenda", longer)
        self.show.closes(script.DURATION.ending)
        return event

    def cancelled(self, event: Event) -> None:
        """8: deleted from the calendar."""
        self.opens(script.CANCELLED)
        self.show.changes("Elle supprime", when(MARTIN, self.second, 45), self.martin.sees(event).title)
        unless_overtaken(lambda: self.martin.deletes(event))
        self.told("un SMS et un e-mail d'annulation", *MARIE)
        self.show.closes(script.CANCELLED.ending)

    def absent(self) -> Event:
        """9: she writes who did not come, and reads it on the next appointment."""
        self.opens(script.ABSENT)
        title, typed = sample.PAST_TITLE, sample.PAST_TEXT
        event = next(one for one in self.martin.everything() if one.title == title)
        where = when(MARTIN, sample.past_visit(self.stage.days), 20)
        self.edits(self.martin, event, where, typed, f"Pas venu\n{typed}")
        self.reads(self.martin, event, where, "l'absence notée", lambda now: "Absence non excusée notée" in now.block)
        self.stage.silent("aucun message")
        self.show.says(script.NEXT_VISIT)
        start = sample.at(self.stage.days.thursday, 10, 30)
        where = when(MARTIN, start, 20)
        self.show.typed(where, title)
        again = self.martin.books(title, start, 20)
        self.told("un SMS et un e-mail de confirmation", *CLAUDE)
        remarked = lambda now: "Déjà 1 absence non excusée" in now.block and noted("de confirmation")(now)  # noqa: E731
        self.reads(self.martin, again, where, "l'absence rappelée et les deux envois notés", remarked)
        self.show.closes(script.ABSENT.ending)
        return again

    def blocked(self) -> None:
        """10: a block is flagged until it has a reason."""
        self.opens(script.BLOCKED)
        start = sample.at(self.stage.days.thursday, 9)
        where = when(MARTIN, start, 60)
        self.show.typed(where, "Bloqué")
        event = self.martin.books("Bloqué", start, 60)
        self.reads(self.martin, event, where, "un « ⚠ » et la raison demandée", refused("sans motif"))
        self.show.says(script.REASON)
        self.edits(self.martin, event, where, "Bloqué", "Réunion d'équipe")
        self.reads(
            self.martin, event, where, "plus aucune remarque", lambda now: not now.block and "⚠" not in now.title
        )
        self.stage.silent("aucun message")
        self.show.closes(script.BLOCKED.ending)

    # --- 11: the brake ----------------------------------------------------------------------------------------------

    def brake(self) -> None:
        """Twenty deletions: nobody is told before a person has looked."""
        lost = self.petit.everything()
        self.opens(script.BRAKE, count=len(lost))
        with self.stage.between_passes():
            for event in lost:
                self.petit.deletes(event)
        self.show.changes("Elle supprime", PETIT, "\n".join([*(event.title for event in lost[:2]), "…"]))
        self.show.says(script.HELD)
        notice = self._question()
        self.show.says(script.MISTAKE)
        self.edits(self.petit, notice, f"{PETIT} · toute la journée", "Réponse :", "Réponse : non")
        gone = lambda: None if self.petit.still_there(notice) else True  # noqa: E731
        self.awaits("la question retirée de l'agenda", gone, "elle y est encore")
        for event in lost:
            self.petit.restores(event)
        back = lambda: self.stage.standing("petit") == len(lost) or None  # noqa: E731
        self.awaits("les rendez-vous relus, aucun message en attente", back, "il en manque, ou des messages attendent")
        self.stage.silent("aucun patient prévenu")
        self.show.closes(script.BRAKE.ending.format(count=len(lost)))

    def _question(self) -> Event:
        """Asked in the calendar, and by e-mail."""
        notice: Event = self.awaits(f"un événement « … {_NOTICE} »", self._notice, "l'agenda est resté vide")
        self.show.reads(f"{PETIT} · toute la journée", notice)
        alert = self.awaits("une alerte au secrétariat", self._alert, "aucun e-mail")
        self.show.says(script.ALERTED)
        self.show.mail(alert)
        self.stage.silent("aucun patient prévenu")
        return notice

    def _notice(self) -> Event | None:
        return next((event for event in self.petit.everything() if _NOTICE in event.title), None)

    def _alert(self) -> EmailMessage | None:
        return next((mail for mail in self.stage.post.fresh_mail() if str(mail["To"]) == sample.OFFICE), None)


def _new(answer: str, number: int, email: str) -> str:
    """What she types of a new patient."""
    return f"NP {answer}, né(e) 0{number}/06/79, tél 06.12.34.57.0{number}, {email}, {number} r. Haxo 75020 Paris"
