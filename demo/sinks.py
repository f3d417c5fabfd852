"""Gateways that deliver to nobody: real servers on loopback that keep what they are given. For the demo and tests."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, Envelope, Session


# --- SMS -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """How the gateway answers one request: after `delay` seconds, or, with `drop`, never. `taken`: the message is
    kept, whatever the answer says."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Sms:
    """A request that was kept: its idempotency key, its decoded JSON or form, its headers."""

    key: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def to(self) -> str:
        """The number, under the name that the demo's gateway gives it."""
        return str(self.body.get("to", ""))

    @property
    def text(self) -> str:
        """What the patient reads."""
        return str(self.body.get("text", ""))


class SmsSink:
    """An SMS gateway on loopback: `with SmsSink() as sink: sink.url, sink.messages`.

    Idempotent as a good gateway is: a key seen before is answered with the first reference, kept once and counted in
    `repeats`. `answer_next` plants other answers, one a request.
    """

    def __init__(self, port: int = 0) -> None:
        self.messages: list[Sms] = []
        self.repeats: Counter[str] = Counter()
        self.requests = 0
        self._planted: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/sms"

    def answer_next(self, *answers: Answer) -> None:
        """Answer the coming requests so, in this order; then normally again."""
        self._planted.extend(answers)

    def take(self, sms: Sms) -> tuple[Answer, str]:
        """Keep a message once; the answer due, and the reference."""
        with self._lock:
            self.requests += 1
            answer = self._planted.popleft() if self._planted else Answer()
            keys = [known.key for known in self.messages]
            if sms.key and sms.key in keys:
                self.repeats[sms.key] += 1
                return answer, f"sms-{keys.index(sms.key) + 1}"
            if answer.taken:
                self.messages.append(sms)
            return answer, f"sms-{len(self.messages)}"

    def __enter__(self) -> SmsSink:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(sink: SmsSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True  # an answer in two small packets would wait 40 ms for the first to be confirmed

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = _decoded(raw, self.headers.get("Content-Type", ""))
            sms = Sms(self.headers.get("Idempotency-Key", ""), body, {k.lower(): v for k, v in self.headers.items()})
            answer, reference = sink.take(sms)
            time.sleep(answer.delay)
            if answer.drop:
                self.close_connection = True
                return
            self._reply(answer, json.dumps({"id": reference}).encode())

        def do_OPTIONS(self) -> None:
            self._reply(Answer(204), b"")

        def _reply(self, answer: Answer, content: bytes) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked did not wait for the answer
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Silent: numbers belong in no log (law L8)."""

    return Handler


def _decoded(raw: bytes, content_type: str) -> Mapping[str, Any]:
    if "form" in content_type:
        return dict(parse_qsl(raw.decode()))
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


# --- e-mail ----------------------------------------------------------------------------------------------------------


class MailSink:
    """A mail server on loopback: `with MailSink() as sink: sink.url, sink.messages`.

    `refuse` maps recipients to the answer that they get (`550 unknown`); `answer_data` is given once,
    instead of taking a message; `drop_after_data` takes one and cuts the line. With `login` it asks for a password.
    """

    def __init__(self, port: int = 0, login: tuple[str, str] | None = None, **options: Any) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse: dict[str, str] = {}
        self.answer_data = ""
        self.drop_after_data = False
        self._controller = _controller(self, port, login, options)

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:PORT`."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on, known once it runs."""
        sockets = self._controller.server.sockets
        return int(sockets[0].getsockname()[1])

    def to(self, recipient: str) -> list[EmailMessage]:
        """What arrived in one box."""
        return [mail for mail, who in zip(self.messages, self.recipients, strict=True) if recipient in who]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """aiosmtpd asks about a recipient."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd hands a message over."""
        answer, self.answer_data = self.answer_data, ""
        if answer:
            return answer
        content = envelope.content or b""
        mail = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=policy.default)
        self.messages.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        if self.drop_after_data:
            self.drop_after_data = False
            server.transport.abort()
        return "250 OK"

    def __enter__(self) -> MailSink:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()


def _controller(sink: MailSink, port: int, login: tuple[str, str] | None, options: dict[str, Any]) -> Controller:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    class OnLoopback(Controller):  # type: ignore[misc]
        def _trigger_server(self) -> None:
            """Port 0 means: any that is free; only now is it known which one must answer."""
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    def known(server: object, session: object, envelope: object, mechanism: str, data: object) -> Any:
        sent = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=sent == login, handled=sent == login)

    if login:
        options = {"authenticator": known, "auth_required": True, "auth_require_tls": False, **options}
    return OnLoopback(sink, hostname="127.0.0.1", port=port, **options)
