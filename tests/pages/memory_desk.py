"""A practice behind the patients' pages, in memory: revisions, wishes carried out later, limits, times that go."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from adapters.web.office import Unavailable
from adapters.web.patients import Act, Choice, Day, House, LinkTo, Shown, What

HOUSE = House(
    "Cabinet dentaire des Lilas", "01 43 00 00 00", "tel:+33143000000", "12 rue des Lilas, 75020 Paris",
    "https://www.openstreetmap.org/search?query=12%20rue%20des%20Lilas",
)  # fmt: skip
OTHER_HOUSE = House("Cabinet du Parc", "01 44 00 00 00", "tel:+33144000000", "2 rue du Parc, 75019 Paris", "")

VISIT, FAMILY, LATE, QUESTION, OFFER, RESCUE = (
    "Vq3xT0aLm8KpR5sYw2ZcNg", "b7Jd9fQe1UhXo4tAiM6v_w", "late-Lm8KpR5sYw2ZcNg01", "Q-agreement-8KpR5sYw2Z",
    "O-offer-Lm8KpR5sYw2Zc2", "R-rescue-m8KpR5sYw2Zc3",
)  # fmt: skip
NOWHERE = "AAAAAAAAAAAAAAAAAAAAAA"
EXPIRED, REVOKED = "expired-AAAAAAAAAAAAAA", "revoked-AAAAAAAAAAAAAA"

TAKEN = "Cette heure vient d'être prise. Votre rendez-vous n'a pas changé : choisissez-en une autre."
CHANGED = "Ce rendez-vous a changé entre-temps. Voici ce qui est prévu maintenant."
_HOURS = ("9 h 00", "9 h 30", "10 h 15", "11 h 00", "14 h 00", "14 h 45", "16 h 30")
_DATES = (
    "mardi 8 décembre", "mercredi 9 décembre", "jeudi 10 décembre", "vendredi 11 décembre", "lundi 14 décembre",
    "mardi 15 décembre", "jeudi 17 décembre", "vendredi 18 décembre", "samedi 19 décembre", "lundi 21 décembre",
)  # fmt: skip
_ALL = (What.MOVE, What.CANCEL, What.WAIT, What.CALL, What.CORRECT, What.FEWER)
_TOO_LATE = "Il est trop tard pour {} en ligne : appelez le cabinet au 01 43 00 00 00."


@dataclass
class Card:
    """What one link is about."""

    to: LinkTo
    who: str = "Marie D."
    when: str = "mardi 1er décembre 2026 à 14 h 30 (heure de Paris)"
    stands: bool = True
    past_limit: bool = False
    news: str = ""
    asked: Act | None = None
    acts: list[Act] = field(default_factory=list)

    @property
    def revision(self) -> str:
        return hashlib.sha256(f"{self.who} {self.when} {self.stands}".encode()).hexdigest()[:32]


@dataclass
class MemoryDesk:
    """The patients' half of a practice. Nothing is carried out before `carry_out`, as by the worker."""

    place: House = HOUSE
    cards: dict[str, Card] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    away: bool = False
    shows: int = 0

    @classmethod
    def full(cls) -> MemoryDesk:
        """One link of each kind."""
        cards = {
            VISIT: Card(LinkTo.APPOINTMENT),
            FAMILY: Card(LinkTo.APPOINTMENT, "Léo D.", "jeudi 3 décembre 2026 à 9 h 00 (heure de Paris)"),
            LATE: Card(LinkTo.APPOINTMENT, past_limit=True),
            QUESTION: Card(LinkTo.AGREEMENT),
            OFFER: Card(LinkTo.OFFER),
            RESCUE: Card(LinkTo.APPOINTMENT),
        }
        return cls(cards=cards)

    @property
    def seal(self) -> bytes:
        return b"of the practices here"

    def house(self) -> House:
        return self.place

    def may_know(self, secret: str) -> bool:
        return True

    def shown(self, to: LinkTo, secret: str, part: What | None = None, page: int = 0) -> Shown | None:
        self.shows += 1
        if self.away:
            raise Unavailable
        card = self.cards.get(secret)
        if card is None or card.to is not to:
            return None
        made = _SHOWN[to](card)
        if secret == RESCUE and part is None and card.stands and not card.asked and not card.news:
            return replace(made, news="Dr Claire Martin sera absente ce jour-là.", days=self._days(0)[:3])
        if part is What.MOVE and part in made.may:
            later = page + 1 if page < 2 else None
            return replace(made, days=self._days(page), earlier=page - 1 if page else None, later=later)
        return made

    def act(self, to: LinkTo, secret: str, act: Act) -> Shown | None:
        before = self.shown(to, secret)
        if before is None:
            return None
        card = self.cards[secret]
        if card.asked or not before.may:
            return before
        if act.revision != card.revision:
            return replace(before, news=CHANGED)
        if act.what not in before.may:
            return replace(before, news=before.why_not.get(act.what, "Ce n'est pas possible."))
        if act.what is What.MOVE and act.values["debut"][0] in self.taken:
            return replace(before, news=TAKEN)
        card.acts.append(act)
        card.asked = act
        return self.shown(to, secret)

    def carry_out(self) -> None:
        """What the worker does in the calendar."""
        for card in self.cards.values():
            act, card.asked = card.asked, None
            if act is not None:
                _DONE[act.what](card, act)

    def done(self) -> list[What]:
        return [act.what for card in self.cards.values() for act in card.acts]

    def _days(self, page: int) -> tuple[Day, ...]:
        days = []
        for number, date in enumerate(_DATES):
            named = [Choice(f"{page}-{number}-{hour.replace(' ', '')}", hour) for hour in _HOURS[number % 3 :]]
            days.append(Day(date, tuple(one for one in named if one.value not in self.taken)))
        return tuple(days)


def _rows(card: Card) -> tuple[tuple[str, str], ...]:
    return (
        ("Patient", card.who), ("Date", card.when), ("Durée", "30 minutes"),
        ("Praticien", "Dr Claire Martin, chirurgien-dentiste"), ("Motif", "Consultation"),
        ("Prochain message", "rappel par SMS lundi 30 novembre à 14 h 30"),
    )  # fmt: skip


def _appointment(card: Card) -> Shown:
    if not card.stands:
        return Shown("Rendez-vous annulé", card.news, _rows(card)[:4], revision=card.revision)
    if card.asked:
        return Shown(
            "Votre rendez-vous", "Votre demande est enregistrée, le cabinet la traite.", _rows(card),
            revision=card.revision, pending=True,
        )  # fmt: skip
    why: Mapping[What, str] = {}
    may = _ALL
    if card.past_limit:
        may = tuple(what for what in _ALL if what not in (What.CANCEL, What.MOVE))
        why = {What.MOVE: _TOO_LATE.format("changer de date"), What.CANCEL: _TOO_LATE.format("annuler")}
    notes = ("Un empêchement ? Prévenez-nous au plus tard la veille : la place profitera à un autre patient.",)
    return Shown("Votre rendez-vous", card.news, _rows(card), may=may, why_not=why, revision=card.revision, notes=notes)


def _agreement(card: Card) -> Shown:
    offered = (
        ("Date", card.when), ("Praticien", "Dr Paul Bernard, chirurgien-dentiste"), ("Motif", "Consultation"),
    )  # fmt: skip
    title = "Acceptez-vous un autre praticien ?"
    notes = ("Votre réponse vaut pour ce rendez-vous seulement : la date, l'heure et le praticien écrits ici.",)
    if card.asked or card.news:
        return Shown(title, card.news or "Votre réponse est enregistrée.", (), offered, pending=bool(card.asked))
    may = (What.ACCEPT, What.REFUSE, What.CALL)
    news = "Dr Claire Martin, votre praticien, n'est pas disponible ce jour-là."
    return Shown(title, news, (), offered, may, revision=card.revision, notes=notes)


def _offer(card: Card) -> Shown:
    offered = (
        ("Date", "mercredi 2 décembre 2026 à 10 h 15"),
        ("Praticien", "Dr Claire Martin"),
        ("Durée", "30 minutes"),
    )
    title = "Une place s'est libérée"
    if card.asked or card.news:
        return Shown(title, card.news or "Votre réponse est enregistrée.", _rows(card)[:4], pending=bool(card.asked))
    labels = {What.ACCEPT: "Oui, je prends le mercredi 2 à 10 h 15", What.REFUSE: "Non merci, je garde mon rendez-vous"}
    may = (What.ACCEPT, What.REFUSE, What.NO_MORE)
    news = "Répondez avant aujourd'hui 14 h 10 : ensuite, la place sera proposée à quelqu'un d'autre."
    return Shown(title, news, _rows(card)[:4], offered, may, revision=card.revision, labels=labels)


_SHOWN: Mapping[LinkTo, Callable[[Card], Shown]] = {
    LinkTo.APPOINTMENT: _appointment, LinkTo.AGREEMENT: _agreement, LinkTo.OFFER: _offer,
}  # fmt: skip


def _says(text: str) -> Callable[[Card, Act], None]:
    def done(card: Card, _act: Act) -> None:
        card.news = text

    return done


def _cancelled(card: Card, _act: Act) -> None:
    card.stands, card.news = False, "Votre rendez-vous est annulé. Vous recevez un message qui le confirme."


def _moved(card: Card, act: Act) -> None:
    page, day, hour = act.values["debut"][0].split("-")
    card.when = f"{_DATES[int(day)]} 2026 à {hour} (page {page})"
    card.news = "Votre rendez-vous est déplacé. Vous recevez un message qui le confirme."


_DONE: Mapping[What, Callable[[Card, Act], None]] = {
    What.CANCEL: _cancelled,
    What.MOVE: _moved,
    What.WAIT: _says("Vous êtes sur la liste d'attente."),
    What.CALL: _says("Le cabinet vous rappelle."),
    What.CORRECT: _says("Votre correction est transmise au cabinet."),
    What.FEWER: _says("C'est noté."),
    What.ACCEPT: _says("Merci, votre accord est enregistré."),
    What.REFUSE: _says("Votre refus est enregistré. Le cabinet vous contacte."),
    What.NO_MORE: _says("Vous ne recevrez plus de propositions."),
}
