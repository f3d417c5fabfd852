"""The HTTP side: one request in, one answer out, with faults, compression, batches and a log."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from demo.googlestandin.consent import PATH
from demo.googlestandin.errors import Json, Refused, Reply, bad
from demo.googlestandin.faults import CUT, DEAD, LOST, PAGE, Asked
from demo.googlestandin.routes import named, scopes_of
from demo.googlestandin.tokens import may

if TYPE_CHECKING:
    from demo.googlestandin import GoogleStandIn

PREFIX = "/calendar/v3/"
MOST_PARTS = 1000
_PAGE = b"<!DOCTYPE html><title>Error 502 (Server Error)!!1</title><p>The server encountered a temporary error."


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the log: the request and the status it got (0: no answer left the server)."""

    asked: Asked
    status: int

    @property
    def operation(self) -> str:
        """As the reference names it."""
        return self.asked.operation


class Front:
    """From raw requests to answers."""

    def __init__(self, google: GoogleStandIn) -> None:
        self._google = google

    def answer(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> tuple[Reply, str]:
        """The answer, and the fault of the wire that hits it."""
        parts = urlsplit(target)
        if parts.path == "/token":
            return self._token(method, headers, raw)
        if parts.path == PATH:
            return self._consent_page(method, parts.query, headers)
        if parts.path.startswith("/batch"):
            return self._batch(method, parts.path, headers, raw)
        return self._one(method, target, headers, raw, inner=False)

    def _token(self, method: str, headers: Mapping[str, str], raw: bytes) -> tuple[Reply, str]:
        form = dict(parse_qsl(raw.decode()))
        asked = Asked("token", method, "/token", {}, _public(headers), {"grant_type": form.get("grant_type", "")})
        try:
            fault = self._google.faults.due(asked)
        except Refused as no:
            return self._logged(asked, _refusal(no)), ""
        return self._logged(asked, self._google.gate.grant(form), fault), fault

    def _consent_page(self, method: str, query: str, headers: Mapping[str, str]) -> tuple[Reply, str]:
        asked = Asked("consent", method, PATH, parse_qs(query), _public(headers))
        return self._logged(asked, self._google.consent.page(dict(parse_qsl(query)))), ""

    def _batch(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[Reply, str]:
        asked = Asked("batch", method, path, {}, _public(headers))
        try:
            fault = self._google.faults.due(asked)
            parts = _parts(headers.get("content-type", ""), raw)
        except Refused as no:
            return self._logged(asked, _refusal(no)), ""
        answers = [self._part(part, headers.get("authorization", "")) for part in parts]
        return self._logged(asked, _joined(answers), fault), fault

    def _part(self, part: Message, authorization: str) -> tuple[str, Reply]:
        payload = part.get_payload(decode=True)
        head, _, body = (payload if isinstance(payload, bytes) else b"").partition(b"\n\n")
        line, _, rest = head.replace(b"\r", b"").partition(b"\n")
        method, target, *_ = line.decode().split(" ")
        headers = {key.lower(): value for key, value in message_from_bytes(rest + b"\n\n").items()}
        headers.setdefault("authorization", authorization)
        reply, _ = self._one(method, target, headers, body, inner=True)
        return str(part.get("Content-ID", "")), reply

    def _one(
        self, method: str, target: str, headers: Mapping[str, str], raw: bytes, *, inner: bool
    ) -> tuple[Reply, str]:
        if headers.get("x-http-method-override") == "GET":  # how the client library sends a URL over 2048 characters
            method, target, raw = "GET", f"{target.partition('?')[0]}?{raw.decode()}", b""
        parts = urlsplit(target)
        path = parts.path.removeprefix(PREFIX.rstrip("/")).lstrip("/")
        operation, values, schema = named(method, path)
        query = parse_qs(parts.query, keep_blank_values=True)
        asked = Asked(operation, method, path, query, _public(headers), None, inner)
        fault = ""
        try:
            access = self._google.gate.who(headers.get("authorization", ""))
            may(access, scopes_of(operation))
            asked = replace(asked, body=_json(raw), who=access.email)
            fault = self._google.faults.due(asked)
            reply = Reply(0) if fault in (DEAD, PAGE) else self._google.desk.answer(asked, values, schema)
        except Refused as no:
            reply = _refusal(no)
        if fault == PAGE:
            reply = Reply(502, _PAGE, {"Content-Type": "text/html"})
        return self._logged(asked, reply, fault), fault

    def _logged(self, asked: Asked, reply: Reply, fault: str = "") -> Reply:
        self._google.log.append(Seen(asked, 0 if fault in (DEAD, LOST) else reply.status))
        return reply


def handler(google: GoogleStandIn) -> type[BaseHTTPRequestHandler]:
    """The class that http.server wants."""
    front = Front(google)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 30

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {key.lower(): value for key, value in self.headers.items()}
            time.sleep(google.faults.latency)
            with google.world.lock:
                reply, fault = front.answer(self.command, self.path, headers, raw)
            if fault in (LOST, DEAD):
                self.close_connection = True
                return
            self._send(reply, "gzip" in headers.get("accept-encoding", ""), cut=fault == CUT)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def _send(self, reply: Reply, zipped: bool, *, cut: bool) -> None:
            body = gzip.compress(reply.body, 1) if zipped and reply.body else reply.body
            self.send_response(reply.status)
            for key, value in {"Content-Type": "application/json; charset=UTF-8", **reply.headers}.items():
                self.send_header(key, value)
            if zipped and reply.body:
                self.send_header("Content-Encoding", "gzip")
            if reply.status not in (204, 304):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection = self.close_connection or cut

        def log_message(self, format: str, *args: Any) -> None:
            """The log is `google.log`."""

    return Handler


def _json(raw: bytes) -> Json | None:
    if not raw.strip():
        return None
    try:
        body = json.loads(raw)
    except ValueError:
        raise bad("parseError", "Parse Error") from None
    return body if isinstance(body, dict) else None


def _refusal(no: Refused) -> Reply:
    return Reply(no.kind.status, json.dumps(no.document).encode(), no.headers)


def _public(headers: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != "authorization"}


def _parts(content_type: str, raw: bytes) -> list[Message]:
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    parts = message.get_payload()
    if not message.is_multipart() or not isinstance(parts, list):
        raise bad("badRequest", "Missing or malformed multipart body.")
    if len(parts) > MOST_PARTS:
        raise bad("badRequest", f"The batch has more than {MOST_PARTS} parts.")
    return [part for part in parts if isinstance(part, Message)]


def _joined(answers: list[tuple[str, Reply]]) -> Reply:
    boundary = "batch_standin"
    chunks = []
    for content_id, reply in answers:
        name = "<response-" + content_id.removeprefix("<")
        headers = {"Content-Type": "application/json; charset=UTF-8", **reply.headers}
        lines = [f"--{boundary}", "Content-Type: application/http", f"Content-ID: {name}", "",
                 f"HTTP/1.1 {reply.status} OK", *(f"{key}: {headers[key]}" for key in headers), "", ""]  # fmt: skip
        chunks.append("\r\n".join(lines).encode() + reply.body + b"\r\n")
    body = b"".join(chunks) + f"--{boundary}--\r\n".encode()
    return Reply(200, body, {"Content-Type": f"multipart/mixed; boundary={boundary}"})
