"""CalDAV servers in processes of their own, their calendars in a folder of ours: the demo's Radicale; a Xandikos.

`DEMO_HOST` and `DEMO_PORT` choose where it listens: 127.0.0.1 and a free port unless they are set. The patients' pages
listen at the same host.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, and the one account it knows. `url` ends with a slash; `shown` is for other machines."""

    url: str
    shown: str
    user: str = "cabinet"
    password: str = "lilas"  # noqa: S105  everybody's, and printed on the screen


@contextmanager
def radicale(folder: Path) -> Iterator[Server]:
    """A running server. Raises ModuleNotFoundError without the extra `demo`, OSError where it does not answer."""
    if importlib.util.find_spec("radicale") is None:
        raise ModuleNotFoundError("radicale", name="radicale")
    host = _host()
    port = int(os.environ.get("DEMO_PORT") or _free_port(host))
    local = "127.0.0.1" if host in EVERYWHERE else host
    server = Server(f"http://{local}:{port}/", f"http://{_shown(host)}:{port}/")
    folder.mkdir()
    with _running(_command(folder, server, f"{host}:{port}"), folder, local, port):
        yield server


def pages() -> tuple[str, str]:
    """Where the patients' pages are to listen, and their address as a person of this network opens it."""
    host = _host()
    port = _free_port(host)
    return f"{host}:{port}", f"http://{_shown(host)}:{port}"


@contextmanager
def xandikos(folder: Path) -> Iterator[str]:
    """A running Xandikos as it comes, for tests and the benchmark: it asks for no login. Its address."""
    port = _free_port("127.0.0.1")
    command = [
        sys.executable, "-m", "xandikos", "serve", "-d", str(folder / "d"), "--state-dir", str(folder / "s"),
        "--defaults", "--no-detect-systemd", "-l", "127.0.0.1", "-p", str(port),
    ]  # fmt: skip
    with _running(command, folder, "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def _running(command: list[str], folder: Path, host: str, port: int) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
    try:
        _answering(process, host, port)
        yield
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end; insist after a while."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _command(folder: Path, server: Server, listen: str) -> list[str]:
    """Nothing of the machine's own Radicale configuration counts: `--config ""`."""
    (folder / "users").write_text(f"{server.user}:{server.password}\n")
    options = {
        "config": "",
        "server-hosts": listen,
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": str(folder / "users"),
        "auth-htpasswd-encryption": "plain",
        "rights-type": "owner_only",
        "storage-type": "multifilesystem",
        "storage-filesystem-folder": str(folder / "collections"),
        "logging-level": "warning",
    }
    return [
        sys.executable,
        "-m",
        "radicale",
        *(word for name, value in options.items() for word in (f"--{name}", value)),
    ]


def _answering(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise OSError(f"Le serveur CalDAV ne démarre pas sur {host}:{port}.")


def _host() -> str:
    return os.environ.get("DEMO_HOST") or "127.0.0.1"


def _shown(host: str) -> str:
    return _own_address() if host in EVERYWHERE else host


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        return int(probe.getsockname()[1])


def _own_address() -> str:
    """This machine's address in its network. A UDP socket that is only connected sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
