"""The administrator's hands on the store: a backup is taken, and put back later, of a file and on a server."""

import re
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from sync.store.engine import Store
from tests.office import Office

Backup = Path | URL


def backed_up(office: Office, folder: Path) -> Backup:
    """The store as it is now."""
    store = office.world.store
    if store.file is None:
        kept = store.url.set(database=f"{store.url.database}_backup")
        store.close()
        _copied(store.url, kept)
        return kept
    store.shred()
    copy = folder / "backup.db"
    copy.write_bytes(store.file.read_bytes())
    return copy


def put_back(office: Office, backup: Backup) -> None:
    """The store as it was then."""
    world = office.world
    world.store.close()
    if isinstance(backup, URL):
        _copied(backup, world.store.url)
    else:
        assert world.store.file is not None
        for tail in ("-wal", "-shm"):
            world.store.file.with_name(world.store.file.name + tail).unlink(missing_ok=True)
        world.store.file.write_bytes(backup.read_bytes())
    store = Store(world.store.url.render_as_string(hide_password=False), world.practice.key)
    office.world = replace(world, store=store, noted=type(world.noted)())


def new_database(server: str, name: str) -> str:
    """An empty database of that server; its address."""
    url = make_url(server)
    _made(url, name)
    return url.set(database=name).render_as_string(hide_password=False)


def superuser_at(url: str | URL) -> Engine:
    """As the server's administrator, for whom practices are not kept apart."""
    return create_engine(make_url(url).set(username="postgres"))


def _copied(source: URL, target: URL) -> None:
    _made(target, str(target.database), f" template {source.database} strategy file_copy")


def _made(url: URL, name: str, how: str = "") -> None:
    """By the administrator: a server that is just cleaning up the old one is ended by nobody else."""
    assert re.fullmatch("[a-z0-9_]+", name)
    engine = superuser_at(url.set(database="postgres"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"drop database if exists {name} with (force)"))
        connection.execute(text(f"create database {name} owner {url.username}{how}"))
    engine.dispose()
