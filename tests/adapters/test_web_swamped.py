"""The listener swamped: idle, half-open, slow and senseless connections harm neither those who ask nor the worker."""

import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from adapters.web import door as doors
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from tests.adapters.test_web import Practice

HALF = b"GET /healthz HTTP/1.1\r\nHost: here\r\nX-More: "


@contextmanager
def listening(*faults: list[Exception]) -> Iterator[int]:
    with bound("127.0.0.1:0") as door, serving(door, application([Practice()]), *(one.append for one in faults)):
        yield door.getsockname()[1]


@pytest.fixture
def many() -> Iterator[ExitStack]:
    """Room for connections without number on our own side."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    with ExitStack() as stack:
        yield stack
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(port: int, say: bytes = b"") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=20)
    with suppress(OSError):
        line.sendall(say)
    return line


def healthy(port: int) -> bool:
    return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=20).status_code == 200


def closed(line: socket.socket, seconds: float = 20) -> bool:
    """Whether the other side hangs up within so many seconds."""
    line.settimeout(seconds)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.parametrize(
    ("number", "say"),
    [
        (1100, b""),
        (200, HALF),
        (300, b"\x16\x03\x01\x02\x00\x01\x00\xff\xfe"),
        (200, b"POST /push/google HTTP/1.1\r\n"),
    ],
    ids=["idle", "half-open", "garbage", "no host"],
)
def test_a_swamped_listener_answers_who_asks(
    many: ExitStack, number: int, say: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    faults: list[Exception] = []
    with listening(faults) as port:
        before = open_files()
        for turn in range(number):
            many.enter_context(connect(port, say))
            if turn % 100 == 99:
                assert healthy(port)
        assert healthy(port)
        assert open_files() - before - number <= 2 * doors.MOST + 20, "our own ends, and few of its"
    assert faults == []
    assert capfd.readouterr() == ("", "")


def test_the_longest_idle_goes_first_and_who_works_stays(many: ExitStack) -> None:
    with listening() as port:
        first, second = connect(port, HALF), connect(port, HALF)
        for _ in range(doors.MOST - 1):
            many.enter_context(connect(port))
        assert closed(first)
        second.sendall(b"1\r\n\r\n")
        assert second.recv(100).startswith(b"HTTP/1.1 200")


def test_where_all_work_whoever_comes_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST", 1)
    go, at_work = threading.Event(), threading.Event()

    class Slow(Practice):
        def healthy(self) -> bool:
            at_work.set()
            return go.wait(20)

    with bound("127.0.0.1:0") as door, serving(door, application([Slow()])):
        port = door.getsockname()[1]
        busy = connect(port, b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert at_work.wait(20)
        assert closed(connect(port))
        go.set()
        assert busy.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("say", "drop"),
    [
        (b"", b""), (HALF, b""), (HALF, b"x"), (b"", b"\r\n"),
        (b"POST /push/google HTTP/1.1\r\nHost: here\r\nContent-Length: 900\r\n\r\n", b"x"),
        (b"POST /push/google HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n", b""),
    ],
    ids=["idle", "half a header", "dripping header", "dripping lines", "slow body", "slow chunks", "kept alive"],
)  # fmt: skip
def test_nobody_stays_longer_than_a_request_takes(monkeypatch: pytest.MonkeyPatch, say: bytes, drop: bytes) -> None:
    monkeypatch.setattr(doors, "REQUEST", 0.3)
    with listening() as port:
        line = connect(port, say)
        line.settimeout(0.05)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                line.sendall(drop)
                if not line.recv(65536):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() < until


def test_a_body_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "LARGEST", 100_000)
    with listening() as port:
        line = connect(port, b"POST /push/google HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(100_000):
                line.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def test_what_is_asked_in_a_row_is_answered_in_a_row() -> None:
    with listening() as port:
        line = connect(port, b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n" * 3)
        got = b""
        while got.count(b"HTTP/1.1 200") < 3:
            piece = line.recv(65536)
            assert piece
            got += piece


SWAMPED = """
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
from adapters.web import door as doors
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from tests.adapters.test_web import Practice
if sys.argv[2:]:
    doors.MOST, doors.most = 10_000, lambda: 10_000
faults = []
with bound("127.0.0.1:0") as door, serving(door, application([Practice()]), faults.append):
    print(door.getsockname()[1], flush=True)
    sys.stdin.readline()
    opened = open("/dev/null") if not sys.argv[2:] else None
print(len(faults), [type(one).__name__ for one in faults[:1]], flush=True)
"""


@contextmanager
def swamped(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    told = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", SWAMPED, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=told,
    ) as process:  # fmt: skip
        assert process.stdout
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def test_few_files_are_enough_and_the_worker_keeps_its_own(many: ExitStack) -> None:
    with swamped("80") as (process, port):
        for _ in range(120):
            many.enter_context(connect(port))
        assert healthy(port)
        out, err = process.communicate("\n", timeout=30)
    assert (process.returncode, out, err) == (0, "0 []\n", "")


def test_without_a_file_left_the_listener_says_so_once_and_goes_on(many: ExitStack) -> None:
    with swamped("60", "no limit of its own") as (process, port):
        with ExitStack() as flood:
            for _ in range(100):
                flood.enter_context(connect(port))
            time.sleep(0.3)
        assert healthy(port)
        out, err = process.communicate("\n", timeout=30)
    assert (process.returncode, out, err) == (0, "1 ['OSError']\n", "")
