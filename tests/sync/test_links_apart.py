"""A patient's link is of one practice alone, however many share a store; of a thousand only few are asked for it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.model import Channel
from sync.store import links
from sync.store.engine import Store
from sync.store.links import About, LinkKind
from tests.backups import new_database

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = [f"cabinet-{number}" for number in range(8)]
ABOUT = About(LinkKind.APPOINTMENT, 1, 1, "+33612345678", Channel.SMS)


@pytest.fixture(params=["a file", "PostgreSQL"], scope="module")
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Store]]:
    """Practices that share a store."""
    if request.param == "a file":
        url = f"sqlite:///{tmp_path_factory.mktemp('links') / 'all.db'}"
    else:
        url = new_database(request.getfixturevalue("postgresql"), "links")
    first = Store(url, KEYS[0])
    first.prepare()
    yield [first, *(Store(url, key, first._engine) for key in KEYS[1:])]
    first.close()


def those_that_know(stores: list[Store], secret: str, about: About = ABOUT) -> list[str]:
    found = []
    for store in stores:
        with store.read() as tx:
            if links.find(tx, LinkKind.APPOINTMENT, secret) and links.is_about(tx, secret, about):
                found.append(store.practice)
    return found


def test_p39_the_same_appointment_of_two_practices_has_links_that_know_their_own(stores: list[Store]) -> None:
    for store in stores:
        with store.write() as tx:
            secret = links.make(tx, ABOUT, NOW)
            assert links.make(tx, ABOUT, NOW) == secret
        assert len(secret) == 22
        assert links.may_be_of(store.practice, secret)
        assert those_that_know(stores, secret) == [store.practice]


def older(store: Store, about: About) -> str:
    """A link as the version before made it."""
    with store.write() as tx:
        secret = links._signs(links._digest_of(tx, about, 0)[:16])
        row = {"hash": links._hash(secret), "kind": about.kind, "booking": about.booking, "patient": about.patient}
        tx.add(links._ADD, [{**row, "channel": about.channel.value, "subject": about.subject, "made_at": NOW}])
    return secret


def test_p39_a_link_from_before_goes_on_working_and_is_given_again(stores: list[Store]) -> None:
    for number in range(30):
        about = replace(ABOUT, booking=100 + number)
        secret = older(stores[3], about)
        assert all(links.may_be_of(key, secret) for key in KEYS)
        assert those_that_know(stores, secret, about) == [KEYS[3]]
        with stores[3].write() as tx:
            assert links.make(tx, about, NOW) == secret


def test_p39_a_link_with_the_signs_of_another_practice_is_nobodys(stores: list[Store]) -> None:
    with stores[0].write() as tx:
        secret = links.make(tx, ABOUT, NOW)
    for key in KEYS[1:]:
        assert those_that_know(stores, secret[:20] + links._tag_of(key)) == []
    for wrong in (secret[:21], f"{secret}A", secret + secret, ""):
        assert those_that_know(stores, wrong) == []


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(categories=("L", "N", "P")), max_size=30))
def test_p39_what_was_not_given_out_is_nobodys(stores: list[Store], typed: str) -> None:
    assert those_that_know(stores, typed) == []


def test_p39_of_a_thousand_practices_few_are_asked() -> None:
    keys = [f"cabinet-{number}" for number in range(1000)]
    asked = [sum(links.may_be_of(one, "A" * 20 + links._tag_of(key)) for one in keys) for key in keys]
    assert min(asked) >= 1
    assert max(asked) <= 5


def test_p39_a_page_asks_no_practice_that_the_link_cannot_be_of(tmp_path: Path) -> None:
    from adapters.web.office import Front, Present
    from adapters.web.pages import application_of
    from tests.pages.memory_desk import VISIT, MemoryDesk

    class Choosy(MemoryDesk):
        def may_know(self, secret: str) -> bool:
            return False

    from starlette.testclient import TestClient

    ours, theirs = MemoryDesk.full(), Choosy.full()
    site = TestClient(application_of(Front(Present((), (theirs, ours)), lambda error: None)))
    assert site.get(f"/r/{VISIT}").status_code == 200
    assert (ours.shows > 0, theirs.shows) == (True, 0)
