"""E-mail over SMTP (RFC 5321), with STARTTLS or TLS."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import localtime, parseaddr
from hashlib import sha256
from time import monotonic
from urllib.parse import SplitResult, unquote, urlsplit

from adapters import deadline
from adapters.base import Attachment, Denied, Outgoing, Permanent, TryLater, Uncertain
from adapters.senders.smtp import Conversation
from rules.model import Channel

_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailSender:
    """Sends e-mail through a server: `smtp://user@host:587` (STARTTLS), `smtps://…` (TLS), `smtp://127.0.0.1:1025`.

    A password is sent unencrypted only on loopback. `sender` is `Cabinet <rdv@cabinet.example>`. SMTP has no
    idempotency keys, so a message is not repeatable; its stable Message-ID identifies a second copy. `timeout`:
    seconds for the whole session, from the name lookup to the last reply.
    """

    url: str
    sender: str
    password: str | None = field(default=None, repr=False)
    timeout: float = 20.0
    context: ssl.SSLContext | None = None

    @property
    def channel(self) -> Channel:
        """E-mail."""
        return Channel.EMAIL

    @property
    def repeatable(self) -> bool:
        """Always False: a server cannot tell a repeated message from a new one."""
        return False

    def send(self, message: Outgoing) -> str:
        """Send the message; returns its Message-ID.

        Raises TryLater (unreachable, too slow, 4xx), Permanent (5xx to recipient or content), Denied (login, TLS,
        sender), Uncertain (no clear reply after the message's last byte).
        """
        composed = compose(message, self.sender)
        envelope_to = _addr_spec(message.to)
        with self._connected() as server:
            _check(server.mail(_addr_spec(parseaddr(self.sender)[1])), Denied, "l'expéditeur")
            _check(server.rcpt(envelope_to), Permanent, "l'adresse du destinataire")
            _check(_data(server, composed.as_bytes(policy=SMTP)), Permanent, "le message")
        return str(composed["Message-ID"])

    def probe(self) -> str:
        """Log in without sending; returns a French sentence. Raises TryLater, Denied."""
        with self._connected() as server:
            _check(server.noop(), Denied, "la connexion")
        return f"Serveur de courrier joignable : {urlsplit(self.url).hostname}."

    @contextmanager
    def _connected(self) -> Iterator[Conversation]:
        """A logged-in session. A message that fails here or before DATA was certainly not accepted."""
        server: Conversation | None = None
        end = min(monotonic() + self.timeout, deadline.ends())
        try:
            server = self._open(urlsplit(self.url), end)
            yield server
            with suppress(smtplib.SMTPException, OSError, ValueError):  # a failing QUIT changes nothing
                server.quit()
        except smtplib.SMTPAuthenticationError as refusal:
            raise _login(refusal) from None
        except ssl.SSLCertVerificationError:
            raise Denied("Le certificat du serveur de courrier n'est pas valable.") from None
        except smtplib.SMTPNotSupportedError:
            raise Denied("Le serveur de courrier ne propose ni STARTTLS ni connexion par mot de passe.") from None
        except (smtplib.SMTPException, OSError, ValueError):  # ValueError: smtplib does not catch invalid base64
            late = monotonic() >= end  # connecting and greeting count too
            raise TryLater(_TOO_LATE if late else _AWAY, slow=late) from None
        finally:
            if server is not None:
                server.close()

    def _open(self, url: SplitResult, end: float) -> Conversation:
        host, port = url.hostname or "", url.port or _PORTS.get(url.scheme, 25)
        context = self.context or ssl.create_default_context()
        tls = context if url.scheme == "smtps" else None
        server = Conversation(host, port, _ehlo(self.sender), end, tls)
        try:
            self._secure(server, url, context)
        except BaseException:
            server.close()
            raise
        return server

    def _secure(self, server: Conversation, url: SplitResult, context: ssl.SSLContext) -> None:
        """Encrypt if the server offers it, and always before a password, then log in. Loopback needs no encryption."""
        server.ehlo()
        if url.scheme == "smtp" and not _this_machine(url) and (self.password or server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        if self.password:
            user = unquote(url.username or "")
            if not f"{user}{self.password}".isascii():  # smtplib logs in with ASCII only
                raise Denied("L'identifiant ou le mot de passe du courrier contient un accent : changez-le.")
            server.login(user, self.password)


def compose(message: Outgoing, sender: str) -> EmailMessage:
    """The message as it is transmitted. Its Message-ID depends on the key alone, so that a repetition has the same."""
    name, address = parseaddr(sender)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(_line(name), addr_spec=_addr_spec(address))
    mail["To"] = Address(addr_spec=_addr_spec(message.to))
    mail["Subject"] = _line(message.subject)
    mail["Date"] = localtime()
    mail["Message-ID"] = f"<{sha256(message.key.encode()).hexdigest()[:32]}@{_addr_spec(address).rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    for attachment in message.attachments:
        _attach(mail, attachment)
    return mail


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    header = Message()
    header["Content-Type"] = attachment.content_type
    params = {name: str(value) for name, value in header.get_params([])[1:]}
    mail.add_attachment(
        attachment.content,
        maintype=header.get_content_maintype(),
        subtype=header.get_content_subtype(),
        filename=attachment.name,
        params=params,
    )


def _ehlo(sender: str) -> str:
    """The name for EHLO: the sender's domain, since smtplib's default asks the resolver, which may take seconds."""
    try:
        return parseaddr(sender)[1].rpartition("@")[2].encode("idna").decode() or "localhost"
    except UnicodeError:
        return "localhost"


def _this_machine(url: SplitResult) -> bool:
    host = url.hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _line(text: str) -> str:
    """The text as one printable line, so that it cannot add a header."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _addr_spec(address: str) -> str:
    """The address for the envelope, with an international domain in its ASCII form. Raises Permanent if invalid."""
    local, at, domain = address.rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode()}"
        if not local or not plain.isascii() or not Address(addr_spec=plain).domain:
            raise ValueError
    except (ValueError, UnicodeError):
        raise Permanent("Cette adresse e-mail ne peut pas recevoir de courrier.") from None
    return plain


def _check(answer: tuple[int, bytes], refused: type[Permanent] | type[Denied], what: str) -> None:
    """Raise if the server did not accept one step. Its text may contain the address, so only the code is kept (law
    L8)."""
    code = answer[0]
    if 200 <= code < 300:
        return
    if 500 <= code < 600:
        raise refused(f"Le serveur de courrier refuse {what} ({code}).")
    raise TryLater(f"Le serveur de courrier demande d'attendre ({code}).")


def _data(server: Conversation, content: bytes) -> tuple[int, bytes]:
    """Transmit the message; returns the reply. Raises Uncertain if no clear reply follows the last byte, as the server
    may have accepted it."""
    try:
        reply = server.data(content)
    except smtplib.SMTPDataError as refusal:  # the DATA command itself; only 354 of RFC 5321 accepts it
        return (refusal.smtp_code if refusal.smtp_code >= 400 else 451), b""
    except (smtplib.SMTPException, OSError, ValueError):
        if not server.handed:
            raise
        raise Uncertain(_MAYBE, slow=monotonic() >= server.end) from None
    if not (200 <= reply[0] < 300 or 400 <= reply[0] < 600):
        raise Uncertain(_MAYBE)
    return reply


def _login(refusal: smtplib.SMTPAuthenticationError) -> TryLater | Denied:
    if 400 <= refusal.smtp_code < 500:
        return TryLater(f"Le serveur de courrier demande d'attendre ({refusal.smtp_code}).")
    return Denied("Le serveur de courrier refuse l'identifiant ou le mot de passe.")


_TOO_LATE = "Le serveur de courrier n'a pas répondu à temps."
_AWAY = "Le serveur de courrier est injoignable ou a coupé la connexion."
_MAYBE = "Le serveur de courrier n'a pas confirmé : le message est peut-être parti."
