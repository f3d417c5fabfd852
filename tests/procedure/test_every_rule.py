"""The YAML's `rules:` says of every rule whether it blocks, warns, informs or is silent; fixed ones stay (S1, P23).

Each rule has one event that makes it speak and in which nothing else blocks.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.web.patients import What
from rules.findings import RULES
from rules.model import Patient, Severity, Waiting
from tests.at_the_page import URL
from tests.at_the_page import Patient as AtThePage
from tests.desk import MARIE, Desk, Event, make_desk
from tests.office import MORNING
from tests.procedure.by_link import clicks
from tests.procedure.waiting import OFFERING, phone_of
from tests.severity import with_severity
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

SCENES: dict[str, Scene] = {
    "dentist-untagged": Scene(untagged, ()),
    "name-missing": fresh("détartrage"),
    "name-suspicious": fresh("DUPONT J – détartrage"),
    "name-order": fresh("Thomas Simon – détartrage"),
    "name-twice": booked("DUPONT Marie et Paul – détartrage"),
    "title-crossed": booked("❌ DUPONT Marie – détartrage"),
    "patient-unknown": fresh(first="Sans préférence"),
    "patient-ambiguous": booked(known=(MARIE, NAMESAKE)),
    "patient-namesake": booked(text=new(born=None, mobile="06 99 88 77 66", email="m@example.org")),
    "patient-mismatch": booked(text="Né(e) le : 13/05/1981"),
    "patient-duplicate": booked("DUPOND Marie – détartrage", new(mobile="06 99 88 77 66", email="m@example.org")),
    "patient-exists": booked(text=new()),
    "details-updated": booked(text="Mobile : 06 99 88 77 66"),
    "details-older": Scene(older),
    "details-kept": booked(text="Mobile : 06 12 34 56 7", off=("mobile-invalid",)),
    "birth-date-missing": fresh(born=None),
    "birth-date-invalid": fresh(born="31/02/1981"),
    "mobile-missing": fresh(mobile=None),
    "mobile-invalid": fresh(mobile="01 43 00 11 22"),
    "mobile-contradiction": fresh(also="Sans mobile : oui (ne veut pas)"),
    "email-contradiction": fresh(also="Sans e-mail : oui (ne veut pas)"),
    "detail-unclear": booked(text="rappeler au 06 99 88 77 66"),
    "text-kept": booked(text="préfère le matin mail marie.dupont@example.org"),
    "contact-shared": booked("MOREAU Luc – contrôle", new(born="01/02/1970", address="9 rue Verte, 69001 Lyon")),
    "email-missing": fresh(email=None),
    "email-invalid": fresh(email="marie.orange.fr"),
    "email-slip": fresh(email="marie@gmial.com"),
    "address-missing": fresh(address=None),
    "address-incomplete": fresh(address="3 rue Haxo, Paris"),
    "motif-missing": booked("DUPONT Marie"),
    "motif-vague": booked("DUPONT Marie – RDV"),
    "motif-unknown": booked("DUPONT Marie – blanchiment"),
    "motif-ambiguous": booked("DUPONT Marie – détartrage et couronne"),
    "visit-contradiction": booked(text="Suivi"),
    "known-unclear": booked(text="Déjà venu : je crois"),
    "visit-unstated": past("", again=TITLE),
    "duration-adjusted": booked(CONTROL),
    "duration-differs": booked(CONTROL, "Durée : 30 min"),
    "duration-typed": booked(text="Durée : 45 min"),
    "duration-unclear": booked(text="Durée : longue"),
    "outside-hours": booked(at="01/12 20:00"),
    "on-holiday": booked(at="25/12 10:00"),
    "on-leave": Scene(on_leave),
    "conflict": Scene(beside(THEIRS, MINE), (MARIE, PIERRE)),
    "conflict-later": Scene(beside(THEIRS, MINE, first=True), (MARIE, PIERRE)),
    "patient-twice": Scene(beside(MINE, {"title": CONTROL, "minutes": 20, **AGREED})),
    "motif-twice": Scene(beside(MINE, {"title": TITLE, "at": "03/12 10:00"})),
    "urgency-late": booked("DUPONT Marie – douleur", minutes=20),
    "place-urgent": Scene(beside({"title": "Urgence réservée"}, MINE)),
    "slot-confirmed": booked(text="Créneau confirmé", at="01/12 20:00"),
    "slot-moved": Scene(moved_slot),
    "date-past": booked(at="23/11 10:00"),
    "time-typed": booked("DUPONT Marie 15h détartrage"),
    "time-outdated": Scene(lambda desk: moved_by_link(desk, "10h DUPONT Marie détartrage")),
    "date-night": booked(at="01/12 02:30", off=("outside-hours",)),
    "date-distant": booked(at="03/01/2028 10:00"),
    "date-all-day": raw("day", "DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"),
    "date-length": booked(minutes=600),
    "zone-unknown": raw("mars", "DTSTART;TZID=Mars/Olympus:20261201T100000", "DTEND;TZID=Mars/Olympus:20261201T103000"),
    "time-shifted": raw(
        "gap", f"DTSTART;{PARIS}:20270328T023000", f"DTEND;{PARIS}:20270328T033000",
        off=("outside-hours", "date-night", "date-length"),
    ),
    "dentist-unasked": fresh(first="Nouveau patient"),
    "dentist-unknown": fresh(first="Nouveau patient", also="Dentiste : Dr Marin"),
    "dentist-twice": fresh(first="Nouveau patient", also="Dentiste : Dr Martin\nDentiste : Dr Bernard"),
    "dentist-contradiction": booked(text="Dentiste : Dr Bernard"),
    "dentist-other": booked(dentist="bernard"),
    "dentist-left": booked(known=(replace(MARIE, dentist="leroy"),)),
    "consent-void": booked(text="Accord patient : oui (Dr Nguyen)", dentist="bernard"),
    "consent-unclear": booked(text="Accord patient : je crois"),
    "consent-recorded": booked(**AGREED),  # type: ignore[arg-type]
    "consent-by-link": asking(What.ACCEPT),
    "consent-asked": asking(),
    "consent-refused": asking(What.REFUSE),
    "consent-first": asking(at="01/12 20:00"),
    "consent-again": Scene(asked_then_moved, told=False),
    "consent-no-way": Scene(asked_without_page, told=False),
    "consent-needless": asking(dentist="martin"),
    "dentist-earlier": fresh(),
    "dentist-follows": fresh(),
    "visits-disagree": Scene(elsewhere),
    "guardian-invalid": booked(text="Responsable : Mme DUPONT Anne, 06 98 76"),
    "guardian-kept": booked(known=(CHILD,)),
    "mobile-waived": fresh(mobile=None, also="Sans mobile : oui (n'en a pas)"),
    "email-waived": fresh(email=None, also="Sans e-mail : oui (n'en a pas)"),
    "call-asked": Scene(asked(What.CALL)),
    "details-proposed": Scene(asked(What.CORRECT, mobile="06 99 88 77 66")),
    "phone-only": Scene(asked(What.FEWER, sans=("sms", "email"))),
    "messages-fewer": Scene(asked(What.FEWER, sans="sms")),
    "moved-by-link": Scene(moved_by_link),
    "accepted-by-link": Scene(lambda desk: offered(desk, What.ACCEPT)),
    "time-wished": Scene(asked(What.WAIT, jour="lun")),
    "absence-excused": past("Absent excusé"),
    "absence-unexcused": past("Absent non excusé"),
    "visit-honoured": past("Honoré"),
    "attendance-unclear": past("Absent\nHonoré"),
    "absence-early": booked(text="Absent"),
    "unexcused-before": past("Absent non excusé", again=TITLE),
    "waiting-listed": Scene(lambda desk: waiting(desk, "Liste d'attente : lundi matin")),
    "waiting-by-hand": booked(text="Liste d'attente"),
    "waiting-over": Scene(lambda desk: offered(desk, What.NO_MORE)),
    "waiting-unlisted": Scene(lambda desk: waiting(desk, "Sans liste")),
    "block-without-motif": booked("Bloqué"),
    "block-patient": booked("Rappeler DUPONT Marie"),
    "text-differs": booked(text=SAID, extra=f"{HTML}:<p>Commentaire : deuxième étage</p>"),
    "text-added": booked(text=SAID, extra=f"{HTML}:<p>{SAID}</p><p>Elle parle anglais</p>"),
    "leave-over-bookings": Scene(leave_over(), told=False),
    "rescue": Scene(leave_over("Proposer d'autres dates", pages=True), told=False),
    "rescue-no-way": Scene(leave_over("Proposer d'autres dates"), told=False),
    "event-twice": Scene(double, told=False),
    "event-unreadable": raw("bad", "DTSTART:hier", "DTEND:demain"),
    "recurrence-refused": raw(
        "often", f"DTSTART;{PARIS}:20261201T100000", f"DTEND;{PARIS}:20261201T103000", also="RRULE:FREQ=SECONDLY"
    ),
}  # fmt: skip
UNTOLD = {
    "block-without-motif",
    "block-patient",
    "event-unreadable",
    "recurrence-refused",
    "date-past",
}  # no SMS whatever is set
BY_PAGE = {
    "call-asked", "details-proposed", "phone-only", "messages-fewer", "time-wished", "moved-by-link",
    "accepted-by-link", "time-outdated",
}  # fmt: skip
TOLD_BEFORE = {"conflict-later", "details-older", "slot-moved", "waiting-over", *BY_PAGE}  # after the confirmation
BESIDE_P23 = {"consent-asked", "consent-refused", "consent-first", "consent-again", "consent-no-way"}  # which blocks
INSTEAD = {  # with the first one silent, the detail is simply missing, which is another line of the procedure
    "birth-date-invalid", "mobile-invalid", "email-invalid", "address-incomplete", "name-missing", "motif-vague",
    "motif-unknown", "motif-ambiguous", "dentist-unknown", "dentist-twice",
}  # fmt: skip


def line_of(rule: str, reads: str) -> str:
    """The line that this rule put into the event, with its sign; empty where it said nothing."""
    pieces = re.split(r"\{\w+\}", RULES[rule].sentence)
    pattern = ".*".join(re.escape(piece) for piece in pieces)
    said = [
        one for line in reads.splitlines() for one in re.split(r"  (?=✓ )", line.replace("\N{NO-BREAK SPACE}", " "))
    ]
    told = [*said, *(line.partition(" → ")[0] for line in said)]
    return next((line for line in told if re.fullmatch(f"[✗!✓] {pattern}", line, re.IGNORECASE)), "")


def told(desk: Desk, scene: Scene, rule: str, severity: Severity) -> tuple[str, int]:
    """What stands in the event with that severity, and how many SMS went because of the last thing she did."""
    for other in scene.off:
        with_severity(desk, other, Severity.OFF)
    with_severity(desk, rule, severity)
    return scene.reads(desk), len(desk.sms())


def test_every_rule_has_its_scene() -> None:
    assert set(SCENES) == set(RULES)


@pytest.mark.parametrize("rule", SCENES)
@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.OFF])
def test_p34_the_yaml_says_what_a_rule_does(tmp_path: Path, rule: str, severity: Severity) -> None:
    scene = SCENES[rule]
    desk = make_desk(tmp_path, known=scene.known)
    reads, _ = told(desk, scene, rule, severity)
    line = line_of(rule, reads)
    if rule == "event-unreadable":  # nothing can be written into it: said by mail
        assert bool(desk.office.to_practice()) is (severity is not Severity.OFF)
        return
    if RULES[rule].fixed:
        assert line.startswith("✗"), reads
    elif severity is Severity.OFF:
        assert not line
    else:
        assert line.startswith(SIGNS[severity]), reads
    wrong = [one for one in reads.splitlines() if one.startswith("✗")]
    beside = rule in BESIDE_P23 or (severity is Severity.OFF and rule in INSTEAD)
    if not RULES[rule].fixed and severity is not Severity.ERROR and not beside:
        assert not wrong, reads
    if scene.told and rule not in UNTOLD | TOLD_BEFORE:
        assert ("envoyé" in reads) is not bool(wrong), reads


@pytest.mark.parametrize("rule", [rule for rule, known in RULES.items() if known.severity is not Severity.ERROR])
def test_p34_raised_to_error_a_rule_keeps_the_patient_uninformed_and_changes_nothing(tmp_path: Path, rule: str) -> None:
    scene = SCENES[rule]
    if not scene.told or rule in TOLD_BEFORE | {"visits-disagree"}:
        return  # what is looked at there was confirmed before
    desk = make_desk(tmp_path, known=scene.known)
    before = desk.directory()
    reads, sent = told(desk, scene, rule, Severity.ERROR)
    assert line_of(rule, reads).startswith("✗")
    if rule not in {"motif-twice"}:
        assert sent == 0
        assert desk.directory() == before


def test_p04_raised_to_error_the_record_waits_until_she_takes_the_detail_back(known: Desk) -> None:
    with_severity(known, "details-updated", Severity.ERROR)
    event = known.books(TITLE, "Mobile : 06 99 88 77 66")
    assert event.wrong == ["✗ Fichier à mettre à jour : mobile : …78 → …66."]
    assert known.directory()[0].mobile == MARIE.mobile
    event.retypes("")
    assert event.confirmed


def test_p08_raised_to_error_the_length_is_hers_to_give(known: Desk) -> None:
    with_severity(known, "duration-adjusted", Severity.ERROR)
    event = known.books(CONTROL)
    assert event.wrong == ["✗ Durée à porter à 20 min pour « Contrôle »."]
    assert event.length == 30
    event.moves(minutes=20)
    assert event.confirmed


def test_p07_raised_to_error_she_says_so_herself(known: Desk) -> None:
    with_severity(known, "visit-unstated", Severity.ERROR)
    known.books(CONTROL, at="25/11 10:00", minutes=20)
    known.waits(days=2)
    event = known.books(TITLE, at="03/12 10:00")
    assert event.wrong == ["✗ Compté comme suivi (dernière visite le 25/11/2026)."]
    event.adds("Suivi")
    assert event.confirmed
