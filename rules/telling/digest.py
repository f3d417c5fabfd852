"""The daily digest in words: what the practice should look at today, and nothing else (P51, P1, rulings 11 and 15).

It goes to the practice's own mailbox, so it names patients. `now` is an argument; times are in the practice's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from rules.model import Channel, MessageKind, Practice
from rules.text.french import clock, day, day_and_clock, minutes, phone

SHOWN = 40  # lines of one section; the rest is counted, and at the prompt

_CHANNELS = {Channel.SMS: "SMS", Channel.EMAIL: "E-mail"}
_KINDS = {
    MessageKind.CONFIRMATION: "de confirmation",
    MessageKind.REMINDER: "de rappel",
    MessageKind.MODIFICATION: "de modification",
    MessageKind.CANCELLATION: "d'annulation",
    MessageKind.AGREEMENT: "de demande d'accord",
    MessageKind.DATES: "de proposition d'autres dates",
    MessageKind.OFFER: "de proposition d'un créneau",
    MessageKind.STILL: "sur la liste d'attente",
}


class Appointment(Struct, frozen=True):
    """A booking to look at. `todo`: the French sentences of what is wrong or could not be shown in the event; `about`:
    the same in a few words."""

    start: datetime
    dentist: str
    patient: str
    todo: tuple[str, ...] = ()
    about: str = ""


class BareBlock(Struct, frozen=True):
    """Time kept without a reason. `repeated`: an occurrence of a series, which is asked once."""

    start: datetime
    end: datetime
    dentist: str
    all_day: bool = False
    repeated: bool = False


class Undelivered(Struct, frozen=True):
    """A message that did not reach its patient, or perhaps not (`uncertain`). `call`: the number to call."""

    patient: str
    kind: MessageKind
    channel: Channel
    start: datetime
    call: str | None
    uncertain: bool = False
    reason: str = ""


class HeldBack(Struct, frozen=True):
    """A calendar whose cancellations, or so many messages, wait for a person (P43)."""

    dentist: str
    count: int
    messages: int = 0


class Unread(Struct, frozen=True):
    """A calendar that is not synchronised, since when and why."""

    dentist: str
    reason: str
    since: datetime | None = None


class FreedSlot(Struct, frozen=True):
    """Time that became free. `said`: what became of it, in French; `call`: (patient, number) to call about it."""

    start: datetime
    dentist: str
    said: str
    call: tuple[tuple[str, str], ...] = ()


class Matters(Struct, frozen=True):
    """Everything that a digest may tell. `lost`: minutes by (dentist's key, Monday); `support`: (name, how to reach,
    open or closed now); `troubles`: what does not work, in sentences."""

    faulty: tuple[Appointment, ...] = ()
    blocks: tuple[BareBlock, ...] = ()
    lost: Mapping[tuple[str, date], int] = field(default_factory=dict)
    undelivered: tuple[Undelivered, ...] = ()
    without_outcome: tuple[Appointment, ...] = ()
    unshown: tuple[Appointment, ...] = ()
    held: tuple[HeldBack, ...] = ()
    unread: tuple[Unread, ...] = ()
    support: tuple[tuple[str, str, str], ...] = ()
    troubles: tuple[str, ...] = ()
    to_call: tuple[Appointment, ...] = ()
    freed: tuple[FreedSlot, ...] = ()

    @property
    def nothing(self) -> bool:
        """There is nothing to look at; a support contact alone is no reason for a mail."""
        return not (
            self.faulty or self.blocks or self.undelivered or self.without_outcome or self.unshown or self.held
            or self.unread or self.troubles or self.to_call or any(one.call for one in self.freed)
        )  # fmt: skip


class Item(Struct, frozen=True):
    """One thing to look at: a head line and what belongs to it; `details` in its place where everything is asked."""

    head: str
    lines: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


class Section(Struct, frozen=True):
    """Things of one kind. `hint`: what to do about them."""

    title: str
    hint: str
    items: tuple[Item, ...]


class Digest(Struct, frozen=True):
    """The day's letter to the practice, before it has a form."""

    subject: str
    opening: str
    sections: tuple[Section, ...]


def digest(matters: Matters, practice: Practice, today: date) -> Digest | None:
    """The digest of that day; None where there is nothing to tell: it is never sent empty
    (docs/design.md#what-she-reads-back)."""
    if matters.nothing:
        return None
    told = tuple(section for section in _sections(matters, practice) if section.items)
    count = sum(_weight(matters))
    asks = "1 point à regarder" if count == 1 else f"{count} points à regarder"
    return Digest(f"attitre : {asks}, {day(today)}", f"{practice.name}, {day(today, year=True)} : {asks}.", told)


def plain(letter: Digest, *, details: bool = False) -> str:
    """The digest as text; with `details`, every sentence of what is to be corrected."""
    lines = [letter.opening, *(line for section in letter.sections for line in _plain(section, details=details))]
    return "\n".join(lines) + "\n"


def _plain(section: Section, *, details: bool) -> Iterator[str]:
    yield from ("", section.title.upper(), *([section.hint] if section.hint else []))
    for item in section.items:
        yield f"- {item.head}"
        yield from (f"    {line}" for line in (details and item.details) or item.lines)


def _weight(matters: Matters) -> Iterator[int]:
    for listed in (matters.faulty, matters.blocks, matters.undelivered, matters.without_outcome):
        yield len(listed)
    yield len(matters.to_call) + len([one for one in matters.freed if one.call])
    for others in (matters.unshown, matters.held, matters.unread, matters.troubles):
        yield len(others)


def _sections(matters: Matters, practice: Practice) -> Iterator[Section]:
    """The most urgent first: what nobody else will notice."""
    yield from _out_of_order(matters, practice)
    yield from _held_and_lost(matters, practice)
    yield from _in_the_calendars(matters, practice)
    yield Section("Assistance", "", tuple(Item(f"{name} : {words}", (how,)) for name, how, words in matters.support))


def _out_of_order(matters: Matters, practice: Practice) -> Iterator[Section]:
    yield Section(
        "Agendas non synchronisés",
        "Tant que cela dure, aucun changement fait dans ces agendas n'est vu. Détail : attitre status",
        _items((_unread(one, practice) for one in matters.unread), "attitre status"),
    )
    yield Section(
        "Ce qui ne marche pas",
        "C'est réessayé de soi-même. Détail : attitre status",
        _items((Item(one) for one in matters.troubles), "attitre status"),
    )


def _held_and_lost(matters: Matters, practice: Practice) -> Iterator[Section]:
    yield Section(
        "Annulations et messages retenus" if any(one.messages for one in matters.held) else "Annulations retenues",
        "Aucun patient n'est prévenu avant votre décision.",
        _items((_held(one, practice) for one in matters.held), "attitre status"),
    )
    yield Section(
        "Patients à rappeler",
        "Ils l'ont demandé sur leur page. Une fois fait, tapez « Rappelé » dans l'événement.",
        _items((_appointment(one, practice) for one in matters.to_call), "attitre agenda"),
    )
    yield Section(
        "Créneaux libérés",
        "Ce que la liste d'attente en a fait. Détail : attitre waiting",
        _items((_freed(one, practice) for one in matters.freed), "attitre waiting"),
    )
    yield Section(
        "Messages non remis",
        "Appelez ces patients.",
        _items((_undelivered(one, practice) for one in matters.undelivered), "attitre outbox"),
    )


def _in_the_calendars(matters: Matters, practice: Practice) -> Iterator[Section]:
    reasons = ", ".join(practice.blocks[:3]) or "Congés, Réunion"
    yield Section(
        "Rendez-vous à corriger",
        "Rien n'est envoyé à ces patients avant la correction dans l'agenda. Chaque remarque en entier : "
        "attitre digest --details",
        _items((_in_short(one, practice) for one in matters.faulty), "attitre agenda"),
    )
    yield Section(
        "Créneaux bloqués sans motif",
        f"Donnez-leur un titre qui dit pourquoi ({reasons}), ou libérez-les.",
        (*_items((_block(one, practice) for one in matters.blocks), "attitre agenda"), *_lost(matters, practice)),
    )
    yield Section(
        "Rendez-vous passés sans issue",
        "Écrivez dans l'événement « Honoré », « Absent », « Absent excusé » ou « Retard 15 min ».",
        _items((_appointment(one, practice) for one in matters.without_outcome), "attitre agenda"),
    )
    yield Section(
        "Remarques que l'agenda n'a pas acceptées",
        "Ces agendas ou événements refusent l'écriture : la remarque n'est visible qu'ici.",
        _items((_appointment(one, practice) for one in matters.unshown), "attitre agenda"),
    )


def _items(items: Iterable[Item], command: str) -> tuple[Item, ...]:
    """At most `SHOWN`; what is left out is said, never dropped silently."""
    every = list(items)
    left = len(every) - SHOWN
    more = [Item(f"et {left} de plus : {command}")] if left > 0 else []
    return tuple(every[:SHOWN] + more)


def _appointment(one: Appointment, practice: Practice) -> Item:
    who = one.patient or "patient non reconnu"
    return Item(f"{_moment(one.start, practice)}, {practice.name_of(one.dentist)} : {who}", one.todo)


def _in_short(one: Appointment, practice: Practice) -> Item:
    """One sentence stands as it is; of several, what they are about, for they stand in the event."""
    whole = _appointment(one, practice)
    sentences = [line for line in one.todo if not line.startswith("→")]
    if len(sentences) < 2 or not one.about:
        return replace(whole, lines=tuple(sentences), details=one.todo)
    return Item(f"{whole.head} ({one.about})", (), one.todo)


def _block(one: BareBlock, practice: Practice) -> Item:
    start, end = one.start.astimezone(practice.zone), one.end.astimezone(practice.zone)
    length = int((one.end - one.start).total_seconds() // 60)
    span = f"{day(start.date())}, toute la journée" if one.all_day else _span(start, end, length)
    series = " ; se répète, à nommer une fois" if one.repeated else ""
    return Item(f"{span}, {practice.name_of(one.dentist)}{series}")


def _span(start: datetime, end: datetime, length: int) -> str:
    if start.date() == end.date():
        return f"{day(start.date())} de {clock(start)} à {clock(end)} ({minutes(length)})"
    return f"du {day_and_clock(start)} au {day_and_clock(end)}"


def _lost(matters: Matters, practice: Practice) -> tuple[Item, ...]:
    """Minutes lost per dentist and week, the YAML's order of dentists."""
    place = {dentist.key: number for number, dentist in enumerate(practice.dentists)}
    ordered = sorted(matters.lost.items(), key=lambda pair: (pair[0][1], place.get(pair[0][0], len(place))))
    lines = tuple(
        f"semaine du {day(monday)}, {practice.name_of(key)} : {minutes(lost)}" for (key, monday), lost in ordered
    )
    return (Item("Temps de consultation perdu", lines),) if lines and matters.blocks else ()


def _undelivered(one: Undelivered, practice: Practice) -> Item:
    what = f"{_CHANNELS[one.channel]} {_KINDS[one.kind]}"
    state = "peut-être remis" if one.uncertain else "non remis"
    call = f"Appelez le {phone(one.call)}" if one.call else "Pas de numéro : cherchez-le dans le dossier"
    why = (one.reason.rstrip(" .") + ".",) if one.reason else ()
    head = f"{one.patient or 'patient non reconnu'} : {what} {state}, rendez-vous du {_moment(one.start, practice)}"
    return Item(head, (f"{call}.", *why))


def _freed(one: FreedSlot, practice: Practice) -> Item:
    calls = tuple(
        f"Appelez {name} au {phone(number)}." if number else f"Appelez {name} (pas de mobile)."
        for name, number in one.call
    )
    return Item(f"{_moment(one.start, practice)}, {practice.name_of(one.dentist)} : {one.said}", calls)


def _held(one: HeldBack, practice: Practice) -> Item:
    many = "s" if one.messages > 1 else ""
    lost = "1 annulation retenue" if one.count == 1 else f"{one.count} annulations retenues"
    said = [lost] * bool(one.count) + [f"{one.messages} message{many} retenu{many}"] * bool(one.messages)
    asked = "annulations retenues" if one.count else "attitre : …"
    wrong = "rétablissez l'agenda, ou écrivez" if one.count else "écrivez"
    return Item(
        f"{practice.name_of(one.dentist)} : {' et '.join(said)}",
        (f"C'est voulu : attitre release {one.dentist}, ou « oui » dans l'événement « {asked} ».",
         f"C'est une erreur : {wrong} « non » dans cet événement."),
    )  # fmt: skip


def _unread(one: Unread, practice: Practice) -> Item:
    since = f", depuis le {_moment(one.since, practice)}" if one.since else ", jamais lu"
    return Item(f"{practice.name_of(one.dentist)}{since}", (one.reason,) if one.reason else ())


def _moment(moment: datetime, practice: Practice) -> str:
    return day_and_clock(moment.astimezone(practice.zone))
