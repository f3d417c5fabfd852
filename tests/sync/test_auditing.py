"""The nightly audit: what a token hides is found, told once, and the token is no longer believed
(docs/design.md#audit)."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from adapters.base import CursorLost, Page, TryLater
from sync.pull import reconcile
from sync.pull.token_trust import reason
from sync.report.journal_labels import in_words
from sync.store import calendars, tables
from sync.worker.one_pass import one_pass

if TYPE_CHECKING:
    from tests.sync.conftest import Office

MINUTE, NIGHT = timedelta(seconds=61), timedelta(hours=24)


def row(office: "Office", dentist: str = "martin") -> calendars.CalendarRow:
    with office.world.store.read() as tx:
        found = calendars.get(tx, f"memory:{dentist}")
    assert found is not None
    return found


def journal(office: "Office") -> list[str]:
    with office.world.store.read() as tx:
        return [line.event for line in tx.connection.execute(select(tables.journal))]


def hides(office: "Office", *, dentist: str = "martin") -> None:
    """The server forgets the newest entries of its log: tokens given so far are answered as if nothing had happened."""
    calendar = office.calendars[dentist]
    calendar._history[:] = ["" for _ in calendar._history]


def lies(office: "Office") -> None:
    """Whatever the token, the answer is an empty delta, for ever (SOGo's model)."""
    calendar = office.calendars["martin"]
    listed = calendar.changes

    def answers(cursor: object, known: object) -> object:
        if getattr(cursor, "kind", "") == "memory":
            yield Page(cursor=cursor)  # type: ignore[arg-type]
        else:
            yield from listed(cursor, known)  # type: ignore[arg-type]

    calendar.changes = answers  # type: ignore[method-assign, assignment]


def test_a10_a_token_that_says_nothing_is_found_out_in_the_night(office: "Office") -> None:
    office.she_books("e0")
    office.passes()
    lies(office)
    office.she_books("e0", day=9)
    office.she_books("e1", day=8)
    for _ in range(3):
        office.passes(later=MINUTE)
    assert office.told("modification") == []
    office.passes(later=NIGHT)
    office.passes(later=MINUTE)
    assert (row(office).unreported, row(office).cursor) == (2, reconcile.WHOLE)
    assert (office.told("modification"), office.told("confirmation")) == (["sent"], ["sent", "sent"])
    assert "2 changements que le serveur n'avait pas annoncés" in reason(row(office))
    assert {"unreported", "doubted"} <= set(journal(office))


def test_a10_a_doubted_calendar_is_seen_at_each_pass_whatever_its_token_says(office: "Office") -> None:
    lies(office)
    office.she_books("e0")
    office.passes(later=NIGHT)
    office.she_books("e1", day=8)
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent", "sent"]
    assert row(office).unreported == 1


@pytest.mark.parametrize("change", ["new", "moved", "deleted"])
def test_a11_a_change_that_the_server_lost_from_its_log_is_told_once(office: "Office", change: str) -> None:
    office.she_books("e0", day=9)
    office.passes()
    if change == "deleted":
        office.calendars["martin"].delete("e0.ics")
    else:
        office.she_books("e1" if change == "new" else "e0", day=10)
    hides(office)
    for _ in range(3):
        office.passes(later=MINUTE)
    before = len(office.sms.sent)
    office.passes(later=NIGHT)
    for _ in range(5):
        office.passes(later=MINUTE)
    assert len(office.sms.sent) == before + 1
    assert row(office).unreported == 1
    kinds = {"new": "confirmation", "moved": "modification", "deleted": "cancellation"}
    assert office.told(kinds[change])[-1] == "sent"


def test_a11_a_token_that_tells_everything_again_is_believed_again(office: "Office") -> None:
    office.she_books("e0")
    hides(office)
    office.passes(later=NIGHT)
    assert row(office).doubted_at is not None
    office.passes(later=NIGHT)
    assert row(office).doubted_at is not None, "nothing changed: nothing is proved"
    office.she_books("e1", day=12)
    office.passes(later=MINUTE)
    office.passes(later=NIGHT)
    assert (row(office).doubted_at, row(office).cursor.kind) == (None, "memory")  # type: ignore[union-attr]
    assert (reason(row(office)), row(office).unreported) == ("", 1)
    office.she_books("e2", day=13)
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"] * 3


def test_a11_a_token_that_hides_again_is_not_believed(office: "Office") -> None:
    office.she_books("e0")
    hides(office)
    office.passes(later=NIGHT)
    office.she_books("e1", day=12)
    office.passes(later=MINUTE)
    hides(office)
    office.passes(later=NIGHT)
    assert row(office).doubted_at is not None
    assert office.told("confirmation") == ["sent"] * 2


def test_a13_a_token_that_cannot_be_used_is_a_listing_from_then_on(office: "Office") -> None:
    office.she_books("e0")
    office.she_books("e1", day=8)
    office.passes()
    calendar = office.calendars["martin"]
    calendar.delete("e0.ics")
    calendar.fail_next(CursorLost("418", broken=True))
    office.passes(later=MINUTE)
    assert row(office).cursor == reconcile.WHOLE
    for _ in range(3):
        office.passes(later=MINUTE)
    assert office.told("cancellation") == ["sent"]
    assert "refuse ses propres repères" in reason(row(office))


def test_an_audit_that_finds_nothing_costs_one_listing_a_night(office: "Office") -> None:
    office.she_books("e0")
    office.passes(later=timedelta(hours=16))
    calendar = office.calendars["martin"]
    asked = calendar.calls["changes"]
    for _ in range(36):
        office.passes(later=timedelta(minutes=10))
    assert calendar.calls["changes"] == asked + 36 + 1
    assert (row(office).unreported, row(office).doubted_at) == (0, None)
    assert row(office).audited_at is not None
    assert 2 <= row(office).audited_at.astimezone(office.now.tzinfo).hour < 6  # type: ignore[union-attr]


def test_the_audit_comes_late_where_the_worker_was_down(office: "Office") -> None:
    lies(office)
    office.she_books("e0")
    office.passes(later=timedelta(days=3, hours=2))
    assert office.told("confirmation") == ["sent"]


def test_she_saves_while_the_audit_listens_and_nothing_is_doubted(office: "Office") -> None:
    office.she_books("e0")
    office.passes()
    calendar = office.calendars["martin"]
    listed = calendar.changes

    def saves_meanwhile(cursor: object, known: object) -> object:
        if cursor == reconcile.WHOLE:
            office.she_books("e0", day=9)
        yield from listed(cursor, known)  # type: ignore[arg-type]

    calendar.changes = saves_meanwhile  # type: ignore[method-assign, assignment]
    office.passes(later=NIGHT)
    assert (row(office).unreported, office.told("modification")) == (0, ["sent"])


def test_a_listing_that_is_cut_is_no_change(office: "Office") -> None:
    office.she_books("e0")
    office.passes()
    calendar = office.calendars["martin"]
    listed = calendar.changes

    def cut(cursor: object, known: object) -> object:
        if cursor == reconcile.WHOLE:
            yield Page(absent=("e0.ics",), cursor=reconcile.WHOLE, full=True)
        else:
            yield from listed(cursor, known)  # type: ignore[arg-type]

    calendar.changes = cut  # type: ignore[method-assign, assignment]
    office.passes(later=NIGHT)
    for _ in range(3):
        office.passes(later=MINUTE)
    assert (row(office).unreported, office.told("cancellation")) == (0, [])


def test_the_weekly_audit_reads_bodies_whose_version_never_moves(office: "Office") -> None:
    """SOGo gives every new object the same version, also when it was deleted and made anew with another text."""
    office.she_books("e0", day=20)
    office.passes()
    office.passes(later=NIGHT)
    calendar = office.calendars["martin"]
    kept = calendar._held["e0.ics"].version
    office.she_books("e0", day=25)
    calendar._held["e0.ics"] = type(calendar._held["e0.ics"])("e0.ics", kept, calendar._held["e0.ics"].payload)
    hides(office)
    for _ in range(5):
        office.passes(later=NIGHT)
    assert office.told("modification") == []
    for _ in range(3):
        office.passes(later=NIGHT)
    assert (office.told("modification"), row(office).unreported) == (["sent"], 1)


def test_an_audit_that_cannot_be_made_is_tried_again_and_stops_nobody(office: "Office") -> None:
    office.she_books("e0")
    office.passes()
    calendar = office.calendars["martin"]
    listed = calendar.changes

    def busy(cursor: object, known: object) -> object:
        if cursor == reconcile.WHOLE:
            raise TryLater("occupé")
        yield from listed(cursor, known)  # type: ignore[arg-type]

    calendar.changes = busy  # type: ignore[method-assign, assignment]
    office.passes(later=NIGHT)
    office.passes(later=MINUTE)
    assert journal(office).count("audit-failed") == 1
    assert row(office, "bernard").audited_at is not None
    calendar.changes = listed  # type: ignore[method-assign]
    office.passes(later=timedelta(hours=1))
    assert row(office).audited_at is not None


def test_a_new_calendar_is_not_audited_in_its_first_pass(new_office: "Office") -> None:
    one_pass(new_office.world)
    assert row(new_office).audit_tried_at is None


def test_what_an_audit_found_can_be_read() -> None:
    assert in_words("unreported", "2").endswith(": 2 en tout")
