"""A power cut: what a gateway may have received stands on the disk before it is asked, and its answer after."""

from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import event

from adapters.base import Outgoing
from adapters.senders.memory import MemorySender
from rules.model import Channel
from sync.store import keyvalue
from sync.store.engine import Store
from tests.office import Office

FULL, NORMAL = 2, 1


def in_force(store: Store) -> list[tuple[int, bool]]:
    """Each commit of a writing transaction from now on: SQLite's `synchronous`, and whether the outbox changed."""
    commits: list[tuple[int, bool]] = []
    touched: list[str] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def seen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        touched.append(statement)

    @event.listens_for(store._engine, "commit")
    def committed(connection: object) -> None:
        cursor = connection.connection.cursor()  # type: ignore[attr-defined]
        pragma = cursor.execute("PRAGMA synchronous").fetchone()[0]
        if any(one.startswith(("INSERT", "UPDATE", "DELETE")) for one in touched):
            commits.append((pragma, any("UPDATE message SET" in one for one in touched)))
        touched.clear()

    return commits


def test_a_durable_transaction_is_synced_and_the_next_one_is_not(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'cabinet.db'}", "lilas")
    store.prepare()
    seen = in_force(store)
    for durable in (False, True, True, False):
        with store.write(durable=durable) as tx:
            keyvalue.put(tx, "one", str(len(seen)))
    assert [pragma for pragma, _ in seen] == [NORMAL, FULL, FULL, NORMAL]


def test_the_begin_of_a_call_and_its_result_are_on_the_disk(office: Office) -> None:
    office.she_books("a")
    seen = in_force(office.world.store)
    asked: list[int] = []

    class Gateway(MemorySender):
        def send(self, message: Outgoing) -> str:
            asked.append(len(seen))
            return super().send(message)

    office.sms = Gateway(Channel.SMS)
    office.world = replace(office.world, senders={Channel.SMS: office.sms})
    office.passes()
    assert len(office.sms.sent) == 1
    before, after = seen[asked[0] - 1], seen[asked[0]]
    assert (before, after) == ((FULL, True), (FULL, True))
    assert any(pragma == NORMAL for pragma, _ in seen)
