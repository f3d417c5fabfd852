"""P47 and P48 with rulings 8 and 15: excused with notice the day before or that morning for an emergency, else not."""

from datetime import time

import pytest
from msgspec.structs import replace

from sync.store.attendance import endings
from tests.desk import SURGERY, Desk, Event, moment
from tests.office import PARIS, ics

EXCUSED, UNEXCUSED = "✓ Absence excusée notée", "✓ Absence non excusée notée"
HONOURED, UNCLEAR = "✓ Rendez-vous honoré noté", "! Présence à préciser"


def visit(desk: Desk, at: str = "25/11 14:30", title: str = "DUPONT Marie – détartrage") -> Event:
    """A confirmed appointment."""
    event = desk.books(title, at=at)
    assert event.confirmed
    return event


def afterwards(desk: Desk, event: Event, line: str) -> Event:
    """The evening of its day; she types that line."""
    desk.waits(hours=(event.at - desk.office.now).total_seconds() // 3600 + 3)
    return event.adds(line)


def verdict(event: Event) -> str:
    """What her event says of the attendance."""
    [line] = [one for one in event.said("✓", "!", "✗") if "Absence" in one or "Présence" in one or "honoré" in one]
    return line


# --- the next visit is booked already ---


def test_p10_p48_who_did_not_come_may_have_a_next_visit_for_the_same_motif(known: Desk) -> None:
    missed, following = visit(known), visit(known, "08/12 10:00")
    assert missed.said("!")
    assert not afterwards(known, missed, "Absent").said("!")
    assert "✓ Déjà 1 absence non excusée (25/11/2026)." in following.reads


# --- after the hour --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Prévenu le 24/11 à 18h", f"{EXCUSED} : prévenu le 24/11 à 18 h, au moins la veille."),
        ("Absent, prévenu la veille", f"{EXCUSED} : prévenu le 24/11, au moins la veille."),
        ("abs 09:40 urgence", f"{EXCUSED} : prévenu le 25/11 à 9 h 40, dès le matin, pour une urgence."),
        ("Absente\nPrévenu le 25/11 à 8h30\nUrgence", f"{EXCUSED} : prévenu le 25/11 à 8 h 30, dès le matin"),
        ("Absent excusé", f"{EXCUSED} : noté par le cabinet."),
    ],
)
def test_p47_excused(known: Desk, line: str, said: str) -> None:
    event = afterwards(known, visit(known), line)
    assert verdict(event).startswith(said)
    assert "Absence" not in known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20).reads


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Absent", f"{UNEXCUSED} : ne s'est pas présenté(e). Sinon, tapez « Absent excusé »."),
        ("Absente", f"{UNEXCUSED} : ne s'est pas présenté(e)."),
        ("abs", f"{UNEXCUSED} : ne s'est pas présenté(e)."),
        ("lapin", f"{UNEXCUSED} : ne s'est pas présenté(e)."),
        ("pas venue", f"{UNEXCUSED} : ne s'est pas présenté(e)."),
        ("Prévenu le 25/11 à 10h", f"{UNEXCUSED} : prévenu le 25/11 à 10 h, le jour même, sans urgence."),
        ("abs 13:40 urgence", f"{UNEXCUSED} : prévenu le 25/11 à 13 h 40, en urgence mais pas avant 12 h."),
        ("Retard 15 min", f"{UNEXCUSED} : retard de 15 min, sans prévenir."),
        ("retard 13", f"{UNEXCUSED} : retard de 13 min, sans prévenir."),
        ("Absent non excusé", f"{UNEXCUSED} : noté par le cabinet."),
    ],
)
def test_p48_not_excused(known: Desk, line: str, said: str) -> None:
    event = afterwards(known, visit(known), line)
    assert verdict(event).startswith(said)
    later = known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20)
    assert "✓ Déjà 1 absence non excusée (25/11/2026)." in later.reads
    assert later.confirmed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Arrivé 14:43", f"{HONOURED} : retard de 13 min, mais patient reçu."),
        ("Arrivée 14h30", f"{HONOURED} : à l'heure."),
        ("Retard 10 min", f"{HONOURED} : retard de 10 min."),
        ("Retard 25 min, prévenu", f"{HONOURED} : retard de 25 min, mais prévenu."),
        ("Honoré", f"{HONOURED} : venu(e)."),
        ("Venue", f"{HONOURED} : venu(e)."),
    ],
)
def test_p48_who_came_is_not_absent(known: Desk, line: str, said: str) -> None:
    event = afterwards(known, visit(known), line)
    assert verdict(event) == said
    assert "Absence" not in known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20).reads


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Retard", "« Retard » est tapé sans le nombre de minutes"),
        ("Absent\nArrivé 14:35", "« Absent » et « Arrivé » sont tapés tous les deux"),
        ("Prévenu hier soir", "« hier soir » n'est pas une date"),
        ("Prévenu le 32/11", "« le 32/11 » n'est pas une date"),
        ("Prévenu le 25/11, urgence", "prévenu le jour même, mais l'heure manque"),
    ],
)
def test_p48_what_is_unclear_is_asked_and_makes_nobody_absent(known: Desk, line: str, said: str) -> None:
    event = afterwards(known, visit(known), line)
    assert verdict(event).startswith(f"{UNCLEAR} : {said}. Tapez « Absent excusé »")
    assert "Déjà 1 absence" not in known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20).reads


def test_p47_p48_the_patient_is_told_nothing_of_it(known: Desk) -> None:
    event = visit(known)
    known.waits(days=1, hours=8)
    sent = len(known.sms()) + len(known.mails())
    event.adds("Absent")
    known.waits(hours=1)
    assert len(known.sms()) + len(known.mails()) == sent


def test_p47_p48_time_alone_changes_nothing_of_it(known: Desk) -> None:
    event = afterwards(known, visit(known), "Absent")
    read, writes = event.reads, known.office.calendars["martin"].writes
    for days in (1, 3, 20):
        known.waits(days=days)
    assert (event.reads, known.office.calendars["martin"].writes) == (read, writes)


# --- the remark ------------------------------------------------------------------------------------------------------


def test_p48_the_remark_has_count_and_dates_and_stands_on_the_next_booking_only(known: Desk) -> None:
    for at in ("25/11 14:30", "27/11 14:30"):
        event = known.books("DUPONT Marie – contrôle", at=at, minutes=20)
        afterwards(known, event, "Absent")
    following = known.books("DUPONT Marie – détartrage", at="08/12 10:00")
    last = known.books("DUPONT Marie – couronne", at="15/12 10:00", minutes=60)
    assert "✓ Déjà 2 absences non excusées (27/11/2026, 25/11/2026)." in following.reads
    assert "Déjà 1 absence" not in last.reads


def test_p48_the_remark_goes_once_she_excuses_it(known: Desk) -> None:
    event = afterwards(known, visit(known), "Absent")
    later = known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20)
    event.retypes("Absent excusé")
    assert "Absence" not in later.reads


def test_p48_the_remark_is_for_the_practice_only(known: Desk) -> None:
    afterwards(known, visit(known), "Absent")
    known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20)
    assert not [text for text in (*known.sms(), *known.mails()) if "bsen" in text]


def test_p48_it_is_not_another_patient_s_remark(two: Desk) -> None:
    afterwards(two, visit(two), "Absent")
    assert "Absence" not in two.books("MOREAU Luc – contrôle", at="08/12 10:00", minutes=20).reads


@pytest.mark.parametrize("also", ["", "Commentaire : au fond"])
def test_p48_the_remark_goes_to_the_next_visit_once_hers_becomes_another_patient_s(two: Desk, also: str) -> None:
    afterwards(two, visit(two), "Absent")
    later = two.books("DUPONT Marie – contrôle", at="11/12 10:00", minutes=20)
    sooner = two.books("DUPONT Marie – couronne", at="07/12 10:00", minutes=60)
    assert "Déjà 1 absence" in sooner.reads
    assert "Déjà 1 absence" not in later.reads
    if also:  # both edits in one reading
        two.office.calendars["martin"].put("e2.ics", ics(later.uid, later.title, later.at, 20, also))
    sooner.retypes(title="MOREAU Luc – couronne")
    assert "✓ Déjà 1 absence non excusée (25/11/2026)." in later.reads
    assert "absence" not in sooner.reads


# --- before the hour -------------------------------------------------------------------------------------------------


def test_p47_called_off_the_day_before_the_slot_is_free_and_nothing_is_remarked(two: Desk) -> None:
    event = visit(two)
    event.adds("Annulé par le patient le 24/11 à 8h")
    assert event.said("✓") == [
        "✓ Annulation notée : le créneau du mercredi 25 novembre à 14 h 30 est libre.",
        f"{EXCUSED} : prévenu le 24/11 à 8 h, au moins la veille.",
    ]
    assert "annulé" in two.sms()[1].lower()
    assert two.books("MOREAU Luc – contrôle", at="25/11 14:30", minutes=20).confirmed
    assert "Absence" not in two.books("DUPONT Marie – détartrage", at="08/12 10:00").reads


def test_p48_called_off_a_few_hours_before_is_remarked(known: Desk) -> None:
    event = visit(known)
    known.waits(days=1, hours=3)
    event.adds("Annulé par le patient")
    assert verdict(event).startswith(f"{UNEXCUSED} : annulé le 25/11 à 12 h, le jour même, sans urgence.")
    assert "Déjà 1 absence non excusée" in known.books("DUPONT Marie – détartrage", at="08/12 10:00").reads


def test_p47_called_off_that_morning_for_an_emergency_is_excused(known: Desk) -> None:
    event = visit(known)
    known.waits(days=1)
    event.adds("Annulé par le patient, urgence")
    assert verdict(event).startswith(f"{EXCUSED} : annulé le 25/11 à 9 h, dès le matin, pour une urgence.")


@pytest.mark.parametrize("text", ["Annulé\nAbsent excusé", "Absent excusé, annulé", "Annulé : absent excusé"])
def test_p47_called_off_and_excused_in_so_many_words_stays_called_off(two: Desk, text: str) -> None:
    event = visit(two)
    two.waits(days=1, hours=3)
    event.adds("Annulé")
    event.retypes(text)
    assert verdict(event) == f"{EXCUSED} : noté par le cabinet."
    assert event.said("✓")[0].startswith("✓ Annulation notée")
    assert two.books("MOREAU Luc – contrôle", at="25/11 14:30", minutes=20).confirmed
    assert len(two.sms("+33612345678")) == 2  # confirmed, cancelled


def test_p47_called_off_by_the_practice_is_no_absence(known: Desk) -> None:
    event = visit(known)
    known.waits(days=1)
    event.adds("Annulé par le cabinet")
    assert "Absence" not in event.reads
    assert "Absence" not in known.books("DUPONT Marie – détartrage", at="08/12 10:00").reads


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("Absent", "Annulé par le patient le 24/11 à 9 h"),
        ("abs 09:40 urgence", "Annulé par le patient le 25/11 à 9 h 40, urgence"),
        ("Absent excusé", "Annulé par le patient le 24/11 à 9 h"),
        ("Absente non excusée", "Annulé par le patient le 24/11 à 9 h"),
        ("Prévenu le 23/11 à 18h", "Annulé par le patient le 23/11 à 18 h"),
    ],
)
def test_p47_absent_typed_before_the_hour_is_answered_with_what_frees_the_slot(
    two: Desk, line: str, instead: str
) -> None:
    event = visit(two)
    event.adds(line)
    assert event.mark == "⚠ "
    assert event.wrong == [
        "✗ À préciser : une absence est tapée avant l'heure du rendez-vous. S'il n'aura pas lieu, tapez "
        "« Annulé par le patient » (créneau libéré, patient prévenu)."
    ]
    assert event.proposed == [instead]
    assert len(two.sms()) == 1  # nobody was told anything
    event.retypes(instead)
    assert event.said("✓")[0] == "✓ Annulation notée : le créneau du mercredi 25 novembre à 14 h 30 est libre."
    assert "annulé" in two.sms()[1].lower()
    assert two.books("MOREAU Luc – contrôle", at="25/11 14:30", minutes=20).confirmed


def test_p47_absent_typed_before_the_hour_by_mistake_is_taken_back(known: Desk) -> None:
    event = visit(known)
    event.adds("Absent")
    event.retypes("")
    assert event.confirmed
    assert event.said("✗", "!") == []
    assert len(known.sms()) == 1


def test_p48_absent_typed_before_the_hour_is_no_absence_until_she_says_so_after_it(known: Desk) -> None:
    event = visit(known)
    event.adds("Absent")
    later = known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20)
    read = event.reads
    known.waits(days=2)
    assert event.reads == read
    assert "Déjà 1 absence" not in later.reads
    event.retypes("Absente")
    assert verdict(event).startswith(f"{UNEXCUSED} : ne s'est pas présenté(e).")
    assert "Déjà 1 absence non excusée (25/11/2026)" in later.reads


def test_p47_who_said_absent_too_early_gets_no_reminder(known: Desk) -> None:
    event = visit(known, "26/11 14:30")
    event.adds("Absent excusé")
    known.waits(days=1, hours=6)
    assert len(known.sms()) == 1


def test_p48_late_typed_before_the_hour_was_announced(known: Desk) -> None:
    event = visit(known)
    event.adds("Retard 15 min")
    assert verdict(event) == f"{HONOURED} : retard de 15 min, mais prévenu."
    assert event.mark == "✓ "


# --- a deletion, and silence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "remark"), [(8, False), (25, True)])
def test_p47_p48_deleted_without_a_word_it_counts_from_when_it_was_seen(
    known: Desk, hours: int, *, remark: bool
) -> None:
    event = visit(known)
    known.waits(hours=hours)
    event.deletes()
    known.waits(minutes=5)
    later = known.books("DUPONT Marie – détartrage", at="08/12 10:00")
    assert ("Déjà 1 absence non excusée (25/11/2026)" in later.reads) is remark


def test_p48_ruling15_silence_makes_nobody_absent_and_is_listed_in_the_digest(known: Desk) -> None:
    event = visit(known)
    read = event.reads
    known.waits(days=1, hours=23)
    digest = known.office.email.sent[-1]
    assert digest.to == known.office.world.practice.email
    assert "DUPONT Marie" in digest.text
    assert "14 h 30" in digest.text
    assert event.reads.startswith(read)
    assert "Absence" not in known.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20).reads


def test_p48_ruling15_once_she_wrote_how_it_ended_it_is_not_listed(known: Desk) -> None:
    event = visit(known)
    afterwards(known, event, "Honoré")
    before = len(known.office.email.sent)
    known.waits(hours=15)
    assert [one for one in known.office.email.sent[before:] if one.to == known.office.world.practice.email] == []


def test_p48_ruling15_what_is_unclear_stays_listed(known: Desk) -> None:
    event = visit(known)
    afterwards(known, event, "Prévenu hier soir")
    known.waits(hours=15)
    assert "DUPONT Marie" in known.office.email.sent[-1].text


# --- what the practice may set ---------------------------------------------------------------------------------------


def test_p48_the_yaml_says_how_late_is_too_late(known: Desk) -> None:
    known.runs(replace(SURGERY, policy=replace(SURGERY.policy, late_minutes=20)))
    event = afterwards(known, visit(known), "Retard 20 min")
    assert verdict(event) == f"{HONOURED} : retard de 20 min."
    event.retypes("Retard 21 min")
    assert verdict(event).startswith(f"{UNEXCUSED} : retard de 21 min, sans prévenir.")


def test_p47_the_yaml_says_when_the_morning_ends(known: Desk) -> None:
    known.runs(replace(SURGERY, policy=replace(SURGERY.policy, morning_until=time(9))))
    event = afterwards(known, visit(known), "abs 08:59 urgence")
    assert verdict(event).startswith(f"{EXCUSED} : prévenu le 25/11 à 8 h 59, dès le matin, pour une urgence.")
    event.retypes("abs 09:00 urgence")
    assert verdict(event).startswith(f"{UNEXCUSED} : prévenu le 25/11 à 9 h, en urgence mais pas avant 9 h.")


def test_p47_p48_both_classes_are_kept_in_the_patient_s_history(known: Desk) -> None:
    afterwards(known, visit(known), "Absent")
    afterwards(known, visit(known, "27/11 14:30"), "Absent excusé")
    with known.office.world.store.read() as tx:
        kept = [
            (one.patient, one.attendance) for one in endings(tx, moment("01/11 00:00"), moment("31/12 00:00"), PARIS)
        ]
    assert kept == [("DUPONT Marie", "unexcused"), ("DUPONT Marie", "excused")]
