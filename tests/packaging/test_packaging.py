"""What is shipped runs elsewhere: the wheel in a fresh environment, the locks, the image's recipe."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from adapters.version import VERSION

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-run.lock", "requirements-build.lock")
INSTALL = ("install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def call(*words: str | Path, cwd: Path, code: int = 0) -> str:
    """The output of a process that knows nothing of the checkout; it must end with that code."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ATTITRE"))}
    asked = [str(word) for word in words]
    done = subprocess.run(asked, cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


# --- the wheel -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    [built] = folder.glob("attitre-*-py3-none-any.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; what it depends on is lent by this one, the checkout is not."""
    home = tmp_path_factory.mktemp("env")
    call(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    call(sys.executable, "-m", "pip", "--python", home / "bin/python", *INSTALL, wheel, cwd=home)
    [packages] = home.glob("lib/python*/site-packages")
    lent = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (packages / "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    return home / "bin"


def test_the_wheel_holds_what_is_no_python_too(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "config/examples/full.yaml",
        "config/examples/minimal.yaml",
        "config/attitre.schema.json",
        "adapters/senders/templates/letter.html.j2",
        "adapters/web/templates/first.html.j2",
        "adapters/web/templates/style.css",
        "rules/entry/vocabulary.toml",
        "rules/text/given_names.txt",
        "sync/store/migrations/env.py",
        "sync/store/migrations/versions/0001_initial_tables.py",
    ):
        assert needed in names


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert tops == {"rules", "adapters", "config", "demo", "sync"}


def test_the_wheel_carries_command_and_licence(wheel: Path) -> None:
    files = zipfile.ZipFile(wheel)
    [info] = {name.split("/")[0] for name in files.namelist() if ".dist-info/" in name}
    assert "attitre = sync.main:main" in files.read(f"{info}/entry_points.txt").decode()
    assert f"{info}/licenses/LICENSE" in files.namelist()


@pytest.mark.slow
def test_the_command_of_the_wheel_runs_from_another_folder(bin_folder: Path, tmp_path: Path) -> None:
    assert call(bin_folder / "attitre", "--version", cwd=tmp_path) == f"attitre {VERSION}\n"
    where = call(bin_folder / "python", "-c", "import rules.model as m; print(m.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(bin_folder.parent)


@pytest.mark.slow
def test_the_wheel_writes_an_example_and_says_what_is_missing(bin_folder: Path, tmp_path: Path) -> None:
    call(bin_folder / "attitre", "init", "--example", cwd=tmp_path)
    assert (tmp_path / "attitre.yaml").read_text(encoding="utf-8") == text("config/examples/full.yaml")
    said = call(bin_folder / "attitre", "check", cwd=tmp_path, code=1)
    assert re.search(r"attitre\.yaml:\d+:\d+: .*DAV_PASSWORD", said)


# --- the locks -------------------------------------------------------------------------------------------------------


def project() -> dict[str, object]:
    return dict(tomllib.loads(text("pyproject.toml"))["project"])


def bare(name: str) -> str:
    """A requirement's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name, maxsplit=1)[0]).lower()


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)(?:\[\S+\])?==([^\s;]+)", text(name), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_niquests(name: str) -> None:
    assert not re.search(r"https?:|file:|git\+|--index|niquests|urllib3-future", text(name))


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_has_its_hash(name: str) -> None:
    pinned = re.split(r"^(?=[\w.-]+(?:\[\S+\])?==)", text(name), flags=re.MULTILINE)[1:]
    assert pinned
    assert [one.split("==")[0] for one in pinned if "--hash=sha256:" not in one] == []


@pytest.mark.parametrize("name", LOCKS[:2])
def test_the_locks_cover_what_the_project_needs(name: str) -> None:
    needed = {bare(one) for one in project()["dependencies"]}  # type: ignore[attr-defined]
    assert needed <= set(map(bare, locked(name)))


def test_what_runs_is_what_was_tested() -> None:
    whole = locked(LOCKS[0])
    for name in LOCKS[1:]:
        assert locked(name).items() <= whole.items()


def test_nothing_that_only_tests_need_is_in_the_image() -> None:
    assert not {"pytest", "radicale", "xandikos", "hypothesis", "mypy"} & set(locked("requirements-run.lock"))


# --- the image -------------------------------------------------------------------------------------------------------


def steps() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), continued lines joined, comments left out."""
    whole = re.sub(r"^\s*#.*\n", "", text("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in whole.splitlines() if line.strip()]


def final() -> list[tuple[str, str]]:
    """The steps of the last stage."""
    all_steps = steps()
    last = max(index for index, (word, _) in enumerate(all_steps) if word == "FROM")
    return all_steps[last:]


def test_the_image_runs_the_worker_as_an_unprivileged_user() -> None:
    words = dict(final())
    assert words["USER"] not in ("root", "0")
    assert words["ENTRYPOINT"] == '["attitre"]'
    assert words["CMD"] == '["run"]'
    assert words["VOLUME"] == words["WORKDIR"] == "/data"
    assert words["HEALTHCHECK"].endswith('CMD ["attitre", "status"]')


def test_the_image_takes_the_python_that_is_promised() -> None:
    promised = str(project()["requires-python"]).removeprefix(">=")
    assert {rest.split()[0] for word, rest in steps() if word == "FROM"} == {f"python:{promised}-slim"}


def test_the_build_copies_only_files_that_exist_and_are_let_in() -> None:
    let_in = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    copied = {name for word, rest in steps() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert not [rest for word, rest in steps() if word == "ADD"]


def test_the_build_installs_nothing_without_a_hash() -> None:
    installs = [
        one for word, rest in steps() if word == "RUN" for one in rest.split("&&") if "pip" in one and "install" in one
    ]
    assert installs
    assert [one for one in installs if "--require-hashes" not in one and "--no-index" not in one] == []
    assert "index-url" not in text("Dockerfile")


def test_of_googles_discovery_documents_only_the_calendars_stays(tmp_path: Path) -> None:
    """The image's own line, run on a copy of the folder's names."""
    documents = tmp_path / "lib/googleapiclient/discovery_cache/documents"
    documents.mkdir(parents=True)
    for name in ("calendar.v3.json", "drive.v3.json", "index.json"):
        (documents / name).touch()
    [line] = [rest for word, rest in steps() if word == "RUN" and rest.startswith("find ")]
    subprocess.run(shlex.split(line.replace("/opt/attitre", str(tmp_path))), check=True)
    assert [file.name for file in documents.iterdir()] == ["calendar.v3.json"]
