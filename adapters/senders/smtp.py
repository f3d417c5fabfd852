"""An SMTP conversation that ends in time, whatever the server does: smtplib's own timeout counts from byte to byte."""

from __future__ import annotations

import io
import smtplib
import ssl
from time import monotonic
from typing import Any

from adapters import timed

REPLY = 64 * 1024  # bytes of one reply, of however many lines
FAREWELL = 2.0  # seconds for QUIT: what was taken is taken


class _Capped(timed.Reader):
    """Replies of a bounded size."""

    allowance = REPLY

    def readinto(self, buffer: Any) -> int | None:
        """See RawIOBase."""
        count = super().readinto(buffer)
        self.allowance -= count or 0
        if self.allowance < 0:
            raise OSError("the reply has no end")
        return count


class Conversation(smtplib.SMTP):
    """Connected on construction; `context`: TLS from the first byte. `handed` once the message's last byte went out:
    before, the server certainly has not taken it. Raises as smtplib; never later than `end` by the monotonic clock."""

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
            line.settimeout(timed.left(self.end))  # a handshake's timeout is for the whole of it
            return self._context.wrap_socket(line, server_hostname=host)
        except BaseException:
            line.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """See smtplib. An endless one is a lost connection."""
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
        """See smtplib; a farewell is short."""
        self.end = min(self.end, monotonic() + FAREWELL)
        if self._reader is not None:
            self._reader.until(self.end)
        return super().quit()
