"""For a booking and recipient tellings leave in the order in which they became true; an unclear one is settled by the
present truth, told once (law L4; P42, P43)."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from adapters.base import Permanent, TryLater
from rules.model import Channel
from sync.plan import floods
from sync.store import notices, views
from tests.office import COMPLETE, PARIS, Office, ics
from tests.ways import DAY, HOUR, LOST, Way

LUC = COMPLETE.replace("12/05/1981", "03/02/2012")


# --- an older one never follows a newer one --------------------------------------------------------------------------


@pytest.mark.parametrize("taken", [True, False])
def test_l4_moved_while_the_confirmation_is_unclear_the_change_is_the_last_word(way: Way, taken: bool) -> None:
    way.office.she_books("a")
    way.loses(taken=taken)
    way.office.passes()
    way.moved(8)
    way.goes_on()
    assert way.words() == ["confirmation"] * taken + ["modification 2"]
    assert way.states() == [("confirmation", "superseded"), ("modification", "sent")]


def test_l4_moved_while_unclear_and_told_by_a_person_nothing_is_left_to_repeat(way: Way) -> None:
    practice = way.office.world.practice
    practice = replace(practice, policy=replace(practice.policy, most_per_hour=1))
    way.office.world = replace(way.office.world, practice=practice)
    way.office.she_books("a")
    way.loses()
    way.office.passes()
    way.moved(8)
    way.office.passes(later=timedelta(minutes=4))
    with way.office.world.store.write() as tx:
        assert floods.drop(way.office.world, tx, "memory:martin", way.office.now)
    way.goes_on()
    assert way.words() == ["confirmation"]
    assert way.states() == [("confirmation", "superseded"), ("modification", "dropped")]


def test_l4_deleted_while_the_confirmation_is_unclear_the_cancellation_is_the_last_word(way: Way) -> None:
    way.office.she_books("a")
    way.loses()
    way.office.passes()
    way.office.calendars["martin"].delete("a.ics")
    way.goes_on()
    assert way.words() == ["confirmation", "cancellation"]


def test_l4_the_hour_booked_anew_is_not_cancelled_by_what_could_not_leave_before(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    way.is_down()
    way.office.calendars["martin"].delete("a.ics")
    way.goes_on(hours=2)  # no move any more: an hour has passed
    assert way.words() == ["confirmation"]
    way.office.she_books("b")
    way.office.passes()
    way.gateway.faults.clear()
    way.goes_on(hours=24)
    assert way.words() == ["confirmation", "confirmation"]
    way.office.calendars["martin"].delete("b.ics")
    way.goes_on()
    assert way.words() == ["confirmation", "confirmation", "cancellation"]


def test_l4_the_hour_booked_anew_and_given_up_at_once_is_cancelled_all_the_same(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    way.is_down()
    way.office.calendars["martin"].delete("a.ics")
    way.goes_on(hours=2)
    way.office.she_books("b")
    way.office.passes()
    way.office.calendars["martin"].delete("b.ics")
    way.office.passes()
    way.gateway.faults.clear()
    way.goes_on(hours=24)
    assert way.words() == ["confirmation", "cancellation"]


def test_p43_the_hour_booked_anew_with_another_dentist_leaves_the_first_one_s_visit_to_be_cancelled(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    way.is_down()
    way.office.calendars["martin"].delete("a.ics")
    way.goes_on(hours=2)
    way.office.she_books("b", dentist="bernard", text=f"{COMPLETE}\nAccord patient : oui (tél. 24/11)")
    way.office.passes()
    way.gateway.faults.clear()
    way.goes_on(hours=24)
    assert sorted(way.words()) == ["cancellation", "confirmation", "confirmation"]


def test_l4_restored_while_the_cancellation_is_unclear_the_confirmation_is_the_last_word(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    kept = way.office.calendars["martin"]._held["a.ics"]
    way.office.calendars["martin"].delete("a.ics")
    way.loses()
    way.office.passes(later=timedelta(minutes=2))
    assert way.states()[-1] == ("cancellation", "pending")
    way.office.calendars["martin"].put(kept.ref, kept.payload)
    way.goes_on()
    assert way.words() == ["confirmation", "cancellation", "confirmation"]
    assert way.states()[1:] == [("cancellation", "superseded"), ("confirmation", "sent")]


def test_l4_dragged_there_and_back_while_unclear_the_present_day_is_told_once(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    way.moved(8)
    way.loses()
    way.office.passes()
    way.moved(7)
    way.goes_on()
    assert len(way.words()) == 3
    assert way.rows()[-1].facts.start.day == 1
    assert way.states() == [("confirmation", "sent"), ("modification", "superseded"), ("modification", "sent")]


@pytest.mark.parametrize("back", [True, False])
def test_l4_the_newer_one_certainly_did_not_go_and_the_present_state_is_still_told(way: Way, back: bool) -> None:
    way.office.she_books("a")
    way.loses(taken=False)
    way.office.passes()
    way.moved(8)
    way.errs(TryLater("…", 3600))
    way.office.passes()
    assert way.states()[0] == ("confirmation", "superseded")
    if back:
        way.moved(7)
    way.goes_on()
    assert len(way.words()) == 1
    assert way.rows()[-1].state == "sent"
    assert way.rows()[-1].facts.start.day == (1 if back else 2)


def test_l4_the_newer_cancellation_did_not_go_and_the_restored_event_is_told(way: Way) -> None:
    way.office.she_books("a")
    way.loses(taken=False)
    way.office.passes()
    kept = way.office.calendars["martin"]._held["a.ics"]
    way.office.calendars["martin"].delete("a.ics")
    way.errs(TryLater("…", 3600))
    way.office.passes(later=timedelta(minutes=2))
    way.office.calendars["martin"].put(kept.ref, kept.payload)
    way.goes_on()
    assert way.words() == ["confirmation"]


def test_l4_the_cancellation_is_told_again_where_the_confirmation_after_it_did_not_go(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    calendar = way.office.calendars["martin"]
    kept = calendar._held["a.ics"]
    calendar.delete("a.ics")
    way.loses(taken=False)
    way.office.passes(later=timedelta(minutes=2))
    calendar.put(kept.ref, kept.payload)
    way.errs(TryLater("…", 3600))
    way.office.passes(later=timedelta(minutes=2))
    calendar.delete("a.ics")
    way.goes_on()
    assert way.words() == ["confirmation", "cancellation"]


def test_l4_another_patient_in_the_event_the_unclear_cancellation_of_the_first_is_not_lost(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    other = LUC.replace("marie@", "luc@").replace("06 12 34 56 78", "06 12 34 56 79")
    way.loses(taken=False)
    start = way.office.event("a").start
    way.office.calendars["martin"].put("a.ics", ics("a", "MARTEAU Luc – détartrage", start, 30, other))
    way.goes_on()
    told = [(row.kind.value, row.facts.name, row.state) for row in way.rows()]
    assert ("cancellation", "DUPONT Marie", "sent") in told
    assert ("confirmation", "MARTEAU Luc", "sent") in told
    assert len(way.words()) == 3


def test_l4_on_a_telephone_that_two_share_the_cancellation_is_read_before_the_confirmation(way: Way) -> None:
    way.office.she_books("a")
    way.office.passes()
    start = way.office.event("a").start
    way.loses(taken=False)
    way.office.calendars["martin"].put("a.ics", ics("a", "DUPONT Luc – détartrage", start, 30, LUC))
    way.goes_on()
    assert way.words() == ["confirmation", "cancellation", "confirmation"]


def test_l4_corrected_address_while_unclear_the_new_one_is_told_and_the_old_one_left_alone(way: Way) -> None:
    way.office.she_books("a")
    way.loses(taken=False)
    way.office.passes()
    mended = COMPLETE.replace("06 12 34 56 78", "06 12 34 56 79").replace("marie@", "marie.dupont@")
    way.office.she_books("a", text=mended)
    way.goes_on()
    assert [message.to for message in way.arrived()] == [
        {Channel.SMS: "+33612345679", Channel.EMAIL: "marie.dupont@example.org"}[way.channel]
    ]


def test_l3_made_invalid_while_unclear_it_waits_and_goes_when_it_is_true_again(way: Way) -> None:
    way.office.she_books("a")
    way.loses(taken=False)
    way.office.passes()
    way.office.she_books("a", text=COMPLETE.replace("Né(e) le : 12/05/1981", "Né(e) le : 12/13/1981"))
    way.goes_on(4)
    assert way.words() == []
    way.office.she_books("a")
    way.goes_on(4)
    assert way.words() == ["confirmation"]


def test_l4_an_unclear_message_of_the_past_is_never_repeated(way: Way) -> None:
    way.office.she_books("a", day=0, hour=10)
    way.loses(taken=False)
    way.office.passes(later=timedelta(minutes=55))
    way.goes_on(2)
    assert way.states() == [("confirmation", "suppressed")]
    assert way.words() == []


def test_p41_an_unclear_reminder_never_follows_a_change(way: Way) -> None:
    way.office.she_books("a", day=3)
    way.office.passes()
    way.loses(taken=False)
    way.office.passes(later=2 * DAY + HOUR + timedelta(minutes=1))
    assert way.states()[-1] == ("reminder", "pending")
    way.moved(8)
    way.goes_on(4)
    assert way.words() == ["confirmation", "modification 2"]


# --- a lost answer ---------------------------------------------------------------------------------------------------


def test_l4_greylisted_first_then_the_answer_lost_it_is_tried_again(way: Way) -> None:
    way.office.she_books("a")
    way.errs(TryLater("…"))
    way.loses(taken=False)
    way.office.passes()
    way.goes_on()
    assert way.states() == [("confirmation", "sent")]


@pytest.mark.parametrize("lost", [2, 3])
def test_l4_several_lost_answers_are_tried_again_further_and_further_apart(way: Way, lost: int) -> None:
    way.office.she_books("a")
    for _ in range(lost):
        way.loses(taken=False)
    way.office.passes()
    way.goes_on()
    assert way.words() == ["confirmation"]


def test_l4_after_four_lost_answers_a_person_decides(way: Way) -> None:
    way.office.she_books("a")
    for _ in range(9):
        way.loses(taken=False)
    way.office.passes()
    way.goes_on(12)
    assert [(row.state, row.unclear) for row in way.rows()] == [("uncertain", 4)]
    with way.office.world.store.read() as tx:
        assert [row.state for row, _ in views.outbox(tx, PARIS)] == ["uncertain"]


def test_l4_refused_after_a_lost_answer_the_patient_may_have_it_all_the_same(way: Way) -> None:
    way.office.she_books("a")
    way.loses()
    way.errs(Permanent("Refusé."))
    way.office.passes()
    way.goes_on(2)
    assert way.states() == [("confirmation", "uncertain")]
    way.office.calendars["martin"].delete("a.ics")
    way.goes_on(2)
    assert way.words() == ["confirmation", "cancellation"]


def test_p17_the_mark_stands_only_for_what_a_gateway_took(way: Way) -> None:
    way.office.she_books("a")
    way.loses(taken=False)
    way.office.passes()
    assert not way.office.block("a").startswith("✓")
    assert "réponse perdue, nouvel essai à venir" in way.office.block("a")
    way.goes_on()
    assert way.office.block("a").startswith("✓")
    assert "!" not in way.office.block("a")


def test_l4_the_alert_of_an_unclear_message_is_withdrawn_when_a_newer_one_left(office: Office) -> None:
    office.world = replace(office.world, senders={Channel.SMS: office.sms})
    office.sms.repeatable = False
    office.passes()
    office.she_books("a")
    office.sms.fail(LOST)
    office.passes()
    with office.world.store.read() as tx:
        assert len(notices.due(tx, office.now)) == 1
    office.she_books("a", day=8)
    office.passes()
    with office.world.store.read() as tx:
        assert notices.due(tx, office.now) == []
    assert office.told("modification") == ["sent"]


def test_l4_what_failed_is_made_good_by_what_leaves_after_it(way: Way) -> None:
    way.office.she_books("a")
    way.errs(Permanent("Refusé."))
    way.office.passes()
    assert "✗" in way.office.block("a")
    way.moved(8)
    way.goes_on(2)
    assert way.states() == [("confirmation", "superseded"), ("confirmation", "sent")]
    assert "✗" not in way.office.block("a")


def test_l4_other_content_never_goes_under_a_key_that_a_gateway_saw(way: Way) -> None:
    way.office.she_books("a")
    way.errs(TryLater("…", 3600))
    way.office.passes()
    [before] = [row.key for row in way.rows()]
    way.moved(8)
    way.goes_on()
    assert way.words() == ["confirmation 2"]
    assert before not in [message.key for message in way.arrived()]
