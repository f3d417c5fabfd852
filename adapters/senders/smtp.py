"""An SMTP conversation with a deadline for the whole of it; the timeout of smtplib starts again with each byte."""

from __future__ import annotations

import io
import smtplib
import ssl
from time import monotonic
from typing import Any

from adapters import timed

REPLY = 64 * 1024  # bytes of one reply, all lines together
FAREWELL = 2.0  # seconds for QUIT: the message is taken already


class _Capped(timed.Reader):
    """A reader that limits the size of a reply."""

    allowance = REPLY

    def readinto(self, buffer: Any) -> int | None:
        """See RawIOBase."""
        count = super().readinto(buffer)
        self.allowance -= count or 0
        if self.allowance < 0:
            raise OSError("the reply has no end")
        return count


class Conversation(smtplib.SMTP):
    """Connects on construction. `context`: TLS from the first byte. `handed`: the message's last byte was written;
    before that the server surely has not taken it. Raises as smtplib, and ends at `end` on the monotonic clock."""

    def __init__(self, host: str, port: int, name: str, end: float, context: ssl.SSLContext | None = None) -> None:
        self.end, self.handed = end, False
        self._context = context
        self._reader: _Capped | None = None
        try:
            super().__init__(host, port, name)
        except BaseException:
            self.close()
            raise

    def _get_socket(self, host: str, port: int, _timeout: float) -> Any:
        line = timed.connected(host, port, self.end)
        if self._context is None:
            return line
        try:
            line.settimeout(timed.left(self.end))  # this timeout holds for the whole handshake
            return self._context.wrap_socket(line, server_hostname=host)
        except BaseException:
            line.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """See smtplib. A reply that is too long counts as a lost connection."""
        if self.file is None and self.sock is not None:
            self._reader = _Capped(self.sock, self.end)
            self.file = io.BufferedReader(self._reader)
        if self._reader is not None:
            self._reader.allowance = REPLY
        return super().getreply()

    def send(self, s: Any) -> None:
        """See smtplib."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        try:
            timed.send_all(self.sock, data, self.end)
        except OSError:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server does not read") from None
        self.handed = self.handed or data.endswith(b"\r\n.\r\n")

    def docmd(self, cmd: str, args: str = "") -> tuple[int, bytes]:
        """See smtplib."""
        reply = super().docmd(cmd, args)
        if cmd == "STARTTLS" and self.sock is not None:
            self.sock.settimeout(timed.left(self.end))
        return reply

    def quit(self) -> tuple[int, bytes]:
        """See smtplib; waits 2 s at most."""
        self.end = min(self.end, monotonic() + FAREWELL)
        if self._reader is not None:
            self._reader.until(self.end)
        return super().quit()
