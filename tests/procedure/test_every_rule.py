"""The YAML's `rules:` says of every rule whether it blocks, warns, informs or is silent; fixed ones stay (S1, P23).

Each rule has one event that makes it speak and in which nothing else blocks.
"""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.web.patients import What
from rules.findings import RULES
from rules.model import Severity
from tests.desk import MARIE, Desk, make_desk
from tests.procedure.scenes import (
    AGREED,
    CHILD,
    CONTROL,
    HTML,
    MINE,
    NAMESAKE,
    PARIS,
    PIERRE,
    SAID,
    SIGNS,
    THEIRS,
    Scene,
    asked,
    asked_then_moved,
    asked_without_page,
    asking,
    beside,
    booked,
    double,
    elsewhere,
    fresh,
    leave_over,
    moved_by_link,
    moved_slot,
    offered,
    older,
    on_leave,
    past,
    raw,
    untagged,
    waiting,
)
from tests.severity import with_severity
from tests.typed import TITLE, new

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
    "rescue-elsewhere": booked(text="Proposer d'autres dates"),
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
