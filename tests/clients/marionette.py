"""Mozilla's remote control as far as the tests need it: JSON arrays over TCP, each with its length before it.

The protocol is Firefox's own ("Marionette Protocol" in its source documentation): a command is `[0, id, name,
parameters]`, its answer `[1, id, error, result]`. The package `marionette_driver` speaks it too, with sixteen others.
"""

import itertools
import json
import socket
import time
from typing import Any

_ASYNC = """
const given = Array.from(arguments);
const done = given.pop();
(async (...arguments) => {%s})(...given).then(
  value => done({ value }), error => done({ error: `${error}\\n${error.stack}` }));
"""


class Failed(Exception):
    """What the program answered instead of a result."""


class Marionette:
    """One session with a running program, in its own (chrome) scripts."""

    def __init__(self, port: int, patience: float = 90.0) -> None:
        self._numbers = itertools.count(1)
        self._socket = _connected(port, patience)
        self._stream = self._socket.makefile("rb")
        self._read()  # it introduces itself
        self.ask("WebDriver:NewSession")
        self.ask("Marionette:SetContext", value="chrome")
        self.ask("WebDriver:SetTimeouts", script=int(patience * 1000))

    def run(self, script: str, *given: Any) -> Any:
        """What a script of the program's own kind returns; it may `await`, and `arguments` holds the rest."""
        asked = self.ask("WebDriver:ExecuteAsyncScript", script=_ASYNC % script, args=list(given), newSandbox=False)
        if "error" in asked["value"]:
            raise Failed(asked["value"]["error"])
        return asked["value"].get("value")

    def ask(self, name: str, **parameters: Any) -> Any:
        """The result of one command. Raises Failed."""
        number = next(self._numbers)
        body = json.dumps([0, number, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(body), body))
        kind, answered, error, result = self._read()
        assert (kind, answered) == (1, number)
        if error:
            raise Failed(f"{error['error']}: {error['message']}")
        return result

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _read(self) -> Any:
        size = b""
        while (sign := self._stream.read(1)) not in {b":", b""}:
            size += sign
        return json.loads(self._stream.read(int(size)))


def _connected(port: int, patience: float) -> socket.socket:
    deadline = time.monotonic() + patience
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=patience)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
