"""What she does to make a rule speak: events of every kind, and what her patients do by their links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from msgspec.structs import replace

from adapters.web.patients import What
from rules.model import Patient, Severity, Waiting
from tests.at_the_page import URL
from tests.at_the_page import Patient as AtThePage
from tests.desk import MARIE, Desk, Event
from tests.office import MORNING
from tests.procedure.by_link import clicks
from tests.procedure.waiting import OFFERING, phone_of
from tests.typed import TITLE, new

SIGNS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "✓"}
CONTROL = "DUPONT Marie – contrôle"
CHILD = replace(
    MARIE, birth_date=date(2016, 5, 12), guardian="Mme Dupont", guardian_mobile="+33699887766",
    guardian_since=date(2026, 1, 2),
)  # fmt: skip
SAID, HTML = "Commentaire : porte au fond", "X-ALT-DESC;FMTTYPE=text/html"
Read = Callable[[Desk], str]


@dataclass(frozen=True)
class Scene:
    """What she does, and what stands in the event then. `known`: who is in the directory; `off`: rules that the scene
    would otherwise wake up too."""

    reads: Read
    known: tuple[Patient, ...] = (MARIE,)
    off: tuple[str, ...] = ()
    told: bool = field(default=True)  # a patient would be told, were nothing wrong


def booked(title: str = TITLE, text: str = "", known: tuple[Patient, ...] = (MARIE,), **how: object) -> Scene:
    """One event."""
    off = how.pop("off", ())
    return Scene(lambda desk: desk.books(title, text, **how).reads, known, off)  # type: ignore[arg-type]


def fresh(
    title: str = TITLE, first: str = "Nouveau patient, sans préférence", also: str = "", **details: str | None
) -> Scene:
    """One event of a new patient."""
    return Scene(lambda desk: desk.books(title, f"{new(first, **details)}\n{also}").reads, ())


def raw(uid: str, start: str, end: str, *, also: str = "", off: tuple[str, ...] = (), title: str = TITLE) -> Scene:
    """An event as a client wrote it."""

    def put(desk: Desk) -> str:
        body = (
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client//FR", "BEGIN:VEVENT", f"UID:{uid}",
            "DTSTAMP:20261101T080000Z", start, end, f"SUMMARY:{title}", *filter(None, [also]), "END:VEVENT",
            "END:VCALENDAR", "",
        )  # fmt: skip
        desk.office.calendars["martin"].put(f"{uid}.ics", "\r\n".join(body).encode())
        desk.waits(minutes=1)
        return Event(desk, uid, "martin", "", "", MORNING, 0).reads

    return Scene(put, off=off)


def past(text: str, *, again: str = "") -> Scene:
    """What she types on an appointment that is over; `again`: the next booking's title, which is looked at."""

    def live(desk: Desk) -> str:
        event = desk.books(CONTROL, at="25/11 10:00", minutes=20)
        desk.waits(days=2)
        event.adds(text)
        return desk.books(again, at="03/12 10:00").reads if again else event.reads

    return Scene(live, told=False)


def waiting(desk: Desk, text: str) -> str:
    """In a practice with a waiting list."""
    desk.runs(replace(desk.office.world.practice, waiting=Waiting()))
    return desk.books(TITLE, text).reads


def offered(desk: Desk, what: What) -> str:
    """Who waits is offered a freed time, and answers; what she typed still stands."""
    desk.runs(replace(OFFERING, policy=desk.office.world.practice.policy))
    event = desk.books(TITLE, "Liste d'attente", at="15/12 10:00")
    frees = desk.books("MOREAU Luc – détartrage", new("Nouveau patient, sans préférence"), at="01/12 10:00", minutes=45)
    desk.waits(minutes=1)
    frees.deletes()
    desk.waits(minutes=1)
    phone_of(desk, MARIE).presses(what)
    desk.waits(minutes=1)
    return event.reads


def moved_by_link(desk: Desk, title: str = TITLE) -> str:
    desk.runs(replace(desk.office.world.practice, page_url=URL))
    event = desk.books(title)
    if desk.sms():
        AtThePage(desk).moves()
    desk.waits(minutes=5)
    return event.reads


def moved_slot(desk: Desk) -> str:
    desk.books(TITLE, at="08/12 10:00")
    event = desk.books(TITLE, "Créneau confirmé", at="01/12 10:00")
    return event.moves(at="02/12 11:00").reads


def older(desk: Desk) -> str:
    first = desk.books(TITLE, "Mobile : 06 99 88 77 66")
    desk.books("DUPONT Marie – couronne", "Mobile : 06 11 22 33 44", at="03/12 10:00", minutes=60)
    return first.reads


def beside(other: Mapping[str, object], mine: Mapping[str, object], *, first: bool = False) -> Read:
    """Two events; the one that is looked at is the second, or the `first`."""

    def both(desk: Desk) -> str:
        one = desk.books(**other)  # type: ignore[arg-type]
        two = desk.books(**mine)  # type: ignore[arg-type]
        return (one if first else two).reads

    return both


def on_leave(desk: Desk) -> str:
    """The dentist's day off, and a booking on it."""
    raw("off", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202", title="Congés").reads(desk)
    return desk.books(TITLE).reads


def double(desk: Desk) -> str:
    """The server keeps the same event under a second name."""
    calendar, event = desk.office.calendars["martin"], desk.books(TITLE)
    body = calendar.get(f"{event.uid}.ics")
    assert body is not None
    calendar.put("second.ics", body.payload)
    desk.waits(minutes=1)
    second = calendar.get("second.ics")
    assert second is not None
    return "\n".join(calendar.read(second.ref, second.payload, desk.office.world.window(MORNING)).annotation.lines)


def untagged(desk: Desk) -> str:
    """Two dentists share a calendar, and nothing says whose the appointment is."""
    shared = replace(desk.office.world.sources[0], tags={"M": "martin", "B": "bernard"})
    desk.office.world = replace(desk.office.world, sources=(shared, *desk.office.world.sources[1:]))
    return desk.books(TITLE, new()).reads


def elsewhere(desk: Desk) -> str:
    """Seen by another dentist lately, with the patient's agreement."""
    desk.books(CONTROL, "Accord patient : oui (tél.)", at="25/11 10:00", minutes=20, dentist="bernard")
    desk.waits(days=3)
    return desk.books(TITLE, "Suivi", at="03/12 10:00").reads


def asked(what: What, **values: str | tuple[str, ...]) -> Read:
    """She books, and the patient asks for something on their page."""

    def live(desk: Desk) -> str:
        desk.runs(replace(desk.office.world.practice, page_url=URL))
        event = desk.books(TITLE)
        if desk.sms():
            AtThePage(desk).does(what, **values)
        desk.waits(minutes=5)
        return event.reads

    return live


def linked(desk: Desk) -> Desk:
    """Patients have pages."""
    desk.runs(replace(desk.office.world.practice, page_url="https://rdv.lilas.example"))
    return desk


def asking(answer: What | None = None, **how: object) -> Scene:
    """« Demander l'accord » for another dentist, and what the patient answers by the link."""

    def ask(desk: Desk) -> str:
        event = linked(desk).books(**{"title": TITLE, "text": "Demander l'accord", "dentist": "bernard", **how})  # type: ignore[arg-type]
        if answer:
            clicks(desk, answer)
        return event.reads

    return Scene(ask, told=False)


def asked_then_moved(desk: Desk) -> str:
    event = linked(desk).books(TITLE, "Demander l'accord", dentist="bernard")
    return event.moves(at="02/12 11:00").reads


def leave_over(text: str = "", *, pages: bool = False) -> Read:
    """A leave typed over an appointment, perhaps with « Proposer d'autres dates »."""

    def typed(desk: Desk) -> str:
        (linked(desk) if pages else desk).books(TITLE)
        return desk.books("Congés", text, at="01/12 08:30", minutes=240).reads

    return typed


def asked_without_page(desk: Desk) -> str:
    return desk.books(TITLE, "Demander l'accord", dentist="bernard").reads


PIERRE = replace(MARIE, given_name="Pierre", mobile="+33699887766", email="pierre@example.org")
NAMESAKE = replace(PIERRE, given_name="Marie")
PARIS = "TZID=Europe/Paris"
MINE = {"title": TITLE}
THEIRS = {"title": "DUPONT Pierre – détartrage"}
AGREED = {"text": "Accord patient : oui (tél.)", "dentist": "bernard"}
