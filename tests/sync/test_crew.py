"""The practices of one process come, change and go with their files; each one's trouble stays its own (law L10)."""

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.base import Outgoing
from adapters.senders.memory import MemorySender
from config.folder import Folder
from config.settings import Settings
from rules.model import Channel
from sync.core.calls import PoolOfOnePass
from sync.core.context import World
from sync.core.log import log
from sync.outbox import store_alert
from sync.store.engine import Locked, NotStored, Store, Unusable
from sync.worker.crew import Crew
from sync.worker.loop import Stop, Worker
from sync.worker.member import Member
from tests.crew import crew_of, write
from tests.office import PRACTICE, Office, make_office
from tests.threads import no_thread_left
from tests.working import until


class Street:
    """Two practices whose files lie in one folder, and the process that works for them."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder, self.stop = tmp_path / "practices", Stop()
        self.offices = {key: _office(tmp_path / key, key) for key in ("lilas", "roses")}
        worlds = [office.world for office in self.offices.values()]
        self.crew = crew_of(self.folder, worlds, self.stop, watched=True)

    def reread(self) -> dict[str, Worker]:
        """SIGHUP, then the next look."""
        self.stop(signal.SIGHUP)
        self.crew.look()
        return self.workers()

    def workers(self) -> dict[str, Worker]:
        return {one.world.practice.key: one for one in self.crew.workers}

    def spoil(self, key: str) -> None:
        file = self.folder / f"{key}.yaml"
        file.write_text(file.read_text("utf-8").replace("motifs:", "motfs:"), encoding="utf-8")


def _office(folder: Path, key: str) -> Office:
    folder.mkdir()
    return make_office(folder, replace(PRACTICE, key=key))


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    found = Street(tmp_path)
    found.crew.look()
    yield found
    found.crew.close()


def test_a_file_that_goes_wrong_suspends_its_practice_alone_until_it_is_mended(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "error", lambda _, practice, reason: said.append((practice, reason)))
    before = street.workers()
    assert list(before) == ["lilas", "roses"]
    street.spoil("lilas")
    assert street.reread() == {"roses": before["roses"]}
    [(practice, reason)] = said
    assert (practice, "clé obligatoire absente" in reason) == ("lilas", True)
    until(lambda: street.offices["lilas"].to_practice() == ["attitre : ce cabinet est suspendu"])
    assert "clé obligatoire absente" in street.offices["lilas"].email.sent[0].text
    assert street.offices["roses"].to_practice() == []
    write(street.folder, "lilas")
    until(lambda: list(street.reread()) == ["roses", "lilas"])
    after = street.workers()
    assert after["roses"] is before["roses"]


def test_of_the_processes_that_share_a_practice_one_says_that_it_is_suspended(street: Street) -> None:
    office = street.offices["lilas"]
    for sentence in ("clé obligatoire absente", "clé obligatoire absente", "clé inconnue"):
        store_alert.suspended(office.world, sentence)
    assert len(office.to_practice()) == 2
    office.turned += timedelta(hours=2)
    store_alert.suspended(office.world, "clé inconnue")
    assert len(office.to_practice()) == 3


def test_l10_a_file_that_goes_wrong_ends_no_other_practice_on_a_machine_without_threads(street: Street) -> None:
    before = street.workers()
    street.spoil("lilas")
    with no_thread_left():
        assert street.reread() == {"roses": before["roses"]}
    assert street.offices["lilas"].to_practice() == []
    write(street.folder, "lilas")
    until(lambda: list(street.reread()) == ["roses", "lilas"])


def test_a_process_without_a_thread_leaves_it_to_another_to_say_that_a_practice_is_suspended(street: Street) -> None:
    office = street.offices["lilas"]
    with no_thread_left():
        store_alert.suspended(replace(office.world, calls=PoolOfOnePass()), "clé inconnue")
    assert office.to_practice() == []
    store_alert.suspended(office.world, "clé inconnue")
    assert office.to_practice() == ["attitre : ce cabinet est suspendu"]


def test_p43_a_practice_that_is_taken_away_and_comes_back_cancels_and_repeats_nothing(street: Street) -> None:
    office = street.offices["lilas"]
    street.workers()["lilas"].turn()
    office.she_books("e1")
    office.turned += timedelta(minutes=2)
    street.workers()["lilas"].turn()
    assert office.told("confirmation") == ["sent"]
    (street.folder / "lilas.yaml").unlink()
    assert list(street.reread()) == ["roses"]
    write(street.folder, "lilas")
    worker = street.reread()["lilas"]
    for _ in range(3):
        office.turned += timedelta(minutes=2)
        worker.turn()
    assert office.told("confirmation") == ["sent"]
    assert office.told("cancellation") == []


def test_l10_a_new_file_with_another_ones_calendars_suspends_itself_alone(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "error", lambda _, practice, reason: said.append((practice, reason)))
    before = street.workers()
    copied = (street.folder / "roses.yaml").read_text("utf-8").replace("key: roses", "key: anis")
    (street.folder / "anis.yaml").write_text(copied, "utf-8")
    assert street.reread() == before
    [(practice, reason)] = said
    assert (practice, "déjà celui d'un autre cabinet (roses.yaml)" in reason) == ("anis", True)
    assert street.offices["roses"].to_practice() == []


def test_only_a_changed_practice_is_made_anew(street: Street) -> None:
    before = street.workers()
    write(street.folder, "roses", every=30)
    after = street.reread()
    assert after["lilas"] is before["lilas"]
    assert after["roses"] is not before["roses"]
    assert after["roses"].every == 30
    assert before["roses"].readers.over.is_set()


def test_a_changed_file_is_noticed_without_a_signal(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    before = street.workers()
    monkeypatch.setattr("sync.worker.crew.LOOK_AT_FILES_EVERY_S", 0.0)
    monkeypatch.setattr(street.crew, "_look_again", 0.0)
    street.crew.look()
    assert street.workers() == before
    os.utime(write(street.folder, "roses", every=30), (1_000_000, 1_000_000))
    street.crew.look()
    after = street.workers()
    assert (after["lilas"], after["roses"].every) == (before["lilas"], 30)


def test_where_the_folders_volume_is_not_mounted_all_go_on_and_it_is_said_once(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(log, "error", lambda _, reason: said.append(reason))
    monkeypatch.setattr("sync.worker.crew.LOOK_AT_FILES_EVERY_S", 0.0)
    before, mounted = street.workers(), street.folder.with_name("mounted")
    street.folder.rename(mounted)
    street.folder.mkdir()
    assert street.reread() == before
    street.crew.look()
    [sentence] = said
    assert f"Le dossier {street.folder} est vide tout à coup" in sentence
    street.folder.rmdir()
    mounted.rename(street.folder)
    street.crew.look()
    assert street.reread() == before
    assert said == [sentence]


def test_a_file_whose_disk_does_not_answer_once_it_was_read_ends_nothing(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.worker.crew.LOOK_AT_FILES_EVERY_S", 0.0)
    file = write(street.folder, "roses", every=30)
    really = Member.__init__

    def away(*words: Any) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "stat", unanswered)
            really(*words)

    def unanswered(path: Path, **_: object) -> None:
        raise OSError(errno.EIO, str(path))

    monkeypatch.setattr(Member, "__init__", away)
    assert street.reread()["roses"].every == 30
    assert [one.written_at for one in street.crew.members if one.settings.practice.key == file.stem] == [0.0]


class Slow(MemorySender):
    """A gateway that answers when it is told to."""

    def __init__(self, channel: Channel = Channel.SMS) -> None:
        super().__init__(channel)
        self.asked, self.may = threading.Event(), threading.Event()

    def send(self, message: Outgoing) -> str:
        self.asked.set()
        self.may.wait(30)
        return super().send(message)


def test_l4_a_call_under_way_is_heard_before_its_practice_is_made_anew(tmp_path: Path) -> None:
    office, gateway, stop = make_office(tmp_path), Slow(), Stop()
    office.passes()
    office.she_books("e1")
    office.world = replace(office.world, senders={Channel.SMS: gateway})
    crew = crew_of(tmp_path / "practices", [office.world], stop, watched=True)
    crew.look()
    thread = threading.Thread(target=crew.workers[0].turn)
    thread.start()
    assert gateway.asked.wait(30)
    write(tmp_path / "practices", "lilas", every=30)
    stop(signal.SIGHUP)
    threading.Timer(0.3, gateway.may.set).start()
    thread.join(30)
    crew.look()
    assert office.told("confirmation") == ["sent"]
    crew.close()


@pytest.mark.parametrize("threads", [nullcontext, no_thread_left])
def test_l4_a_slow_gateway_is_heard_before_its_practice_is_made_anew_and_holds_no_other_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: Callable[[], AbstractContextManager[None]]
) -> None:
    monkeypatch.setattr("sync.core.calls.CALL_WAIT_S", 0.2)
    street, gateway = Street(tmp_path), Slow()
    office = street.offices["lilas"]
    office.passes()
    office.she_books("e1")
    office.world = replace(office.world, senders={Channel.SMS: gateway})
    street.crew = crew_of(street.folder, [office.world, street.offices["roses"].world], street.stop, watched=True)
    street.crew.look()
    street.workers()["lilas"].turn()
    assert gateway.asked.is_set()
    write(street.folder, "lilas", every=30)
    began = monotonic()
    with threads():
        assert list(street.reread()) == ["roses"]
    assert monotonic() - began < 5
    gateway.may.set()
    until(lambda: street.crew.look() and "lilas" in street.workers())
    for _ in range(2):
        office.turned += timedelta(hours=1)
        street.workers()["lilas"].turn()
    assert office.told("confirmation") == ["sent"]
    assert len(gateway.sent) == 1
    street.crew.close()


# --- stores ----------------------------------------------------------------------------------------------------------


def stubborn(street: Street, problem: Exception | None, begin: bool = True) -> Crew:
    """The street's crew where the first practice's store raises that at its opening."""
    refusals = [problem]

    @contextmanager
    def opening(settings: Settings, *, store: Store) -> Iterator[World]:
        key = settings.practice.key
        if key == "lilas" and refusals and (refused := refusals.pop()) is not None:
            raise refused
        yield street.offices[key].world

    folder = Folder([street.folder], {})
    return Crew(folder, folder.read(), street.stop, opening)


@pytest.mark.parametrize("problem", [Unusable, NotStored])
def test_a_store_that_cannot_be_opened_suspends_its_practice_alone_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: type[Exception]
) -> None:
    monkeypatch.setattr("sync.worker.file_locks.LOOK_EVERY_S", 0.0)
    street = Street(tmp_path)
    crew = stubborn(street, problem("Le fichier de la base est abîmé : restaurez une sauvegarde."))
    assert crew.look() < monotonic() + 1
    assert [one.world.practice.key for one in crew.workers] == ["roses"]
    crew.look()
    assert len(crew.workers) == 2
    crew.close()


def test_i09_a_second_process_on_the_same_files_is_refused(tmp_path: Path) -> None:
    street = Street(tmp_path)
    with street.offices["lilas"].world.store.lock():
        with street.offices["roses"].world.store.lock(), pytest.raises(Locked):
            street.crew.look()
        street.crew.look()
    assert list(street.workers()) == ["roses"]
    street.crew.close()


def test_practices_in_one_file_hold_its_lock_together(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'all.db'}"
    worlds = []
    for key in ("lilas", "roses"):
        (tmp_path / key).mkdir()
        worlds.append(make_office(tmp_path / key, replace(PRACTICE, key=key), store=Store(url, key)).world)
    stop = Stop()
    crew = crew_of(tmp_path / "practices", worlds, stop, watched=True)
    crew.look()
    (tmp_path / "practices" / "lilas.yaml").unlink()
    stop(signal.SIGHUP)
    crew.look()
    with pytest.raises(Locked), Store(url, "lilas").lock():
        pass
    crew.close()
    with Store(url, "lilas").lock():
        pass
