"""Every `run` answers for all practices of its PostgreSQL, whoever is at work for them."""

import json
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
practice: {{key: answers, name: Cabinet, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: s@lilas.example}}
store: "{store}"
dentists:
  martin: {{name: Dr Martin, specialty: Dentiste, calendars: [{{kind: ics, url: "http://127.0.0.1:9/m.ics"}}]}}
motifs: [{{label: Contrôle, minutes: 20}}]
page: {{public_url: "https://rdv.lilas.example"}}
"""

STATUS = [*RUN[:-2], "status", "-c"]


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


def opened(port: int, link: str) -> str:
    """Where a click on the link leads."""
    answer = requests.get(f"http://127.0.0.1:{port}{link}", timeout=10, allow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["Location"]


@pytest.mark.slow
def test_every_process_answers_and_says_who_is_at_work(store: Store, tmp_path: Path) -> None:
    file, first, second = tmp_path / "attitre.yaml", free(), free()
    file.write_text(YAML.format(store=store.url.render_as_string(hide_password=False)), "utf-8")
    with runs(file, first) as working, runs(file, second):
        for port in (first, second):
            until(lambda port=port: get(port, "/readyz") == (200, "prêt\n"), 60)
        handle = opened(first, "/r/whatever-link")
        assert [get(port, f"/r/{handle}")[0] for port in (first, second)] == [404, 404]  # 410: it cannot be opened
        said = subprocess.run([*STATUS, str(file), "--json"], capture_output=True, text=True, check=False)
        assert len(json.loads(said.stdout)["workers"]) == 2
        shown = subprocess.run([*STATUS, str(file)], capture_output=True, text=True, check=False)
        assert "2 processus se partagent le travail" in shown.stdout
        working.send_signal(signal.SIGTERM)
        assert working.wait(60) == 0
        said = subprocess.run([*STATUS, str(file), "--json"], capture_output=True, text=True, check=False)
        assert len(json.loads(said.stdout)["workers"]) == 1
