"""What she reads in her event, word for word (P17, docs/design.md#what-she-reads-back)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rules.model import Annotation, Assessment, CalendarEvent, Channel, MessageKind, Patient, Policy, Practice
from rules.telling.event_block import Receipt
from rules.telling.event_block import feedback as _feedback

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 10, 4, tzinfo=PARIS)
Booked = Callable[..., CalendarEvent]
Judged = Callable[..., Assessment]
TITLE = "DUPONT Marie – détartrage"
NO_BREAK = "\N{NO-BREAK SPACE}"
SENT = Receipt(MessageKind.CONFIRMATION, Channel.SMS, "sent", NOW)


def feedback(*facts: Any) -> Annotation:
    """Our part, with ordinary spaces so that a test can be read."""
    said = _feedback(*facts)
    return replace(said, lines=tuple(line.replace(NO_BREAK, " ") for line in said.lines))


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
    assert said.lines[0].startswith("✗ « DUPOND Marie » n'est pas dans le fichier.")
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in "\n".join(said.lines)


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
    assert (said.mark, said.lines[0]) == ("", line)


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


# --- what to do first, eight lines at most ---------------------------------------------------------------------------


def test_what_is_to_be_done_stands_first_then_the_booking_then_what_was_sent(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    event = booked(TITLE, "Suivi")
    said = feedback(judged(event, replace(marie, email=None)), event, lilas, (SENT,), NOW)
    assert [line[:12] for line in said.lines] == ["✗ E-mail man", "! « Suivi » ", "mardi 24 nov", "✓ SMS de con"]


def test_the_spaces_inside_quotes_and_before_high_signs_never_break(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    event = booked(TITLE, "E-mail : marie@gmial.com")
    line = _feedback(judged(event, marie), event, lilas, (), NOW).lines[0]
    assert line.startswith(
        "✗ E-mail «~marie@gmial.com~»~: vouliez-vous dire «~marie@gmail.com~»~? Corrigez".replace("~", NO_BREAK)
    )


@pytest.mark.parametrize("text", ["", "Nouveau patient", "Mobile : 06 12\nE-mail : x@\nAdresse : Paris\nAccord : ?"])
@pytest.mark.parametrize("count", [0, 1, 2, 6, 12])
def test_a_block_has_at_most_eight_lines(
    text: str, count: int, booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    """The two of its frame and its reference among them; of the receipts the last ones stay."""
    event = booked("X Y – détartrage", text)
    sent = [replace(SENT, at=NOW + timedelta(days=day)) for day in range(count)]
    for house in (marie, replace(marie, mobile=None, remarks=(NOW.date(),), visits=((NOW.date(), "bernard", None),))):
        for one in (event, booked(TITLE, text)):
            said = feedback(judged(one, house), one, lilas, sent, NOW)
            assert len(said.lines) <= 5, said.lines
            assert any("mardi 24 novembre à 9 h 30, 30 min, Dr Claire Martin" in line for line in said.lines)


def test_receipts_share_a_line_and_early_ones_are_counted(
    booked: Booked, judged: Judged, marie: Patient, lilas: Practice
) -> None:
    sent = [replace(SENT, at=NOW + timedelta(days=day)) for day in range(8)]
    said = feedback(judged(booked(TITLE), marie), booked(TITLE), lilas, sent, NOW)
    assert said.lines[3:] == (
        "  ".join(f"✓ SMS de confirmation envoyé le {day}/11 à 10 h 04" for day in (24, 25, 26, 27))
        + "  … et 4 plus tôt (attitre explain)",
    )


def test_what_does_not_fit_is_counted(booked: Booked, judged: Judged, marie: Patient, lilas: Practice) -> None:
    event = booked("Mme – RDV", "Nouveau patient\nMobile : 06 12\nE-mail : x@\nAdresse : Paris\nNé le : 31/02/1981")
    said = feedback(judged(event), event, lilas, (SENT,), NOW)
    assert [line[:8] for line in said.lines] == ["✗ Nom « ", "✗ Date d", "✗ Mobile", "… et 4 a", "mardi 24"]


def test_the_missing_details_share_a_line_where_there_are_too_many(
    booked: Booked, judged: Judged, lilas: Practice
) -> None:
    event = booked("DUPONT Marie", "Nouveau patient")
    said = feedback(judged(event), event, lilas, (), NOW)
    assert said.lines[:3] == (
        "✗ Manquent : date de naissance, mobile, e-mail, adresse. Tapez « Né(e) le : JJ/MM/AAAA », « Mobile : 06 … », "
        "« E-mail : nom@exemple.fr », « Adresse : 12 rue des Lilas, 75020 Paris ».",
        "✗ Motif manquant : tapez « Motif : … ». Motifs : Détartrage, Détartrage complet, Douleur, Contrôle.",
        "✗ Dentiste attitré ? Tapez « Dentiste : Dr Claire Martin » ou « Sans préférence ».",
    )
