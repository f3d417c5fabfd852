"""Every message that went or did not go, every writing that happened or did not, has its reason (`attitre explain`)."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from adapters.base import Permanent, Refused, TryLater
from rules.model import Annotation, Channel, Kind
from sync.report.explain import Explanation, explain
from sync.report.journal_labels import WORDS, in_words
from sync.report.lookup import Target, find
from sync.store import edits
from sync.store import tables as t
from tests.sync.conftest import COMPLETE, MORNING, Office, ics

DAY = timedelta(days=1)
ROOT = Path(__file__).parents[2]


def found(office: Office, wanted: str) -> list[Target]:
    with office.world.store.read() as tx:
        return find(office.world, tx, wanted)


def asked(office: Office, wanted: str = "dupont") -> Explanation:
    (target,) = found(office, wanted)
    with office.world.store.read() as tx:
        return explain(office.world, tx, target)


def settings(office: Office, **policy: Any) -> None:
    practice = office.world.practice
    office.world = replace(office.world, practice=replace(practice, policy=replace(practice.policy, **policy)))


def sources(told: Explanation) -> dict[str, tuple[str, str]]:
    return {one.name: (one.value, one.source) for one in told.facts}


def events(told: Explanation) -> list[str]:
    return [one.event for one in told.story]


def plans(told: Explanation) -> dict[Channel, tuple[str | None, str]]:
    return {one.channel: (one.kind, one.reason) for one in told.plans}


def everything(office: Office) -> list[list[tuple[Any, ...]]]:
    with office.world.store.read() as tx:
        return [[tuple(row) for row in tx.connection.execute(select(table))] for table in t.metadata.sorted_tables]


# --- what was recognised ---------------------------------------------------------------------------------------------


def test_each_fact_says_where_it_came_from(office: Office) -> None:
    office.she_books("a", text=COMPLETE + "\nCommentaire : porte au fond")
    office.passes()
    told = sources(asked(office))
    assert told["Mobile"] == ("+33612345678", "typed")
    assert told["Patient"] == ("DUPONT Marie, né(e) le 12/05/1981", "directory")
    assert told["Visite"] == ("première consultation", "inferred")
    assert told["Praticien"] == ("Dr Claire Martin", "calendar")
    assert told["Commentaire"] == ("oui", "typed")
    office.she_books("b", day=60, text="")
    office.passes()
    later = next(one for one in found(office, "dupont") if one.uid == "b")
    assert later.booking is not None
    told = sources(asked(office, str(later.booking.id)))
    assert told["Mobile"] == ("+33612345678", "directory")
    assert told["Dentiste attitré"] == ("Dr Claire Martin", "directory")


def test_p13_a_detail_that_could_not_be_believed_is_missing_and_quoted(office: Office) -> None:
    office.she_books("a", text=COMPLETE.replace("06 12 34 56 78", "01 43 00 00 01"))
    office.passes()
    told = asked(office)
    (mobile,) = [one for one in told.facts if one.name == "Mobile"]
    assert (mobile.value, mobile.source, mobile.note) == ("–", "missing", "« 01 43 00 00 01 » n'est pas valable")
    assert told.state == "invalid"
    assert [one.rule for one in told.findings if one.severity == "error"] == ["mobile-invalid"]
    assert set(plans(told).values()) == {(None, "à corriger : rien ne part avant")}


def test_the_comment_s_words_are_not_repeated(office: Office) -> None:
    office.she_books("a", text=COMPLETE + "\nCommentaire : porte au fond")
    office.passes()
    assert "porte au fond" not in repr(asked(office).facts)


# --- what goes, and why not ------------------------------------------------------------------------------------------


def test_p18_a_confirmation_waits_for_the_quiet_time_and_says_until_when(office: Office) -> None:
    settings(office, settle_seconds=90)
    office.she_books("a")
    office.passes()
    told = asked(office)
    (sms,) = [one for one in told.plans if one.channel is Channel.SMS]
    assert (sms.kind, sms.reason, sms.due) == ("confirmation", "validé", MORNING + timedelta(seconds=90))
    assert {one.reason for one in told.messages} == {"attend que l'événement ne change plus"}
    office.turned += timedelta(seconds=91)
    assert {one.reason for one in asked(office).messages} == {"part au prochain passage"}


def test_h08_a_message_that_is_due_waits_for_a_calendar_that_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(office, settle_seconds=90)
    office.she_books("a")
    office.passes()

    def down(*_: object) -> Iterator[None]:
        raise TryLater("L'agenda n'est pas joignable.")

    monkeypatch.setattr(office.calendars["martin"], "changes", down)
    office.passes(later=timedelta(minutes=5))
    told = asked(office)
    assert {one.reason for one in told.messages} == {"l'agenda ne répond pas : rien ne part avant qu'il soit relu"}
    assert "trouble" in events(told)
    assert [one.text for one in told.story if one.event == "trouble"] == ["l'agenda n'a pas pu être lu : injoignable"]


def test_p41_the_reminder_s_hour_is_said_and_why_there_is_none(office: Office) -> None:
    office.she_books("a")
    office.she_books("b", day=1, hour=8, text=COMPLETE.replace("Marie", "Lucie"))
    office.passes()
    week = next(one for one in found(office, "dupont") if one.uid == "a").booking
    tomorrow = next(one for one in found(office, "dupont") if one.uid == "b").booking
    assert week is not None and tomorrow is not None
    assert {one.reminder for one in asked(office, str(week.id)).plans} == {"rappel le 30/11/2026 à 10:00"}
    assert {one.reminder for one in asked(office, str(tomorrow.id)).plans} == {
        "pas de rappel : prévenu peu avant le rendez-vous, ce message en tient lieu"
    }
    office.passes(later=6 * DAY + timedelta(hours=2))
    assert {one.reminder for one in asked(office, str(week.id)).plans} == {"rappel : envoyé"}


def test_a_refused_message_and_one_to_try_again_say_why(office: Office) -> None:
    office.sms.fail(Permanent("La passerelle SMS refuse ce message (400 Bad Request)."))
    office.email.fail(TryLater("Le serveur de courrier est occupé."))
    office.she_books("a")
    office.passes()
    told = asked(office)
    sms, email = (next(one for one in told.messages if one.row.channel is channel) for channel in Channel)
    assert (sms.row.state, sms.reason) == ("failed", "La passerelle SMS refuse ce message (400 Bad Request).")
    assert (email.row.state, email.row.attempts) == ("pending", 1)
    assert email.reason == "Le serveur de courrier est occupé."
    assert email.row.next_try is not None
    kind, reason = plans(told)[Channel.SMS]
    assert kind is None
    assert "refusé pour de bon" in reason
    assert {"message-failed", "retry"} <= set(events(told))


def test_without_address_or_gateway_the_plan_says_so(office: Office) -> None:
    office.she_books("a", text=COMPLETE.replace("Mobile : 06 12 34 56 78", "Sans mobile : oui (n'en a pas)"))
    office.passes()
    told = asked(office)
    assert plans(told)[Channel.SMS] == (None, "validé, mais aucun mobile n'est connu")
    assert sources(told)["Mobile"] == ("–", "typed")


def test_p43_deleted_is_cancelled_and_the_hour_is_in_the_story(office: Office) -> None:
    office.she_books("a")
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes(later=timedelta(minutes=2))
    office.passes(later=timedelta(minutes=2))
    told = asked(office)
    assert told.state == "cancelled"
    assert {reason for _, reason in plans(told).values()} == {"le patient sait que le rendez-vous n'a plus lieu"}
    assert events(told)[-1] == "message-told"
    assert "vanished" in events(told)
    assert told.writing.reason == "l'événement n'est plus dans l'agenda"
    assert told.findings == ()


def test_p43_what_the_brake_holds_says_so_and_what_was_approved_too(office: Office) -> None:
    for number in range(8):
        office.she_books(f"e{number}", day=7 + number)
    office.passes()
    for number in range(8):
        office.calendars["martin"].delete(f"e{number}.ics")
    office.passes(later=timedelta(minutes=2))
    office.passes(later=timedelta(minutes=2))
    told = asked(office, "1")
    assert told.state == "held"
    assert {reason for _, reason in plans(told).values()} == {"annulations retenues : le cabinet doit décider"}
    assert [one.text for one in told.story if one.event == "held"] == ["annulations de cet agenda retenues : 8 en tout"]


def test_p42_moved_to_another_calendar_is_one_story(office: Office) -> None:
    office.she_books("a")
    office.passes()
    body = office.calendars["martin"].get("a.ics")
    assert body is not None
    office.calendars["bernard"].put("a.ics", body.payload)
    office.calendars["martin"].delete("a.ics")
    office.passes(later=timedelta(minutes=2))
    told = asked(office)
    assert told.target.calendar == "memory:bernard"
    assert "moved" in events(told)
    assert events(told).count("booked") == 1


def test_p42_a_change_says_from_when_to_when(office: Office) -> None:
    office.she_books("a", hour=10)
    office.passes()
    office.she_books("a", hour=11)
    office.passes(later=timedelta(minutes=5))
    (text,) = {one.text for one in asked(office).story if "modification par SMS" in one.text and one.event == "planned"}
    assert text.endswith("(du 01/12/2026 10:00 au 01/12/2026 11:00)")


def test_the_story_is_in_order_of_time(office: Office) -> None:
    office.she_books("a", hour=10)
    office.passes()
    office.she_books("a", hour=11)
    office.passes(later=timedelta(minutes=5))
    told = asked(office)
    assert [one.at for one in told.story] == sorted(one.at for one in told.story)
    assert events(told)[0] == "booked"
    assert {one.at.tzinfo for one in told.story} == {office.world.practice.zone}
    assert events(told).count("written") == 2


# --- what stands in the event ----------------------------------------------------------------------------------------


def test_the_writing_that_is_owed_says_from_when_and_why(office: Office) -> None:
    settings(office, quiet_seconds=15)
    office.calendars["martin"].put(
        "a.ics", ics("a", "DUPONT Marie – détartrage", MORNING + 7 * DAY, text="", extra=modified(office))
    )
    office.passes()
    told = asked(office).writing
    assert (told.present, told.due) == (False, MORNING + timedelta(seconds=15))
    assert told.reason == "15 secondes de calme après sa dernière modification"


def test_p8_a_new_end_that_is_owed_is_said(office: Office) -> None:
    office.she_books("a")
    office.passes()
    end = MORNING + 7 * DAY + timedelta(hours=1, minutes=45)
    with office.world.store.write() as tx:
        edits.want(tx, "memory:martin", "a.ics", Annotation("✓ "), due=MORNING + timedelta(minutes=1), end=end)
    told = asked(office).writing
    assert (told.due, told.end) == (MORNING + timedelta(minutes=1), end)


def modified(office: Office) -> str:
    return f"LAST-MODIFIED:{office.now - timedelta(hours=1):%Y%m%dT%H%M%SZ}"


def test_what_was_there_before_is_not_written_to_and_says_so(new_office: Office) -> None:
    new_office.she_books("a", text="")
    new_office.passes()
    told = asked(new_office)
    assert "présent avant le premier passage" in told.writing.reason
    assert "baseline" in events(told)
    assert not told.writing.present


def test_a_calendar_that_refuses_is_named(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.calendars["martin"], "apply", lambda *_: Refused("L'agenda est en lecture seule."))
    office.she_books("a")
    office.passes()
    told = asked(office)
    assert told.writing.reason == "L'agenda est en lecture seule."
    assert "write-refused" in events(told)


def test_an_event_with_guests_says_why_nothing_is_written(office: Office) -> None:
    guests = "ORGANIZER:mailto:a@example.org\r\nATTENDEE:mailto:b@example.org"
    office.calendars["martin"].put("a.ics", ics("a", "DUPONT Marie – détartrage", MORNING + 7 * DAY, extra=guests))
    office.passes()
    assert "invités" in asked(office).writing.reason


# --- what is no booking ----------------------------------------------------------------------------------------------


def test_p51_a_block_without_motif_is_explained(office: Office) -> None:
    office.calendars["martin"].put("b.ics", ics("b", "Bloqué", MORNING + DAY, extra="RRULE:FREQ=WEEKLY;COUNT=5"))
    office.passes()
    told = asked(office, "bloque")
    assert told.state == "block_without_motif"
    assert [one.rule for one in told.findings] == ["block-without-motif"]
    assert told.target.start == MORNING + DAY, "of a series, the next"
    assert told.writing.mark == "⚠"


def test_a_private_event_gives_away_neither_its_title_nor_its_words(office: Office) -> None:
    office.calendars["martin"].put("p.ics", ics("p", "Avocat", MORNING + DAY, extra="CLASS:PRIVATE"))
    office.passes()
    assert found(office, "avocat") == []
    told = asked(office, "p")
    assert (told.state, told.target.title) == ("private", "")
    assert "Avocat" not in repr(told)


def test_a_question_is_called_one(office: Office) -> None:
    office.calendars["martin"].put("q.ics", ics("q", "? dupont 1981", MORNING + DAY))
    office.passes()
    told = asked(office, "q")
    assert (told.kind, told.state, told.writing.present) == (Kind.QUERY, "query", True)


def test_an_event_that_cannot_be_read_is_found_and_said(office: Office) -> None:
    office.calendars["martin"].put("abime.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Cassandre\r\n")
    office.passes()
    told = asked(office, "cassandre")
    assert told.state == "unreadable"
    assert [one.rule for one in told.findings] == ["event-unreadable"]


# --- which event -----------------------------------------------------------------------------------------------------


def test_found_by_words_without_accents_or_case_by_uid_and_by_number(office: Office) -> None:
    office.she_books("a")
    office.passes()
    for wanted in ("DUPONT", "detartrage", "dup DÉTAR", "a", "1", "Marie Dupont"):
        assert [one.uid for one in found(office, wanted)] == ["a"], wanted
    for wanted in ("durand", "dupont contrôle", "", "?", "999", "partrage"):
        assert found(office, wanted) == [], wanted


def test_several_are_listed_in_order_of_time(office: Office) -> None:
    office.she_books("b", day=9)
    office.she_books("a", day=7)
    office.passes()
    assert [one.uid for one in found(office, "dupont")] == ["a", "b"]


def test_asking_changes_nothing(office: Office) -> None:
    office.she_books("a")
    office.passes()
    office.calendars["martin"].delete("a.ics")
    office.passes(later=timedelta(minutes=2))
    before = everything(office)
    asked(office)
    assert everything(office) == before


# --- the journal's words ---------------------------------------------------------------------------------------------


def names(tree: ast.Module) -> Iterator[str]:
    """The third argument of every `journal.log`: itself; of an f-string, its fixed beginning and `*`; of a variable
    `event`, what callers in the same file give it."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "journal.log"):
            continue
        given = node.args[2]
        if isinstance(given, ast.Constant):
            yield str(given.value)
        elif isinstance(given, ast.JoinedStr) and isinstance(given.values[0], ast.Constant):
            yield str(given.values[0].value) + "*"
        else:
            assert isinstance(given, ast.Name), f"say {ast.unparse(given)} so that its words can be checked"
            calls = [one for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg == given.id]
            yield from (str(one.value.value) for one in calls if isinstance(one.value, ast.Constant))


def test_every_name_in_the_journal_has_its_words() -> None:
    used = {name for file in ROOT.glob("sync/**/*.py") for name in names(ast.parse(file.read_text("utf-8")))}
    assert {"booked", "released", "message-*"} <= used
    for name in used:
        known = [one for one in WORDS if one == name or (name.endswith("*") and one.startswith(name[:-1]))]
        assert known, f"« {name} » has no words: add them to sync/report/journal_labels.py"


def test_details_are_said_in_words_and_unknown_ones_as_they_are() -> None:
    assert in_words("message-told", "confirmation:sms") == "message parti : confirmation par SMS"
    assert in_words("trouble", "denied") == "l'agenda n'a pas pu être lu : accès refusé"
    assert in_words("booked") == "reconnu comme rendez-vous"
    assert in_words("nouveau", "x") == "nouveau : x"
