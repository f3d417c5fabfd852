"""Whatever the secretary does with an offer or a place on the list wins, even if nobody has read it yet (P44)."""

import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import EditResult, TryLater
from adapters.calendars.memory import MemoryCalendar
from adapters.web.patients import LinkTo, Shown, What
from rules.model import AddEvent
from sync.people.erase import Erased, erase
from sync.store import offers, patients, waiting_entries
from sync.waiting.answers import STOPPED, withdraw
from tests.at_the_page import Patient as AtThePage
from tests.desk import LUC, MARIE, Desk, Event, make_desk, moment
from tests.office import PARIS, ics
from tests.procedure.waiting import LIST, OFFERING, ZOE, Phone, desk_with_list, frees, phone_of, titles

WAITS = "Liste d'attente"
HELD, FREED = moment("15/12 10:00"), moment("01/12 10:00")
SHARED = replace(ZOE, mobile=MARIE.mobile, email=MARIE.email)  # a family on one phone


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, OFFERING, [MARIE, LUC, ZOE])


@pytest.fixture
def listed(tmp_path: Path) -> Desk:
    """The list has a calendar of its own."""
    return desk_with_list(tmp_path, [MARIE, LUC, ZOE])


def offered(desk: Desk, text: str = WAITS) -> tuple[Event, Phone]:
    """Marie Dupont's appointment of 15 December; she was offered the first."""
    event = desk.books("DUPONT Marie – détartrage", text, at="15/12 10:00")
    frees(desk)
    return event, phone_of(desk, MARIE)


def on_the_list(desk: Desk) -> tuple[Event, Phone]:
    """Marie Dupont has no appointment, and was offered the first of December."""
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    frees(desk)
    return event, phone_of(desk, MARIE)


def opens(phone: Phone) -> Shown | None:
    """What the link of the first offer leads to."""
    return phone._pages.shown(LinkTo.OFFER, phone._secret(0))


def shown_in(desk: Desk) -> str:
    """Where the offer's event stands."""
    [ref] = [ref for ref, body in desk.office.calendars["martin"]._held.items() if b"Propos" in body.payload]
    return ref


def types(event: Event, text: str = "", title: str = "") -> None:
    """She saves the event, and nobody has read it yet."""
    body = ics(event.uid, title or event.title, event.at, event.minutes, text)
    event.desk.office.calendars[event.dentist].put(f"{event.uid}.ics", body)


def passes(desk: Desk) -> None:
    for _ in range(3):
        desk.waits(minutes=1)


# --- the event that shows the offer ----------------------------------------------------------------------------------


def test_p44_she_deletes_the_offer_a_moment_before_the_patient_accepts(desk: Desk) -> None:
    event, marie = offered(desk)
    desk.office.calendars["martin"].delete(shown_in(desk))
    assert marie.presses(What.ACCEPT).pending
    passes(desk)
    assert desk.office.event(event.uid).start == HELD
    assert marie.sees().news.startswith(
        "Ce créneau a été repris par le cabinet. Votre rendez-vous du mardi 15 décembre"
    )


def test_p44_she_moves_the_offer_a_moment_before_the_patient_accepts(desk: Desk) -> None:
    event, marie = offered(desk)
    calendar, ref = desk.office.calendars["martin"], shown_in(desk)
    body = calendar.get(ref)
    assert body is not None
    moved = re.sub(rb"(DT(?:START|END)[^\r]*?202612)01T", rb"\g<1>02T", body.payload)
    assert moved != body.payload
    calendar.put(ref, moved)
    marie.presses(What.ACCEPT)
    passes(desk)
    assert desk.office.event(event.uid).start == HELD


def test_p44_she_deletes_the_offer_of_a_new_appointment_a_moment_before(listed: Desk) -> None:
    _, marie = on_the_list(listed)
    listed.office.calendars["martin"].delete(shown_in(listed))
    marie.presses(What.ACCEPT)
    passes(listed)
    assert titles(listed) == []
    assert titles(listed, LIST) == ["DUPONT Marie – détartrage"]


def test_p44_she_deletes_what_we_noted_before_it_was_read_again(listed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, marie = on_the_list(listed)
    marie.presses(What.ACCEPT)
    martin, add = listed.office.calendars["martin"], MemoryCalendar.add

    def and_falls_silent(self: MemoryCalendar, event: AddEvent) -> EditResult:
        done = add(self, event)
        martin.fail_next(TryLater("Injoignable."), times=3)
        return done

    monkeypatch.setattr(MemoryCalendar, "add", and_falls_silent)
    listed.waits(minutes=1)
    monkeypatch.undo()
    [ref] = [
        ref for ref, body in martin._held.items() if b"DUPONT Marie" in body.payload and b"Propos" not in body.payload
    ]
    martin.delete(ref)
    for _ in range(6):
        listed.waits(minutes=10)
    assert titles(listed) == []
    assert "repris par le cabinet" in marie.sees().news
    assert [one for one in listed.sms(MARIE.mobile) if "confirmé" in one] == []
    assert entry.reads


def test_p44_ruling22_an_appointment_noted_in_the_offers_event_is_one(desk: Desk) -> None:
    offered(desk)
    calendar, ref = desk.office.calendars["martin"], shown_in(desk)
    body = calendar.get(ref)
    assert body is not None
    calendar.put(ref, re.sub(rb"SUMMARY:[^\r]*", "SUMMARY:MOREAU Luc – détartrage".encode(), body.payload))
    passes(desk)
    assert "confirmé le mardi 1er décembre à 10h" in desk.sms(LUC.mobile)[-1]
    marie = AtThePage(desk, desk.sms(MARIE.mobile)[0])
    [day] = [one for one in marie.sees(What.MOVE).days if one.label == "mardi 1er décembre"]
    assert "10 h" not in {time.label for time in day.times}


def test_p44_accepting_while_the_same_appointment_is_being_cancelled_is_answered(desk: Desk) -> None:
    event, marie = offered(desk)
    AtThePage(desk, desk.sms(MARIE.mobile)[0]).does(What.CANCEL)
    assert "autre chose y est en cours" in marie.presses(What.ACCEPT).news
    passes(desk)
    assert event.title not in titles(desk)
    assert marie.sees().news == "Vous n'êtes plus sur la liste d'attente."


# --- who waits -------------------------------------------------------------------------------------------------------


def test_p44_taken_off_the_list_the_offer_ends_and_the_next_is_asked(desk: Desk) -> None:
    event, marie = offered(desk)
    desk.waits(minutes=1)
    desk.books("PETIT Zoé – détartrage", WAITS, at="16/12 10:00")
    event.retypes("")
    desk.waits(minutes=1)
    page = marie.sees()
    assert page.may == ()
    assert page.news == (
        "Vous n'êtes plus sur la liste d'attente. Votre rendez-vous du mardi 15 décembre à 10 h reste réservé."
    )
    assert len(phone_of(desk, ZOE).offers) == 1
    assert [one for one in titles(desk) if one.startswith("Proposé")] == [titles(desk)[0]]


def test_p44_taken_off_the_list_a_moment_before_the_patient_accepts(desk: Desk) -> None:
    event, marie = offered(desk)
    types(event)
    marie.presses(What.ACCEPT)
    passes(desk)
    assert desk.office.event(event.uid).start == HELD
    assert marie.sees().news.startswith("Vous n'êtes plus sur la liste d'attente.")


def test_p44_out_of_the_lists_calendar_the_offer_ends(listed: Desk) -> None:
    event, marie = on_the_list(listed)
    event.deletes()
    listed.waits(minutes=1)
    assert marie.sees().may == ()
    assert titles(listed) == []


@pytest.mark.parametrize("read", [True, False])
def test_p49_an_entry_given_to_another_patient_is_not_taken_by_the_first(listed: Desk, *, read: bool) -> None:
    event, marie = on_the_list(listed)
    if read:
        event.retypes(title="PETIT Zoé – détartrage")
    else:
        types(event, title="PETIT Zoé – détartrage")
        marie.presses(What.ACCEPT)
    passes(listed)
    assert marie.sees().news == "Vous n'êtes plus sur la liste d'attente."
    assert "PETIT Zoé – détartrage" not in titles(listed)
    assert titles(listed, LIST) == ["PETIT Zoé – détartrage"]
    assert not [text for text in listed.sms(MARIE.mobile) if "confirmé" in text]


STRANGER = "BLANC Jean – détartrage"  # the directory does not have him


@pytest.mark.parametrize("accepted", ["after", "before", "in flight"])
@pytest.mark.parametrize("title", ["PETIT Zoé – détartrage", STRANGER])
def test_p49_an_accepted_time_is_not_noted_for_whoever_the_lists_event_is_given_to(
    listed: Desk, monkeypatch: pytest.MonkeyPatch, accepted: str, title: str
) -> None:
    event, marie = on_the_list(listed)
    calendar = listed.office.calendars["martin"]
    if accepted != "after":
        assert marie.presses(What.ACCEPT).pending
    if accepted == "in flight":  # the process dies before its request reached the server
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(calendar, "add", dies)
            listed.office.passes()
    types(event, title=title)
    if accepted == "after":
        marie.presses(What.ACCEPT)
    stood = list[str]()
    add = calendar.add
    monkeypatch.setattr(calendar, "add", lambda one: (stood.append(one.title), add(one))[1])
    passes(listed)
    assert not [one for one in stood if not one.startswith("Proposé")]  # not for a moment either
    assert title not in titles(listed)
    assert titles(listed, LIST) == [title]
    assert marie.sees().news == "Vous n'êtes plus sur la liste d'attente."
    assert not [text for text in listed.sms() if "confirmé" in text and "1er décembre" in text][1:]  # Luc Moreau's


@pytest.mark.parametrize("flight", [False, True])
def test_p44_an_accepted_time_is_not_noted_once_she_deleted_the_lists_event(
    listed: Desk, monkeypatch: pytest.MonkeyPatch, *, flight: bool
) -> None:
    event, marie = on_the_list(listed)
    calendar = listed.office.calendars["martin"]
    marie.presses(What.ACCEPT)
    if flight:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(calendar, "add", dies)
            listed.office.passes()
    listed.office.calendars[LIST].delete(f"{event.uid}.ics")
    passes(listed)
    assert titles(listed) == titles(listed, LIST) == []
    assert marie.sees().news == "Vous n'êtes plus sur la liste d'attente."


def test_p44_noted_before_she_gave_the_lists_event_to_another_it_stays_and_so_does_hers(
    listed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, marie = on_the_list(listed)
    calendar = listed.office.calendars["martin"]
    marie.presses(What.ACCEPT)
    add = calendar.add
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(calendar, "add", lambda one: dies(add(one)))
        listed.office.passes()
    types(event, title="PETIT Zoé – détartrage")
    passes(listed)
    assert titles(listed) == ["DUPONT Marie – détartrage"]
    assert titles(listed, LIST) == ["PETIT Zoé – détartrage"]
    assert marie.sees().news == "C'est noté : ce rendez-vous est à vous."


def dies(_: object) -> None:
    raise KeyboardInterrupt


def test_p44_an_appointment_given_to_a_stranger_is_not_shown_to_the_first(desk: Desk) -> None:
    event, marie = offered(desk)
    event.retypes("Mobile : 06 12 34 56 78", title=STRANGER)  # a family on one phone
    shows_nothing(marie)


def shows_nothing(phone: Phone) -> None:
    """The first offer's page, that is: the second may be the other one's, on the same phone."""
    page = phone.sees(0)
    assert page.rows == page.offered == page.may == ()
    assert page.news == "Vous n'êtes plus sur la liste d'attente."


def test_p44_a_stranger_waits_from_when_the_event_became_his(listed: Desk) -> None:
    event = listed.books("BLANC Jean – détartrage", dentist=LIST)
    listed.waits(days=1)
    event.retypes(title="PETIT Zoé – détartrage")
    with listed.office.world.store.read() as tx:
        [entry] = waiting_entries.in_states(tx, PARIS, waiting_entries.OPEN)
    assert entry.standing.name == "PETIT Zoé"
    assert listed.office.now - entry.since < timedelta(minutes=5)


def test_p44_an_appointment_given_to_another_of_the_family_is_not_shown_to_the_first(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, OFFERING, [MARIE, SHARED, LUC])
    event, marie = offered(desk)
    event.retypes(title="PETIT Zoé – détartrage")
    shows_nothing(marie)


# --- erased ----------------------------------------------------------------------------------------------------------


def erases(desk: Desk, name: str) -> Erased:
    with desk.office.world.store.write() as tx:
        patient = next(one for one in patients.every(tx) if one.family_name.startswith(name))
        return erase(desk.office.world, tx, patient)


def test_p44_an_erased_patients_offer_goes_out_of_the_calendar(desk: Desk) -> None:
    _, marie = offered(desk)
    erases(desk, "Dupont")
    assert opens(marie) is None
    passes(desk)
    assert titles(desk) == ["DUPONT Marie – détartrage"]


def test_p44_an_erased_patient_of_the_list_stays_away_and_she_learns_which_event_to_delete(listed: Desk) -> None:
    event, _ = on_the_list(listed)
    assert [one.uid for one in erases(listed, "Dupont").events] == [event.uid]
    passes(listed)
    assert titles(listed) == []
    with listed.office.world.store.read() as tx:
        assert not waiting_entries.in_states(tx, PARIS, waiting_entries.OPEN, waiting_entries.PAUSED)


def erased_while_written(desk: Desk, patch: pytest.MonkeyPatch, *, dies_too: bool) -> None:
    """Marie Dupont is erased in the second in which the event of her offer is written; the process may die then too."""
    calendar = desk.office.calendars["martin"]
    add = calendar.add

    def erased(event: AddEvent) -> EditResult:
        found = add(event)
        erases(desk, "Dupont")
        if dies_too:
            raise KeyboardInterrupt
        return found

    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    freed = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    with patch.context() as writing, suppress(KeyboardInterrupt):
        writing.setattr(calendar, "add", erased)
        freed.deletes()


@pytest.mark.parametrize("dies_too", [False, True])
def test_p44_erased_while_the_offer_is_written_no_event_keeps_the_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, dies_too: bool
) -> None:
    erased_while_written(desk, monkeypatch, dies_too=dies_too)
    passes(desk)
    assert titles(desk) == ["DUPONT Marie – détartrage"]
    assert phone_of(desk, MARIE).offers == []


def test_p44_withdrawn_while_the_offer_is_written_its_event_goes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = desk.office.calendars["martin"]
    add = calendar.add

    def stops(event: AddEvent) -> EditResult:
        found, world = add(event), desk.office.world
        with world.store.write() as tx:
            for one in offers.in_states(tx, PARIS, offers.OPEN):
                withdraw(world, tx, one, STOPPED, desk.office.now)
        return found

    monkeypatch.setattr(calendar, "add", stops)
    offered_to_nobody(desk)
    passes(desk)
    assert titles(desk) == ["DUPONT Marie – détartrage"]
    assert phone_of(desk, MARIE).offers == []


def offered_to_nobody(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    frees(desk)


def test_p44_a_list_of_whom_to_call_loses_an_erased_name(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    desk.books("PETIT Zoé – détartrage", WAITS, at="16/12 10:00")
    near = desk.books("MOREAU Luc – détartrage", at="24/11 10:00")
    desk.waits(minutes=1)
    near.deletes()
    desk.waits(minutes=1)
    assert {"DUPONT Marie", "PETIT Zoé"} <= called(desk)
    erases(desk, "Dupont")
    passes(desk)
    assert called(desk) & {"DUPONT Marie", "PETIT Zoé"} == {"PETIT Zoé"}
    erases(desk, "Petit")
    passes(desk)
    assert not [one for one in titles(desk) if one.startswith("Libre")]


def called(desk: Desk) -> set[str]:
    """Whom the list in the calendar names."""
    [text] = [
        body.payload.replace(b"\r\n ", b"").decode()
        for body in desk.office.calendars["martin"]._held.values() if b"SUMMARY:Libre" in body.payload
    ]  # fmt: skip
    return {name for name in ("DUPONT Marie", "PETIT Zoé") if name in text}


def test_p44_the_time_of_an_erased_patient_is_still_free_for_others(desk: Desk) -> None:
    event, marie = offered(desk)
    erases(desk, "Moreau")
    marie.presses(What.ACCEPT)
    passes(desk)
    assert desk.office.event(event.uid).start == FREED
