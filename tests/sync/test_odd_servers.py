"""The whole engine on servers that misbehave as real ones do (docs/hard-cases.md#seen-on-real-servers), over HTTP."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from sync.core.context import Source, World
from sync.evaluate import typed_questions
from sync.pull.token_trust import reason
from sync.store import calendars, resources, tables
from sync.store.engine import Tx
from sync.worker.one_pass import one_pass
from tests.oddserver import PROFILES, OddServer, odd_server
from tests.office import COMPLETE, MORNING, PARIS, Office, ics, make_office

MINUTE, NIGHT = timedelta(seconds=61), timedelta(hours=24)
WRITES = sorted(set(PROFILES) - {"careless", "shortening", "latin1", "weak", "cutting"})


@dataclass
class OddOffice:
    """The office whose two calendars lie on an odd server; `she` saves there without asking for versions."""

    odd: OddServer
    office: Office

    def books(self, uid: str, day: int = 7, hour: int = 10, dentist: str = "martin", text: str = COMPLETE,
              title: str = "DUPONT Marie – détartrage") -> None:  # fmt: skip
        start = (MORNING + timedelta(days=day)).replace(hour=hour)
        body = ics(uid, title, start, 30, text)
        with self.odd.lock:
            self.odd.put(self.odd.collections[dentist], f"{uid}.ics", body, "", "")

    def deletes(self, uid: str, dentist: str = "martin") -> None:
        with self.odd.lock:
            self.odd.delete(self.odd.collections[dentist], f"{uid}.ics", "")

    def text(self, uid: str, dentist: str = "martin") -> str:
        body = self.odd.collections[dentist].members[f"{uid}.ics"][1]
        return body.replace(b"\r\n ", b"").decode()

    def row(self, dentist: str = "martin") -> calendars.CalendarRow:
        address = next(s.address for s in self.office.world.sources if s.dentist == dentist)
        with self.office.world.store.read() as tx:
            found = calendars.get(tx, address)
        assert found is not None
        return found

    def journal(self) -> list[str]:
        with self.office.world.store.read() as tx:
            return [line.event for line in tx.connection.execute(select(tables.journal))]

    def reads_only(self, dentist: str) -> None:
        """A pass that sees nothing new in the other calendar."""
        self.office.turned += MINUTE
        wanted = [source.address for source in self.office.world.sources if source.dentist == dentist]
        one_pass(self.office.world, only=wanted)

    def passes(self, times: int = 1, later: timedelta = MINUTE) -> None:
        for _ in range(times):
            self.office.passes(later=later)


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Callable[..., OddOffice]]:
    """`on(quirk, …)`: the office after an empty first pass."""
    with ExitStack() as stack:

        def made(*quirks: str) -> OddOffice:
            odd = stack.enter_context(odd_server(*quirks))
            sources = []
            for key in ("martin", "bernard"):
                url = odd.make(key)
                access = DavAccess(url)
                stack.callback(access.http.session.close)
                sources.append(Source(DavCalendar(access, url, zone=PARIS, secret=b"s" * 32), key))
            office = make_office(tmp_path, sources=sources)
            stack.callback(office.world.store.close)
            one_pass(office.world)
            return OddOffice(odd, office)

        yield made


@pytest.mark.parametrize("profile", WRITES)
def test_a_booking_lives_on_each_of_them_and_is_told_once(on: Callable[..., OddOffice], profile: str) -> None:
    desk = on(profile)
    desk.books("e0", text="Nouveau patient")
    desk.passes(3)
    assert "SUMMARY:⚠ DUPONT" in desk.text("e0")
    assert "✗ Manquent" in desk.text("e0")
    desk.books("e0")
    desk.passes(3)
    assert "SUMMARY:✓ DUPONT" in desk.text("e0")
    desk.books("e0", day=9)
    desk.passes(3)
    desk.deletes("e0")
    desk.passes(5)
    told = [desk.office.told(kind) for kind in ("confirmation", "modification", "cancellation")]
    assert told == [["sent"], ["sent"], ["sent"]]


@pytest.mark.parametrize("profile", WRITES)
def test_d02_a_quiet_calendar_stays_quiet_on_each_of_them(on: Callable[..., OddOffice], profile: str) -> None:
    desk = on(profile)
    desk.books("e0")
    desk.passes(3)
    wrote = [one for one in desk.odd.asked if one.verb == "PUT"]
    desk.passes(10)
    desk.passes(9, NIGHT)  # nightly and weekly audits too
    assert [one for one in desk.odd.asked if one.verb == "PUT"] == wrote
    assert desk.office.told("confirmation") == ["sent"]
    assert (desk.row().unreported, desk.row().doubted_at) == (0, None) or profile == "infomaniak"


@pytest.mark.parametrize("profile", ["careless", "latin1", "shortening"])
def test_c06_c10_a_server_that_cannot_be_trusted_with_writes_is_only_read(
    on: Callable[..., OddOffice], profile: str
) -> None:
    desk = on(profile)
    desk.books("e0", text=COMPLETE.replace("é", "e") if profile == "shortening" else COMPLETE)
    hers = desk.text("e0")
    desk.passes(4)
    assert desk.text("e0") == hers
    assert list(desk.odd.collections["martin"].members) == ["e0.ics"]
    assert desk.row().read_only
    assert desk.row().conditions_at is not None
    assert desk.journal().count("read-only") == 1
    if profile == "careless":
        assert desk.office.told("confirmation") == ["sent"], "its patients are told as ever"


def test_c06_a_server_that_was_mended_is_written_to_again(on: Callable[..., OddOffice]) -> None:
    desk = on("careless")
    desk.books("e0", day=20)
    desk.passes(2)
    assert desk.row().read_only
    desk.odd.quirks = frozenset()
    desk.passes(2, NIGHT)
    desk.passes()
    assert desk.row().read_only is None
    assert "✓ DUPONT" in desk.text("e0")
    assert "writable-again" in desk.journal()


def test_c06_a_server_that_stops_heeding_versions_is_found_out_within_a_month(on: Callable[..., OddOffice]) -> None:
    desk = on()
    desk.books("e0", day=60)
    desk.passes(2)
    desk.odd.quirks = frozenset({"ignores-if-match"})
    tried = desk.row().conditions_at
    desk.passes(27, NIGHT)
    assert desk.row().conditions_at == tried
    desk.passes(3, NIGHT)
    assert desk.row().read_only
    desk.books("e0", day=61)
    hers = desk.text("e0")
    desk.passes(3)
    assert desk.text("e0") == hers
    assert desk.office.told("modification") == ["sent"]


@pytest.mark.parametrize("profile", ["sogo", "zimbra"])
def test_c05_a_question_that_she_changed_a_moment_before_is_not_taken_out(
    on: Callable[..., OddOffice], monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    """SOGo deletes whatever version is named, so that the event is read just before."""
    desk, tidy = on(profile), typed_questions.tidy

    def and_she_saves(world: World) -> int:
        owed = tidy(world)
        if owed:
            desk.books("q", text="rappeler demain", title="? dupont")
        return owed

    monkeypatch.setattr(typed_questions, "tidy", and_she_saves)
    desk.books("q", title="? dupont", text="")
    desk.passes(3)
    assert "fin" in desk.text("q")
    desk.passes(1, NIGHT)
    assert "rappeler demain" in desk.text("q")


def test_a10_a_lying_token_is_found_out_over_http(on: Callable[..., OddOffice]) -> None:
    desk = on("lying-token")
    desk.books("e0", day=20)
    desk.books("e1", day=21)
    desk.passes(3)
    assert desk.office.told("confirmation") == []
    desk.passes(1, NIGHT)
    desk.passes(2)
    assert desk.office.told("confirmation") == ["sent", "sent"]
    assert (desk.row().unreported, desk.row().doubted_at is not None) == (2, True)
    assert "2 changements" in reason(desk.row())
    desk.books("e2", day=22)
    desk.passes(2)
    assert desk.office.told("confirmation") == ["sent"] * 3


def test_a13_after_a_teapot_the_calendar_is_listed(on: Callable[..., OddOffice]) -> None:
    desk = on("infomaniak")
    desk.books("e0")
    desk.books("e1", day=8)
    desk.passes(2)
    desk.deletes("e0")
    desk.passes(4)
    assert desk.office.told("cancellation") == ["sent"]
    assert desk.row().cursor is not None
    assert (desk.row().cursor.kind, "refuse ses propres repères" in reason(desk.row())) == ("etags", True)  # type: ignore[union-attr]


@pytest.mark.parametrize("order", ["both seen at once", "its new place seen first", "its old place seen first"])
def test_g04_moved_to_the_other_dentist_where_a_put_moves_the_event(on: Callable[..., OddOffice], order: str) -> None:
    desk = on("zimbra")
    desk.books("e0")
    desk.passes(2)
    known = "Né(e) le : 12/05/1981\nAccord patient : oui (tél. 24/11)"
    desk.books("e0", dentist="bernard", text=known)
    assert "e0.ics" not in desk.odd.collections["martin"].members
    if order != "both seen at once":  # a pass that had read the other calendar already
        desk.reads_only("bernard" if order == "its new place seen first" else "martin")
    desk.passes(4)
    assert (desk.office.told("modification"), desk.office.told("cancellation")) == (["sent"], [])


def test_b09_a_listing_that_is_cut_cancels_nobody(on: Callable[..., OddOffice]) -> None:
    desk = on("cuts")
    for number in range(6):
        desk.books(f"e{number}", day=7 + number)
        desk.passes()
    desk.passes(2, NIGHT)
    desk.passes(4)
    assert desk.office.told("cancellation") == []
    assert desk.office.told("confirmation") == ["sent"] * 6


def test_sogo_an_event_made_anew_under_the_same_version_is_found_within_a_week(on: Callable[..., OddOffice]) -> None:
    desk = on("first-version")
    desk.books("e0", day=30)
    desk.passes(2)
    collection = desk.odd.collections["martin"]
    collection.members["e0.ics"] = ('"gcs00000000"', collection.members["e0.ics"][1])
    desk.passes(2)
    desk.deletes("e0")
    desk.books("e0", day=35)
    desk.passes(9, NIGHT)
    desk.passes(2)
    assert desk.office.told("modification") == ["sent"]


def requests_of(desk: OddOffice, verb: str) -> list[Any]:
    return [one for one in desk.odd.asked if one.verb == verb]


def test_c03_every_write_into_her_event_names_a_strong_version(on: Callable[..., OddOffice]) -> None:
    desk = on("cyrus")
    desk.books("e0", text="Nouveau patient")
    desk.passes(2)
    desk.books("e0")
    desk.passes(3)
    hers = [one for one in requests_of(desk, "PUT") if "attitre-essai" not in one.path]
    assert hers
    assert all(one.headers.get("If-Match", "").startswith('"') for one in hers)


def test_c04_of_weak_versions_only_what_is_to_be_corrected_stands_beside_her_event(
    on: Callable[..., OddOffice],
) -> None:
    desk = on("weak")
    desk.books("e0", text="Nouveau patient")
    hers = desk.odd.collections["martin"].members["e0.ics"]
    desk.passes(3)
    members = desk.odd.collections["martin"].members
    assert members["e0.ics"] == hers
    (ref,) = set(members) - {"e0.ics"}
    assert "à corriger (1)" in desk.text(ref.removesuffix(".ics"))
    desk.books("e0", text="Nouveau patient\nMobile : 06 12 34 56 78")
    desk.passes(3)
    assert set(members) == {"e0.ics", ref}
    assert "✗ Mobile" not in desk.text(ref.removesuffix(".ics"))
    wrote = len(requests_of(desk, "PUT"))
    desk.passes(5)
    assert len(requests_of(desk, "PUT")) == wrote
    desk.books("e0")
    desk.passes(3)
    assert set(members) == {"e0.ics"}
    assert desk.office.told("confirmation") == ["sent"]


def test_an_event_made_anew_under_its_name_and_version_is_read_wherever_versions_repeat(
    on: Callable[..., OddOffice],
) -> None:
    """SOGo gives every new object the version `gcs00000000`: deleted and written again at once, it has it again."""
    desk = on("sogo")
    desk.books("e0", text="Nouveau patient")
    desk.passes(1)
    with desk.odd.lock:  # what we wrote is undone with the event itself: the version is the first one again
        desk.deletes("e0")
        desk.books("e0")
    desk.passes(3)
    assert desk.office.told("confirmation") == ["sent"]
    with desk.odd.lock:
        desk.deletes("e0")
        desk.books("e0", day=9)
    desk.passes(4)
    assert desk.office.told("modification") == ["sent"]
    assert desk.office.told("cancellation") == []


def test_b9_where_versions_repeat_the_whole_calendar_is_compared_once(
    on: Callable[..., OddOffice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each write of ours SOGo names the event with the version that we hold."""
    desk, wholes = on("sogo"), []
    versions = resources.versions

    def watched(tx: Tx, calendar: str, refs: Collection[str] | None = None) -> dict[str, str | None]:
        wholes.extend([calendar] if refs is None else [])
        return versions(tx, calendar, refs)

    desk.books("team", text="", title="Réunion d'équipe")
    desk.passes(1)
    monkeypatch.setattr(resources, "versions", watched)
    for number in range(5):
        desk.books(f"e{number}", text="Nouveau patient", day=7 + number)
        desk.passes(3)
    assert all("── attitre ──" in desk.text(f"e{number}") for number in range(5))
    assert len(wholes) == 1


@pytest.mark.parametrize("without", [(), ("no-sync",)])
def test_before_anything_was_written_into_it_too(on: Callable[..., OddOffice], without: tuple[str, ...]) -> None:
    """Where a listing names it, under the version that we hold, the calendar's own mark that moved says that it is
    another event."""
    desk = on("first-version", *without)
    desk.books("e0", text="", title="Réunion d'équipe")
    desk.passes(1)
    with desk.odd.lock:
        desk.deletes("e0")
        desk.books("e0")
    desk.passes(1)
    assert desk.office.told("confirmation") == ["sent"]


def test_what_a_token_of_the_same_second_names_again_and_again_is_read_twice_at_most(
    on: Callable[..., OddOffice],
) -> None:
    desk = on("first-version")
    desk.books("e0", text="", title="Réunion d'équipe")
    sync = desk.odd.sync
    desk.odd.sync = lambda where, path, _token: sync(where, path, "t0")  # type: ignore[method-assign]
    desk.passes(6)
    bodies = [one for one in desk.odd.asked if one.verb == "GET" or "multiget" in one.path]
    reports = [one for one in desk.odd.asked if one.verb == "REPORT" and "/martin/" in one.path]
    assert bodies == []
    assert len(reports) <= 2 + 6 + 2  # the first pass's, one a pass, and the two that brought the body


def test_our_own_writing_is_not_read_again_where_versions_do_not_repeat(on: Callable[..., OddOffice]) -> None:
    """Hard case D01: the server names what we wrote, under the version that it gave us."""
    desk = on("normalises")
    desk.books("e0")
    desk.passes(2)
    desk.odd.asked.clear()
    desk.passes(2)
    assert [one for one in desk.odd.asked if one.verb == "GET"] == []
    assert len([one for one in desk.odd.asked if one.verb == "REPORT" and "/martin/" in one.path]) <= 2
