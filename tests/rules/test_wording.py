"""What she reads in her event, word for word (P17, docs/design.md#what-she-reads-back)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.model import Annotation, Assessment, CalendarEvent, Channel, MessageKind, Patient, Policy, Practice
from rules.telling.event_block import Receipt, feedback

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 10, 4, tzinfo=PARIS)
Booked = Callable[..., CalendarEvent]
Judged = Callable[..., Assessment]
TITLE = "DUPONT Marie – détartrage"
SENT = Receipt(MessageKind.CONFIRMATION, Channel.SMS, "sent", NOW)


def test_p17_the_booking_is_restated_in_words(booked: Booked, judged: Judged, marie: Patient, lilas: Practice) -> None:
    said = feedback(judged(booked(TITLE), marie), booked(TITLE), lilas, (), NOW)
    assert said == Annotation(
        "",
        (
            "mardi 24 novembre à 9 h 30, 30 min, Dr Claire Martin",
            "DUPONT Marie, né(e) le 12/05/1981",
            "Détartrage",
        ),
    )


def test_p26_a_first_visit_is_said_with_the_motif(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    event = booked(TITLE, "Première consultation")
    assert "Détartrage – première consultation" in feedback(judged(event, marie), event, lilas, (), NOW).lines


def test_an_error_marks_the_title_and_says_what_to_type(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    event = booked("DUPOND Marie – détartrage")
    said = feedback(judged(event, marie), event, lilas, (), NOW)
    assert said.mark == "⚠ "
    assert said.lines[3].startswith("✗ « DUPOND Marie » n'est pas dans le fichier.")
    assert said.lines[4] == "  → DUPONT Marie, né(e) le 12/05/1981 (= 1)"


def test_p18_what_was_sent_is_said_with_its_moment(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    said = feedback(judged(booked(TITLE), marie), booked(TITLE), lilas, (SENT,), NOW)
    assert (said.mark, said.lines[-1]) == ("✓ ", "✓ SMS de confirmation envoyé le 20/11 à 10 h 04")


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("failed", "✗ SMS de confirmation non remis : numéro inconnu. Appelez le patient."),
        ("uncertain", "! SMS de confirmation peut-être remis : numéro inconnu. Vérifiez avec le patient."),
    ],
)
def test_p18_what_did_not_arrive_is_said_without_a_tick(
    state: str, line: str, booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    receipt = replace(SENT, state=state, reason="numéro inconnu.")
    said = feedback(judged(booked(TITLE), marie), booked(TITLE), lilas, (receipt,), NOW)
    assert (said.mark, said.lines[-1]) == ("", line)


def test_a_valid_booking_of_somebody_who_cannot_be_written_to_is_done(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    event = booked(TITLE, "Sans mobile : oui (n'en a pas)\nSans e-mail : oui (n'en a pas)")
    said = feedback(judged(event, replace(marie, mobile=None, email=None)), event, lilas, (), NOW)
    assert (said.mark, said.lines[-2:]) == (
        "✓ ",
        ("✓ Sans mobile, noté : n'en a pas.", "✓ Sans e-mail, noté : n'en a pas."),
    )


def test_the_title_mark_can_be_switched_off(booked: Booked, judged: Judged, marie: Patient, lilas: Practice) -> None:
    plain = replace(lilas, policy=Policy(title_mark=False))
    assert feedback(judged(booked(TITLE), marie, dentist="bernard"), booked(TITLE), plain, (), NOW).mark == ""
    assert feedback(judged(booked("x"), house=plain), booked("x"), plain, (), NOW).mark == ""


@pytest.mark.parametrize(("title", "more"), [("Congés", {}), ("x", {"private": True}), ("x", {"transparent": True})])
def test_p51_what_has_a_reason_is_never_written_to(
    title: str, more: dict[str, object], booked: Booked, judged: Judged, lilas: Practice
) -> None:
    event = booked(title, **more)
    assert feedback(judged(event), event, lilas, (), NOW) == Annotation()


def test_p51_a_block_without_a_reason_is_marked(booked: Booked, judged: Judged, lilas: Practice) -> None:
    said = feedback(judged(booked("Bloqué")), booked("Bloqué"), lilas, (), NOW)
    assert (said.mark, len(said.lines)) == ("⚠ ", 1)
    assert said.lines[0].startswith("✗ Ce créneau est bloqué sans motif.")


def test_p43_a_cancellation_that_she_wrote_is_acknowledged(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    event = booked(f"Annulé {TITLE}")
    said = feedback(judged(event, marie), event, lilas, (), NOW)
    assert said == Annotation("", ("✓ Annulation notée : le créneau du mardi 24 novembre à 9 h 30 est libre.",))


def test_time_alone_changes_no_word(booked: Booked, judged: Judged, marie: Patient, lilas: Practice) -> None:
    event, later = booked(TITLE, "Suivi"), NOW + timedelta(days=3)
    texts = {feedback(judged(event, marie, now=at), event, lilas, (SENT,), at) for at in (NOW, later)}
    assert len(texts) == 1


def test_p19_the_comment_is_not_repeated(booked: Booked, judged: Judged, marie: Patient, lilas: Practice) -> None:
    event = booked(TITLE, "Commentaire : allergique à la pénicilline")
    assert "pénicilline" not in "\n".join(feedback(judged(event, marie), event, lilas, (), NOW).lines)
