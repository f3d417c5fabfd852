"""A `run` that stands by answers: who asks for its health knows it from the one that works."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sync.store.engine import Store
from tests.listening import RUN
from tests.working import until

YAML = """
practice: {{key: standby, name: Cabinet, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: s@lilas.example}}
store: "{store}"
dentists:
  martin: {{name: Dr Martin, specialty: Dentiste, calendars: [{{kind: ics, url: "http://127.0.0.1:9/m.ics"}}]}}
motifs: [{{label: Contrôle, minutes: 20}}]
page: {{public_url: "https://rdv.lilas.example"}}
"""


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def runs(file: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    told = {**os.environ, "ATTITRE_PAGE__LISTEN": f"127.0.0.1:{port}"}
    with (file.parent / f"{port}.log").open("ab") as log:
        process = subprocess.Popen([*RUN, str(file)], cwd=file.parent, stdout=log, stderr=log, env=told)
        try:
            yield process
        finally:
            process.kill()
            process.wait(30)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=10, allow_redirects=False)
    except requests.RequestException:
        return 0, ""
    return answer.status_code, answer.text


@pytest.mark.slow
def test_i07_who_stands_by_says_so_keeps_patients_waiting_and_then_works(postgresql: str, tmp_path: Path) -> None:
    store = Store(postgresql, "standby")
    store.prepare()
    store.close()
    file, first, second = tmp_path / "attitre.yaml", free(), free()
    file.write_text(YAML.format(store=postgresql), "utf-8")
    with runs(file, first) as working:
        until(lambda: get(first, "/readyz")[0] == 200, 60)
        with runs(file, second):
            until(lambda: get(second, "/healthz")[0] == 200, 60)
            assert get(second, "/healthz") == (200, "standby\n")
            assert get(second, "/readyz") == (503, "standby\n")
            status, text = get(second, "/r/whatever-link")
            assert status == 503
            assert "Le service reprend dans un instant" in text
            assert get(first, "/r/whatever-link")[0] == 303
            working.send_signal(signal.SIGTERM)
            until(lambda: get(second, "/readyz")[0] == 200, 60)
            assert get(second, "/r/whatever-link")[0] == 303
