"""A folder of practices: one file each, one wrong file alone, and only what changed is read again."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import folder as watched
from config.folder import SETTLED_S, Folder
from config.load import Loaded, Thing, load_all
from config.problems import why

Write = Callable[..., Path]
WRONG = (
    ("motifs:", "motfs:"), ("phone: 01", "phone: 0"), ("mon-fri", "lun-ven"), ("- {label", "  - {label: ["),
    ("practice: {", "practice: ["),
)  # fmt: skip


@pytest.fixture
def write(tmp_path: Path, small: str) -> Write:
    """A file of the folder, last changed so many seconds before the moment 1,000,000."""

    def written(key: str, *changes: tuple[str, str], ago: float = 100.0, name: str = "") -> Path:
        text = small.replace("practice: {", f"practice: {{key: {key}, ").replace("/martin/", f"/{key}/")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / (name or f"{key}.yaml")
        file.write_text(text)
        os.utime(file, (1_000_000 - ago, 1_000_000 - ago))
        return file

    return written


def usable(loaded: list[Loaded] | None) -> list[str]:
    assert loaded is not None
    return [one.key for one in loaded if one.settings is not None]


@pytest.mark.slow
def test_of_a_thousand_files_twenty_are_wrong_and_each_alone(tmp_path: Path, write: Write) -> None:
    for number in range(1000):
        write(f"c{number:03}", *([WRONG[number // 50 % 5]] if number % 50 == 7 else []))
    loaded = Folder([tmp_path], {}).read()
    wrong = [one for one in loaded if one.settings is None]
    assert [one.key for one in loaded] == [f"c{number:03}" for number in range(1000)]
    assert [one.key for one in wrong] == [f"c{number:03}" for number in range(7, 1000, 50)]
    assert all(str(problem).startswith(str(one.file)) for one in wrong for problem in one.problems)
    assert all(one.problems for one in wrong)


def test_one_calendar_has_one_practice_the_first_in_order(tmp_path: Path, write: Write) -> None:
    write("iris")
    write("lilas", ("https://dav.example/lilas/", "https://DAV.example/iris"))
    write("roses")
    loaded = load_all([tmp_path], {})
    assert usable(loaded) == ["iris", "roses"]
    [said] = [str(problem) for one in loaded for problem in one.problems]
    assert said == (
        f"{tmp_path}/lilas.yaml:6:17: dentists.martin.calendars[0]: cet agenda est déjà celui d'un autre cabinet "
        "(iris.yaml). Un agenda n'a qu'un cabinet : retirez-le de l'un des deux."
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://dav.example/cal/m%C3%A9/", "https://DAV.example:443/cal/mé"),
        ("https://dav.example/cal/a%40b/", "http://dav.example/cal/a@b/"),
        ("https://dav.example/cal/", "https://dav.example:443/cal//"),
    ],
)
def test_one_calendar_however_its_address_is_written(tmp_path: Path, write: Write, one: str, other: str) -> None:
    write("iris", ("https://dav.example/iris/", one))
    write("lilas", ("https://dav.example/lilas/", other))
    write("roses", ("https://dav.example/roses/", "https://dav.example:8443/cal/"))
    assert usable(load_all([tmp_path], {})) == ["iris", "roses"]


def test_a_google_calendars_name_is_an_address_in_any_case(tmp_path: Path, write: Write) -> None:
    for key, name in (("iris", "martin@lilas.example"), ("lilas", "Martin@Lilas.example")):
        google = f"kind: google, calendar_id: {name}, credentials: '{{}}'"
        write(key, (f"kind: caldav, url: https://dav.example/{key}/", google))
    assert usable(load_all([tmp_path], {})) == ["iris"]


def test_a_suspended_practice_takes_no_calendar_from_a_third(tmp_path: Path, write: Write) -> None:
    write("iris")
    write("iris", ("/iris/", "/roses/"), name="lilas.yaml")
    write("roses")
    assert usable(load_all([tmp_path], {})) == ["iris", "roses"]


def test_a_feed_may_be_read_for_two(tmp_path: Path, write: Write) -> None:
    for key in ("iris", "lilas"):
        write(key, ("kind: caldav", "kind: ics"), (f"/{key}/", "/feed.ics"))
    assert usable(load_all([tmp_path], {})) == ["iris", "lilas"]


def test_a_name_within_an_account_is_another_calendar_in_another_account(tmp_path: Path, write: Write) -> None:
    for key, account in (("iris", "iris"), ("lilas", "lilas"), ("roses", "lilas")):
        there = f"https://dav.example/, calendar: martin, username: {account}, password: x"
        write(key, (f"https://dav.example/{key}/", there))
    assert usable(load_all([tmp_path], {})) == ["iris", "lilas"]


# --- changes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    really = watched.load_file

    def noted(file: Path, environ: dict[str, str]) -> Loaded:
        names.append(file.name)
        return really(file, environ)

    monkeypatch.setattr(watched, "load_file", noted)
    return names


def test_only_what_changed_is_read_again(tmp_path: Path, write: Write, read_again: list[str]) -> None:
    for key in ("iris", "lilas", "roses"):
        write(key)
    folder = Folder([tmp_path], {})
    before = folder.read()
    read_again.clear()
    assert folder.look(1_000_000) is None
    write("lilas", ("motifs:", "motfs:"), ago=50)
    write("tulipes")
    (tmp_path / "roses.yaml").unlink()
    found = folder.look(1_000_000)
    assert usable(found) == ["iris", "tulipes"]
    assert sorted(read_again) == ["lilas.yaml", "tulipes.yaml"]
    assert found is not None
    assert found[0] is before[0]
    assert folder.look(1_000_000) is None


def test_a_copy_under_an_earlier_name_takes_no_calendar_from_a_practice_at_work(tmp_path: Path, write: Write) -> None:
    write("roses")
    folder = Folder([tmp_path], {})
    folder.read()
    write("anis", ("/anis/", "/roses/"))
    found = folder.look(1_000_000)
    assert found is not None
    assert usable(found) == ["roses"]
    assert "cet agenda est déjà celui d'un autre cabinet (roses.yaml)" in why(found[0].problems)
    assert usable(folder.read()) == ["roses"]
    write("roses", ("motifs:", "motfs:"), ago=50)
    assert usable(folder.look(1_000_000)) == []  # it is to be mended: nobody else may have its patients meanwhile
    write("roses", ago=40)
    assert usable(folder.look(1_000_000)) == ["roses"]
    write("roses", ("/roses/", "/lilas/"), ago=30)
    assert usable(folder.look(1_000_000)) == ["anis", "roses"]


def test_two_processes_agree_who_has_a_calendar_whenever_they_began(tmp_path: Path, write: Write) -> None:
    worked = dict[Thing, Path]()
    write("roses")
    before = Folder([tmp_path], {}, lambda _: worked)
    [roses] = before.read()
    calendar = roses.claims[1].thing
    worked = {calendar: roses.file}
    anis = write("anis", ("/anis/", "/roses/"))
    after = Folder([tmp_path], {}, lambda _: worked)
    assert usable(before.look(1_000_000)) == usable(after.read()) == ["roses"]
    worked = {calendar: anis}  # as a third process gave it away while the file was wrong
    assert usable(before.read()) == usable(after.read()) == ["anis"]


def test_while_nobody_knows_who_works_with_a_calendar_none_begins_with_it(tmp_path: Path, write: Write) -> None:
    worked: dict[Thing, Path] | None = None
    write("roses")
    before = Folder([tmp_path], {}, lambda _: worked)
    [roses] = before.read()
    write("anis", ("/anis/", "/roses/"))
    write("lilas")
    after = Folder([tmp_path], {}, lambda _: worked)
    found = after.read()
    assert usable(found) == ["lilas"]
    assert "leur base ne répond pas" in why(found[0].problems)
    assert usable(before.look(1_000_000)) == ["lilas", "roses"]  # it is at work already
    assert before.look(1_000_000) is None
    assert usable(after.look(1_000_000)) == ["lilas"]
    worked = {roses.claims[1].thing: roses.file}
    assert usable(after.look(1_000_000)) == ["lilas", "roses"]
    assert after.look(1_000_000) is None


def test_a_copy_with_the_same_key_takes_nothing_from_a_practice_at_work(tmp_path: Path, write: Write) -> None:
    write("roses")
    write("tulipes", ("/tulipes/", "/roses/"))
    calendar = Folder([tmp_path / "roses.yaml"], {}).read()[0].claims[1].thing
    folder = Folder([tmp_path], {}, lambda _: {calendar: tmp_path / "roses.yaml"})
    folder.read()
    write("roses", name="anis.yaml")
    found = folder.look(1_000_000)
    assert found is not None
    assert [one.file.name for one in found if one.settings is not None] == ["roses.yaml"]


def test_a_practice_at_work_keeps_its_calendar_where_its_file_is_renamed(tmp_path: Path, write: Write) -> None:
    file = write("zroses", ("key: zroses", "key: roses"), ("/zroses/", "/roses/"))
    calendar = Folder([file], {}).read()[0].claims[1].thing
    folder = Folder([tmp_path], {}, lambda asked: {calendar: next(one.file for one in asked if one.key == "roses")})
    folder.read()
    write("copie", ("/copie/", "/roses/"))
    assert usable(folder.look(1_000_000)) == ["roses"]
    file.rename(tmp_path / "roses.yaml")
    assert usable(folder.look(1_000_000)) == ["roses"]


def test_a_file_that_leaves_gives_its_key_and_calendars_free(tmp_path: Path, write: Write) -> None:
    file = write("roses")
    folder = Folder([tmp_path], {})
    folder.read()
    file.rename(tmp_path / "anis.yaml")
    assert usable(folder.look(1_000_000)) == ["roses"]
    write("roses")
    assert usable(folder.look(1_000_000)) == ["roses"]
    found = folder.read()
    assert [one.file.name for one in found if one.settings is not None] == ["anis.yaml"]


def test_a_practice_at_work_that_asks_for_another_ones_calendar_is_the_one_that_waits(
    tmp_path: Path, write: Write
) -> None:
    for key in ("anis", "roses"):
        write(key)
    folder = Folder([tmp_path], {})
    folder.read()
    write("anis", ("/anis/", "/roses/"), ago=50)
    assert usable(folder.look(1_000_000)) == ["roses"]
    write("lilas", ("key: lilas", "key: anis"))
    assert usable(folder.look(1_000_000)) == ["roses"]
    write("anis", ago=40)
    assert usable(folder.look(1_000_000)) == ["anis", "roses"]


def test_a_file_that_is_still_being_written_waits_for_the_next_look(tmp_path: Path, write: Write) -> None:
    write("iris")
    folder = Folder([tmp_path], {})
    folder.read()
    write("iris", ("motifs:", "motfs:"), ago=SETTLED_S / 2)
    write("lilas", ago=SETTLED_S / 2)
    assert folder.look(1_000_000) is None
    assert usable(folder.look(1_000_000 + SETTLED_S)) == ["lilas"]


def test_asked_for_everything_is_read_anew_secrets_too(tmp_path: Path, write: Write) -> None:
    write("iris", ("/iris/", "/iris/, username: a, password: !file hush"))
    (tmp_path / "hush").write_text("one")
    folder = Folder([tmp_path], {})
    [before] = folder.read()
    (tmp_path / "hush").write_text("two")
    assert folder.look(1_000_000) is None
    [after] = folder.read()
    assert before.settings != after.settings


def test_a_file_named_by_itself_is_not_watched(tmp_path: Path, write: Write) -> None:
    assert not Folder([write("iris")], {}).watched
    assert Folder([tmp_path], {}).watched


def test_a_folder_that_goes_away_suspends_and_comes_back(tmp_path: Path, write: Write) -> None:
    file = write("iris")
    folder = Folder([tmp_path], {})
    folder.read()
    file.rename(tmp_path / "iris.txt")
    assert usable(folder.look(1_000_000)) == []
    (tmp_path / "iris.txt").rename(file)
    assert usable(folder.look(1_000_000)) == ["iris"]


# --- what else lies in a folder --------------------------------------------------------------------------------------


def odd_files(folder: Path, write: Write) -> dict[str, str]:
    """Whatever may stand there under a practice's name → a word of its sentence."""
    sound = write("sound", name="sound.txt").read_bytes()
    (folder / "binary.yaml").write_bytes(bytes(range(256)) * 20)
    (folder / "empty.yaml").write_text("\n")
    (folder / "huge.yaml").write_bytes(sound + b"#" * 300_000)
    (folder / "list.yaml").write_text("- practice\n")
    (folder / "latin.yaml").write_bytes(sound.decode().replace("Dr", "Dré").encode("latin-1"))
    (folder / "subfolder.yaml").mkdir()
    (folder / "gone.yaml").symlink_to(folder / "nowhere")
    (folder / "round.yaml").symlink_to(folder / "round.yaml")
    os.mkfifo(folder / "pipe.yaml")
    write("twice", ("motifs:", "store: sqlite:///a.db\nstore: sqlite:///b.db\nmotifs:"))
    write("secret", ("/secret/", "/secret/, username: a, password: !env HUSH"))
    write("torn", ("practice: {", "practice: [{"))
    return {
        "binary": "UTF-8", "empty": "vide", "huge": "Kio", "list": "clés", "latin": "UTF-8", "subfolder": "dossier",
        "gone": "n'existe pas", "round": "ne peut pas être lu", "pipe": "pas un fichier", "twice": "store",
        "secret": "HUSH", "torn": "",
    }  # fmt: skip


@pytest.mark.timeout(30)
def test_whatever_lies_in_the_folder_has_its_sentence_and_the_others_work(tmp_path: Path, write: Write) -> None:
    expected = odd_files(tmp_path, write)
    sound = [f"z{number}" for number in range(5)]
    for key in sound:
        write(key)
    loaded = Folder([tmp_path], {}).read()
    assert usable(loaded) == sound
    wrong = {one.file.stem: why(one.problems) for one in loaded if one.settings is None}
    assert wrong.keys() == expected.keys()
    assert [name for name, word in expected.items() if word not in wrong[name]] == []


def test_a_folder_that_cannot_be_listed_is_said_and_ends_nothing(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk is away for a moment, or its rights were changed."""
    write("iris")
    folder = Folder([tmp_path], {})
    before = folder.read()

    def refused(_: Path) -> None:
        raise PermissionError(13, "no")

    with monkeypatch.context() as away:
        away.setattr(Path, "iterdir", refused)
        assert folder.look(1_000_000) is None
        [problem] = [problem for one in load_all([tmp_path], {}) for problem in one.problems]
        assert "ne peut pas être lu" in problem.text
    assert folder.look(1_000_000) is None
    assert folder.read() == before


# --- its disk goes away ----------------------------------------------------------------------------------------------


@contextmanager
def away(folder: Path, number: int, asked_for: Sequence[str] = ("stat", "iterdir", "open", "exists")) -> Iterator[None]:
    """Whoever asks the folder's disk for that is answered with that error."""

    def refused(really: Callable[..., object]) -> Callable[..., object]:
        def asked(path: Path, *words: object, **named: object) -> object:
            if path == folder or folder in path.parents:
                raise OSError(number, os.strerror(number))
            return really(path, *words, **named)

        return asked

    with pytest.MonkeyPatch.context() as patched:
        for name in asked_for:
            patched.setattr(Path, name, refused(getattr(Path, name)))
        yield


TROUBLES = [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EACCES, errno.ENOENT]


@pytest.mark.parametrize("number", TROUBLES)
def test_a_disk_that_does_not_answer_ends_nothing_and_no_practice_leaves(
    tmp_path: Path, write: Write, number: int
) -> None:
    write("iris")
    folder = Folder([tmp_path], {})
    before = folder.read()
    with away(tmp_path, number):
        assert folder.watched
        assert folder.look(1_000_000) is None
        assert folder.read() == before
        assert str(tmp_path) in folder.remark
        assert "continuent" in folder.remark
    assert folder.look(1_000_000) is None
    assert folder.remark == ""


@pytest.mark.parametrize("number", TROUBLES)
def test_a_command_says_that_the_disk_does_not_answer(tmp_path: Path, write: Write, number: int) -> None:
    write("iris")
    with away(tmp_path, number):
        [one] = load_all([tmp_path], {})
    assert one.settings is None
    assert len(one.problems) == 1


def test_a_volume_that_is_not_mounted_is_an_empty_folder_and_no_practice_leaves(tmp_path: Path, write: Write) -> None:
    write("iris")
    folder = Folder([tmp_path], {})
    before = folder.read()
    mounted, unmounted = tmp_path.with_name("mounted"), tmp_path
    tmp_path.rename(mounted)
    unmounted.mkdir()
    assert folder.look(1_000_000) is None
    assert folder.read() == before
    assert f"Le dossier {tmp_path} est vide tout à coup" in folder.remark
    unmounted.rmdir()
    mounted.rename(unmounted)
    write("iris", ("motifs:", "motfs:"), ago=50)
    assert usable(folder.look(1_000_000)) == []
    assert folder.remark == ""


def test_a_folder_is_empty_from_the_start_until_its_first_practice_comes(tmp_path: Path, write: Write) -> None:
    folder = Folder([tmp_path], {})
    assert usable(folder.read()) == []
    assert folder.remark == ""
    write("iris")
    assert usable(folder.look(1_000_000)) == ["iris"]


def test_beside_a_folder_that_is_away_the_other_one_is_looked_at(tmp_path: Path, small: str, write: Write) -> None:
    other = tmp_path / "autre"
    other.mkdir()
    (other / "lilas.yaml").write_text(small.replace("practice: {", "practice: {key: lilas, "))
    write("iris")
    folder = Folder([other, tmp_path], {})
    folder.read()
    with away(other, errno.EIO):
        write("iris", ("motifs:", "motfs:"), ago=50)
        write("roses", ago=50)
        assert usable(folder.look(1_000_000)) == ["lilas", "roses"]
        assert usable(folder.read()) == ["lilas", "roses"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT])
def test_a_folder_that_is_listed_from_memory_while_its_files_do_not_answer_keeps_its_practices(
    tmp_path: Path, write: Write, number: int
) -> None:
    """As the kernel does for a network disk."""
    write("iris")
    write("roses")
    folder = Folder([tmp_path], {})
    before = folder.read()
    with away(tmp_path / "iris.yaml", number, ("stat", "open")):
        write("roses", ("motifs:", "motfs:"), ago=50)
        assert usable(folder.look(1_000_000)) == ["iris"]
        assert usable(folder.read()) == ["iris"]
        assert folder.remark.count("ne peut pas être lu") == 1
    write("roses", ago=40)
    assert folder.look(1_000_000) == before
    assert folder.remark == ""
