"""`attitre outbox retry|drop`: a person's hand obeys the order too, and sends nothing that is not true (law L4)."""

import pytest
from msgspec.structs import replace

from adapters.base import OutsideError, Permanent, TryLater
from rules.model import Channel
from sync.evaluate.evaluate import evaluate
from sync.outbox import by_hand as byhand
from sync.worker.scheduler import Readers
from tests.office import COMPLETE
from tests.ways import LOST, Way


def by_hand(way: Way, act: str, number: int) -> str:
    """What `attitre outbox retry|drop` does with the n-th message."""
    world, row = way.office.world, way.rows()[number]
    with world.store.write() as tx:
        return getattr(byhand, act)(world, tx, row, world.now())


def given_up(way: Way, error: OutsideError = LOST) -> None:
    """The confirmation is unclear for good, or refused."""
    way.office.world = replace(way.office.world, on_uncertain={})
    way.office.she_books("a")
    way.errs(error)
    way.office.passes()


@pytest.mark.parametrize("error", [LOST, Permanent("Refusé.")])
def test_l4_by_hand_it_goes_again_while_it_is_true(way: Way, error: OutsideError) -> None:
    given_up(way, error)
    assert by_hand(way, "retry", 0).endswith("Il part au prochain passage.")
    way.office.passes()
    way.office.passes()
    assert way.states() == [("confirmation", "sent")]
    assert way.words() == ["confirmation"]
    assert "E-mail de confirmation envoyé" in way.office.block("a") or way.channel is Channel.SMS


@pytest.mark.parametrize("error", [LOST, Permanent("Refusé.")])
def test_l4_by_hand_an_older_one_never_follows_a_newer_one(way: Way, error: OutsideError) -> None:
    given_up(way, error)
    way.moved(8)
    way.office.passes()
    with pytest.raises(byhand.NotPossible, match="un message plus récent l'a remplacé"):
        by_hand(way, "retry", 0)
    way.goes_on(2)
    assert len(way.words()) == 1
    assert way.words()[0].endswith("2")


@pytest.mark.parametrize("error", [LOST, Permanent("Refusé.")])
def test_l4_by_hand_the_present_state_goes_instead(way: Way, error: OutsideError) -> None:
    given_up(way, error)
    way.moved(8)
    Readers(way.office.world, 0, patience=60).read_all(way.office.world.sources)
    evaluate(way.office.world)
    said = by_hand(way, "retry", 0)
    assert "qui dit l'état actuel, part à sa place" in said
    way.goes_on(2)
    assert len(way.words()) == 1
    assert way.words()[0].endswith("2")


@pytest.mark.parametrize("error", [LOST, Permanent("Refusé.")])
def test_l3_by_hand_what_is_not_true_any_more_does_not_go(way: Way, error: OutsideError) -> None:
    given_up(way, error)
    way.office.she_books("a", text=COMPLETE.replace("Né(e) le : 12/05/1981", "Né(e) le : 12/13/1981"))
    way.office.passes()
    with pytest.raises(byhand.NotPossible, match="ne dit plus ce qui est vrai dans l'agenda : rien ne part"):
        by_hand(way, "retry", 0)
    way.goes_on(2)
    assert way.words() == []


@pytest.mark.parametrize("error", [LOST, Permanent("Refusé."), TryLater("…")])
def test_l4_by_hand_what_was_filed_does_not_come_back(way: Way, error: OutsideError) -> None:
    given_up(way, error)
    assert by_hand(way, "drop", 0) == f"Message n° {way.rows()[0].id} classé."
    way.office.she_books("a", text=COMPLETE + "\nCommentaire : doux")
    way.goes_on(4)
    assert way.states() == [("confirmation", "dropped")]
    assert way.words() == []
    with pytest.raises(byhand.NotPossible):
        by_hand(way, "retry", 0)


def test_p41_by_hand_a_reminder_goes_while_it_is_true(way: Way) -> None:
    way.unclear_reminder()
    assert way.states()[-1] == ("reminder", "uncertain")
    by_hand(way, "retry", 1)
    way.office.passes()
    assert way.states()[-1] == ("reminder", "sent")


def test_p41_by_hand_a_reminder_never_follows_a_change(way: Way) -> None:
    way.unclear_reminder()
    way.moved(8)
    way.office.passes()
    with pytest.raises(byhand.NotPossible, match="un message plus récent l'a remplacé"):
        by_hand(way, "retry", 1)
