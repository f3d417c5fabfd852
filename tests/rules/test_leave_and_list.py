"""Appointments in an absence (P24), the list's own events (P44), and notes beside events (docs/design.md)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from rules.checks import leave
from rules.checks.leave import Affected
from rules.findings import raised
from rules.model import ANY_TIME, Booking, CalendarEvent, Entry, Patient, Practice
from rules.telling import correction_notice, waiting_words

CONGES = "Congés d'hiver"
AT = datetime(2026, 12, 1, 9, tzinfo=UTC)  # 10 h in Paris


def many(number: int, *, days: int = 1) -> list[Affected]:
    return [Affected(AT + timedelta(days=n % days, minutes=20 * n), f"Nom {n}") for n in range(number)]


@pytest.mark.parametrize(
    ("title", "all_day", "away"),
    [("Congés", False, True), ("formation laser", False, True), ("Réunion", False, False), ("x", True, True)],
)
def test_p24_an_absence_is_whole_days_or_a_word_for_it(title: str, all_day: bool, away: bool) -> None:
    assert leave.is_leave(title, all_day=all_day) is away


def test_p24_what_lies_in_it_is_listed_and_what_to_do_said(lilas: Practice) -> None:
    paged = replace(lilas, page_url="https://rdv.example")
    [found] = leave.said(many(2), CONGES, Entry(), paged, asked=False)
    assert found.text.startswith("2 rendez-vous tombent sur ces congés")
    assert "Proposer d'autres dates" in found.text
    assert found.proposals == ("mardi 1er décembre à 10 h, Nom 0", "mardi 1er décembre à 10 h 20, Nom 1")
    [found] = leave.said(many(1), CONGES, Entry(), lilas, asked=False)
    assert "1 rendez-vous tombe sur ces congés" in found.text
    assert "appelez le patient." in found.text


def test_p24_asked_the_answers_stand_beside_the_hours(lilas: Practice) -> None:
    paged = replace(lilas, page_url="https://rdv.example")
    answered = [replace(one, said="refusé") for one in many(1)] + [Affected(AT, "Q", "déplacé", settled=True)]
    [found] = leave.said(answered, CONGES, Entry(rescue=True), paged, asked=True)
    assert "autres dates proposées, 1 réglé" in found.text
    assert "mardi 1er décembre à 10 h, Nom 0 : refusé" in found.proposals
    [over] = leave.said([Affected(AT, "Q", "déplacé", settled=True)], CONGES, Entry(), paged, asked=True)
    assert "Plus aucun rendez-vous" in over.text
    [nobody] = leave.said([], CONGES, Entry(rescue=True), paged, asked=False)
    assert "Aucun rendez-vous ne tombe" in nobody.text
    assert leave.said([], CONGES, Entry(), paged, asked=False) == ()
    [by_hand] = leave.said(many(1), CONGES, Entry(rescue=True), lilas, asked=False)
    assert by_hand.rule == "rescue-no-way"


def test_p24_many_stand_by_day_and_the_rest_is_counted(lilas: Practice) -> None:
    two_days = leave.listed(many(8, days=2), lilas)
    assert len(two_days) == 2
    assert two_days[0].startswith("mardi 1er décembre : 10 h Nom 0, ")
    all_of_them = leave.listed(many(60, days=10), lilas)
    assert len(all_of_them) == 4
    assert all_of_them[-1] == "… et 44 autres (attitre agenda)"


def test_p44_the_lists_event_says_what_was_understood_and_that_nothing_is_reserved(lilas: Practice) -> None:
    booking = Booking("martin", AT, AT + timedelta(minutes=30), Patient("Dupont", "Marie"), "Détartrage")
    block = waiting_words.entry_block((), "DUPONT Marie", ANY_TIME, booking, lilas)
    assert [line.replace("\u00a0", " ") for line in block.lines] == [
        "✓ Inscrit sur la liste d'attente : rien n'est réservé.",
        "DUPONT Marie : Détartrage, 30 min, Dr Claire Martin, tous les jours, toutes les heures",
    ]
    wrong = raised(lilas.policy, "dentist-unasked", dentist="Dr Claire Martin")
    assert waiting_words.entry_block(wrong, "", ANY_TIME, booking, lilas).mark == "⚠ "
    assert waiting_words.nobody().mark == "⚠ "
    offered = [(AT, AT + timedelta(days=n), "refused") for n in range(4)]
    assert len(waiting_words.asked(offered)) == waiting_words.SHOWN
    assert all(line.endswith(", refusé") for line in waiting_words.asked(offered))


def test_c10_a_note_beside_the_events_of_a_day_says_the_same_whatever_the_order(
    lilas: Practice, booked: Callable[..., CalendarEvent]
) -> None:
    wrong = raised(lilas.policy, "dentist-unasked", dentist="Dr Claire Martin")
    one = correction_notice.Correction(AT, False, "DUPONT Marie", "Il a des invités.", wrong)
    two = correction_notice.Correction(AT, True, "", "lecture seule", wrong)
    title, text = correction_notice.notice([one, two], lilas)
    assert (title, text) == correction_notice.notice([two, one], lilas)
    assert title == "attitre : à corriger (2)"
    assert text.startswith("Toute la journée, sans titre (rien n'y est écrit : lecture seule)")
    assert "10 h, DUPONT Marie (rien n'y est écrit : il a des invités)" in text.replace("\u00a0", " ")
    assert correction_notice.worth_saying(wrong) == wrong
    ours = booked(title, uid_of_ours := "", all_day=True, transparent=True)
    assert correction_notice.is_companion(ours), uid_of_ours
    assert not correction_notice.is_companion(booked("DUPONT Marie"))
    assert not correction_notice.is_notice("attitre : à corriger")
