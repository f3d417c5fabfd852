"""The jobs of the workers that share a PostgreSQL, in procrastinate's tables beside ours.

A job is deferred in the transaction whose rows it is about. Two jobs of one name never wait at once: the one that waits
sees what both were for. When to try again stands in our own rows, so a job always ends well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Connection, Engine, text

from sync.store.lease import transaction
from sync.store.metadata import IS_NEWER
from sync.store.problems import Outdated, Unusable
from sync.store.tx import Tx

if TYPE_CHECKING:
    from procrastinate import App

ALIVE_S = 30.0  # without a sign of life
POLL, WORK = "attitre:poll_shard", "attitre:work"
QUEUE = "attitre"
POLLS_FIRST = 1  # of all that waits: after an outage work is minutes of it, and no calendar is unread for that long
_ALONE = text("select pg_advisory_xact_lock(hashtext('attitre:jobs'))")
_THERE = text(
    "select to_regclass('procrastinate_jobs') is not null, obj_description(to_regclass('procrastinate_jobs'))"
)
_AHEAD_S = 30.0  # a moment later than that was written before the server's clock was set back
_BEATEN = text("""
update procrastinate_workers set last_heartbeat = now() where last_heartbeat > now() + make_interval(secs => :ahead)
""")
_POLLED = text("""
update procrastinate_jobs set scheduled_at = now()
where task_name = :task and status = 'todo' and scheduled_at > now() + make_interval(secs => :ahead)
""")
_KNOWN = text("select queueing_lock from procrastinate_jobs where task_name = :task")
_OVERLONG = text("""
select job.id from procrastinate_jobs job join procrastinate_events event on event.job_id = job.id
where job.status = 'doing' and event.type = 'started' and job.queue_name = :queue
group by job.id
having max(event.at) < now() - make_interval(secs => case job.task_name when :poll then :polling else :working end)
    or max(event.at) > now() + make_interval(secs => :ahead)
""")

_BEAT = text(
    "insert into process (practice, id, name, begun_at, seen_at) values ('', :id, :name, now(), now()) "
    "on conflict (practice, id) do update set seen_at = now()"
)
_FORGET = text("delete from process where practice = '' and (id = :id or seen_at < now() - interval '1 hour')")
_ALIVE = text(
    "select name, begun_at, seen_at from process "
    "where practice = '' and abs(extract(epoch from now() - seen_at)) < :seconds order by begun_at, name"
)
_NOW = text(f"select extract(epoch from clock_timestamp()), {IS_NEWER}")  # noqa: S608 - a text of ours


class Process(Struct, frozen=True):
    """A worker. `name`: its machine, and its number there."""

    name: str
    begun_at: datetime
    seen_at: datetime


class Jobs:
    """The jobs on one PostgreSQL, and the workers that take them. Every method raises Unusable where the server cannot
    be asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def address(self) -> str:
        """Where the server is, as libpq says it; with the password, and with what notices that it fell silent."""
        from sync.store.silence import NOTICED

        url = self._engine.url.set(drivername="postgresql")
        asked = {name: str(value) for name, value in NOTICED.items() if name not in url.query}
        return url.update_query_dict(asked).render_as_string(hide_password=False)

    def prepare(self) -> None:
        """Create procrastinate's tables where they are missing. Processes that begin at once wait for each other.
        Raises Unusable where they are of another version than the library."""
        with transaction(self._engine) as connection:
            connection.execute(_ALONE)
            there, mark = connection.execute(_THERE).one()
            if not there:
                _make(_raw(connection))
            elif mark is not None and mark != _version():
                raise Unusable(OTHER_VERSION.format(mark, _version()))

    def defer_missing_polls(self, shards: Sequence[int], of: int, polled: float) -> None:
        """Each of these shards has a job that runs, or waits for not much more than `polled` seconds. Where the
        server's clock was set back it would wait for as long as that, and who died would count as alive."""
        with transaction(self._engine) as connection:
            connection.execute(_BEATEN, {"ahead": _AHEAD_S})
            connection.execute(_POLLED, {"task": POLL, "ahead": polled + _AHEAD_S})
            known = set(connection.execute(_KNOWN, {"task": POLL}).scalars())
            for shard in shards:
                if _shard(shard, of) not in known:
                    defer_poll(connection, shard, of)

    def poll_elsewhere(self, shard: int, of: int, at: float, missed: int) -> None:
        """Ask for that poll anew, for a process that knows the shard's practices."""
        with transaction(self._engine) as connection:
            defer_poll(connection, shard, of, at, missed)

    def overlong(self, polling: float, working: float) -> list[int]:
        """The polls, and the jobs for a practice, that have run for more seconds than these, whether their worker lives
        or not; and those of which that cannot be known, as they began before the server's clock was set back."""
        asked = {"polling": polling, "working": working, "ahead": _AHEAD_S, "poll": POLL, "queue": QUEUE}
        with transaction(self._engine) as connection:
            return list(connection.execute(_OVERLONG, asked).scalars())

    def beat(self, ident: str, name: str) -> float:
        """Say that this worker is alive. Returns the server's clock, in seconds since 1970. Raises Outdated."""
        with transaction(self._engine) as connection:
            connection.execute(_BEAT, {"id": ident, "name": name})
            clock, newer = connection.execute(_NOW).one()
            if newer:
                raise Outdated
            return float(clock)

    def leave(self, ident: str) -> None:
        """This worker has ended; those that did not say so are forgotten after an hour."""
        with transaction(self._engine) as connection:
            connection.execute(_FORGET, {"id": ident})


def defer_work(connection: Connection, practices: Iterable[str]) -> None:
    """Each of these practices has work: some worker takes it at once after the commit."""
    for practice in practices:
        _defer(connection, WORK, f"practice:{practice}", practice=practice)


def defer_poll(connection: Connection, shard: int, of: int, at: float | None = None, missed: int = 0) -> None:
    """Read the due calendars of a shard then, by the server's clock; None: now. `missed`: how many processes in a row
    knew none of its practices."""
    moment = None if at is None else datetime.fromtimestamp(at, UTC)
    _defer(connection, POLL, _shard(shard, of), moment, shard=shard, of=of, missed=missed)


def _shard(shard: int, of: int) -> str:
    return f"shard:{shard}/{of}"


def alive(tx: Tx) -> tuple[Process, ...]:
    """The workers that gave a sign of life within 30 s; none on SQLite."""
    if tx.engine.dialect.name != "postgresql":
        return ()
    return tuple(Process(*row) for row in tx.connection.execute(_ALIVE, {"seconds": ALIVE_S}))


def _make(connection: Any) -> None:
    """Create the tables; not by SQLAlchemy, which would look for parameters in the schema. Raises Unusable."""
    from psycopg import Error

    try:
        connection.execute(_schema())
        connection.execute(f"comment on table procrastinate_jobs is '{_version()}'")
    except Error as error:
        raise Unusable(NOT_MADE.format(type(error).__name__)) from error


def _version() -> str:
    """The version of procrastinate that last changed its tables."""
    names = (one.name for one in resources.files("procrastinate.sql.migrations").iterdir())
    return "procrastinate " + max(name for name in names if name.endswith(".sql")).partition("_")[0]


def _schema() -> str:
    return (resources.files("procrastinate.sql") / "schema.sql").read_text("utf-8")


OTHER_VERSION = (
    "Les tables de procrastinate de cette base sont de la version {}, le programme installé attend la {} : appliquez "
    "les migrations de procrastinate (docs/administration.md), ou installez la version qui convient."
)
NOT_MADE = (
    "Les tables de procrastinate ne peuvent pas être créées dans cette base ({}) : il y reste sans doute une partie "
    "d'une ancienne version. Supprimez-y tout ce dont le nom commence par procrastinate_, puis relancez."
)
NOT_DEFERRED = "La base n'est pas joignable, ou les tables de procrastinate y manquent."


def _defer(connection: Connection, task: str, name: str, at: datetime | None = None, **values: Any) -> None:
    from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

    point = connection.begin_nested()
    how = _app().configure_task(
        task, allow_unknown=True, queue=QUEUE, lock=name, queueing_lock=name, schedule_at=at,
        priority=POLLS_FIRST if task == POLL else 0, connection=_raw(connection),
    )  # fmt: skip
    try:
        how.defer(**values)
    except AlreadyEnqueued:
        point.rollback()
    except ConnectorException as error:
        raise Unusable(NOT_DEFERRED) from error
    else:
        point.commit()


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection


@lru_cache(maxsize=1)
def _app() -> App:
    """Defers on the connection that it is given, and opens none."""
    from procrastinate import App, SyncPsycopgConnector

    return App(connector=SyncPsycopgConnector())
