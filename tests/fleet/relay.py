"""What stands between a machine and its PostgreSQL: a proxy, which may hold connections open whose server is gone."""

import socket
import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL


class Relay:
    """Passes on to the server at that address, a socket of this machine. `address`: the same by TCP through it."""

    def __init__(self, behind: URL) -> None:
        folder = behind.query["host"]
        assert isinstance(folder, str)
        [self._server] = Path(folder).glob(".s.PGSQL.*[0-9]")
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = behind.set(host="127.0.0.1", port=self._door.getsockname()[1], query={})
        self._passing: list[socket.socket] = []
        self.silent: list[socket.socket] = []
        threading.Thread(target=self._takes, daemon=True).start()

    def moves(self) -> None:
        """The server is elsewhere now: what was open stays so, taken in and answered by nobody; what comes is passed
        on."""
        self.silent += self._passing[::2]
        for gone in self._passing[1::2]:
            with suppress(OSError):
                gone.shutdown(socket.SHUT_RDWR)
        self._passing = []

    def close(self) -> None:
        for one in (self._door, *self.silent, *self._passing):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _takes(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._passing += [client, server]
                for way in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while said := one.recv(65536):
                if one not in self.silent:
                    other.sendall(said)
        if other not in self.silent:
            with suppress(OSError):
                other.shutdown(socket.SHUT_RDWR)
