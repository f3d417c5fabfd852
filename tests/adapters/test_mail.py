"""E-mails as they arrive in the patient's box, over real SMTP on loopback."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from icalendar import Calendar
from msgspec.structs import replace

from adapters.base import Denied, Outgoing, Permanent, TryLater
from adapters.senders.mail import MailSender, compose
from adapters.senders.render import outgoing
from demo.sinks import MailSink
from rules.model import Channel, Dentist, Facts, MessageKind, Practice, Send

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LILAS = Practice(
    key="lilas",
    name="Cabinet dentaire des Lilas",
    address="12 rue des Lilas, 75020 Paris",
    phone="01 43 00 00 00",
    email="secretariat@lilas.example",
    zone=PARIS,
    dentists=(Dentist("martin", "Dr Claire Martin", "Chirurgien-dentiste"),),
    motifs=(),
)
SENDER = "Cabinet des Lilas <rdv@lilas.example>"
TUESDAY = Facts(
    7, "DUPONT Marie", "martin", datetime(2026, 11, 24, 9, 30, tzinfo=PARIS), 30, "Détartrage", LILAS.address
)
THURSDAY = replace(TUESDAY, start=datetime(2026, 12, 3, 14, 0, tzinfo=PARIS))
LINK = "https://rdv.lilas.example/r/Zm9v"


@pytest.fixture
def box() -> Iterator[MailSink]:
    with MailSink() as box:
        yield box


def told(kind: MessageKind, facts: Facts = TUESDAY, before: Facts | None = None, number: int = 1) -> Outgoing:
    send = Send(kind, Channel.EMAIL, "marie@exemple.fr", facts, before)
    return outgoing(send, f"lilas:g:12:{kind}:{number}:email", "12@attitre", number, LILAS, now=NOW, manage_url=LINK)


def arrived(box: MailSink, message: Outgoing) -> EmailMessage:
    MailSender(box.url, SENDER, timeout=5).send(message)
    [mail] = box.to("marie@exemple.fr")
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    return next(str(piece.get_content()) for piece in mail.walk() if piece.get_content_type() == kind)


def event(message: Outgoing) -> dict[str, str]:
    """The lines of the appointment's file."""
    calendar = Calendar.from_ical(message.attachments[0].content)
    lines = {name: str(value) for name, value in calendar.items()}
    [appointment] = calendar.events
    return lines | {name: value.to_ical().decode() for name, value in appointment.items()}


# --- what the patient reads ------------------------------------------------------------------------------------------


def test_p18_p35_p36_p37_p38_p39_the_confirmation_in_the_patients_box(box: MailSink) -> None:
    mail = arrived(box, told(MessageKind.CONFIRMATION))
    assert part(mail, "text/plain").replace("\r\n", "\n") == (
        "Cabinet dentaire des Lilas\n\n"
        "Bonjour,\n\n"
        "Votre rendez-vous est confirmé.\n\n"
        "Patient : DUPONT Marie\n"
        "Date et heure : mardi 24 novembre 2026 à 9 h 30 (heure de Paris)\n"
        "Durée : 30 min\n"
        "Praticien : Dr Claire Martin, Chirurgien-dentiste\n"
        "Motif : Détartrage\n"
        "Adresse : 12 rue des Lilas, 75020 Paris\n"
        "Téléphone : 01 43 00 00 00\n\n"
        "Modifier ou annuler ce rendez-vous : https://rdv.lilas.example/r/Zm9v\n"
        "Itinéraire (Google Maps) : https://www.google.com/maps/dir/?api=1"
        "&destination=12%20rue%20des%20Lilas%2C%2075020%20Paris\n\n"
        "Un empêchement ? Prévenez-nous dès que possible au 01 43 00 00 00.\n"
        "À bientôt,\n"
        "Cabinet dentaire des Lilas\n"
    )


def test_p42_the_modification_in_the_patients_box(box: MailSink) -> None:
    text = part(arrived(box, told(MessageKind.MODIFICATION, THURSDAY, TUESDAY)), "text/plain")
    assert "Date et heure : mardi 24 novembre 2026 à 9 h 30 → jeudi 3 décembre 2026 à 14 h (heure de Paris)" in text
    assert text.count("14 h") == text.count("9 h 30") == 1


def test_p39_the_page_has_buttons_and_loads_nothing_from_elsewhere(box: MailSink) -> None:
    page = part(arrived(box, told(MessageKind.CONFIRMATION)), "text/html")
    assert f'<a class="button" href="{LINK}">Modifier ou annuler ce rendez-vous</a>' in page
    assert '<a class="button" href="tel:+33143000000">Appeler le 01 43 00 00 00</a>' in page
    assert page.index("Cabinet dentaire des Lilas") < page.index("Bonjour")
    assert 'href="https://www.google.com/maps/dir/?api=1&amp;destination=12%20rue' in page
    assert "src=" not in page and "<img" not in page and "url(" not in page and "<script" not in page
    assert "prefers-color-scheme: dark" in page and 'name="viewport"' in page


def test_names_cannot_write_html(box: MailSink) -> None:
    page = part(arrived(box, told(MessageKind.CONFIRMATION, replace(TUESDAY, name="<b>X</b> & Co"))), "text/html")
    assert "&lt;b&gt;X&lt;/b&gt; &amp; Co" in page


def test_p37_no_header_says_why_the_patient_comes(box: MailSink) -> None:
    mail = arrived(box, told(MessageKind.CONFIRMATION))
    assert mail["Subject"] == "Rendez-vous confirmé : mardi 24 novembre 2026 à 9 h 30"
    assert not any("tartrage" in str(value) for _, value in mail.items())


# --- the patient's own calendar --------------------------------------------------------------------------------------


def test_p36_the_file_adds_the_appointment_without_saying_why() -> None:
    lines = event(told(MessageKind.CONFIRMATION))
    assert (lines["METHOD"], lines["STATUS"], lines["UID"]) == ("PUBLISH", "CONFIRMED", "12@attitre")
    assert (lines["DTSTART"], lines["DTEND"]) == ("20261124T083000Z", "20261124T090000Z")
    assert lines["SUMMARY"] == "Rendez-vous – Cabinet dentaire des Lilas"
    assert lines["LOCATION"] == r"12 rue des Lilas\, 75020 Paris"
    assert not any("tartrage" in value for value in lines.values())


def test_p36_p42_a_later_file_updates_the_same_appointment() -> None:
    first = event(told(MessageKind.CONFIRMATION, number=1))
    moved = event(told(MessageKind.MODIFICATION, THURSDAY, TUESDAY, number=2))
    assert first["UID"] == moved["UID"]
    assert int(first["SEQUENCE"]) < int(moved["SEQUENCE"])
    assert moved["DTSTART"] == "20261203T130000Z"


def test_p36_p43_the_cancellation_removes_what_the_patient_knew(box: MailSink) -> None:
    message = told(MessageKind.CANCELLATION, THURSDAY, TUESDAY, number=3)
    lines = event(message)
    assert (lines["METHOD"], lines["STATUS"], lines["UID"]) == ("CANCEL", "CANCELLED", "12@attitre")
    assert lines["DTSTART"] == "20261124T083000Z"
    [attached] = arrived(box, message).iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("text/calendar", "rendez-vous.ics")
    assert attached["Content-Type"].params["method"] == "CANCEL"


# --- the line --------------------------------------------------------------------------------------------------------


def test_p18_the_same_message_has_the_same_identity(box: MailSink) -> None:
    sender = MailSender(box.url, SENDER, timeout=5)
    first, second = (sender.send(told(MessageKind.CONFIRMATION)) for _ in range(2))
    assert first == second == box.messages[0]["Message-ID"]
    assert first.endswith("@lilas.example>") and "lilas:12" not in first
    assert sender.send(told(MessageKind.CONFIRMATION, number=2)) != first


def test_automatic_mail_says_so(box: MailSink) -> None:
    mail = arrived(box, told(MessageKind.REMINDER))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == SENDER
    assert mail["Date"].datetime.tzinfo is not None


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r", "\x0b", "\u2028", "\x00"])
def test_no_name_smuggles_in_a_header(breaks: str) -> None:
    message = Outgoing("k", "marie@exemple.fr", "Bonjour", f"Objet{breaks}Bcc: autre@exemple.fr")
    mail = compose(message, f"Cabinet{breaks}Bcc: autre <rdv@lilas.example>")
    assert mail["Bcc"] is None
    assert b"\nBcc:" not in mail.as_bytes()


@pytest.mark.parametrize(
    "to", ["a@b.fr\nBcc: c@d.fr", "a@b.fr\r\nRCPT TO:<c@d.fr>", "a@b.fr, c@d.fr", "", "a", "@b.fr"]
)
def test_an_address_that_is_none_is_refused_before_the_line(to: str) -> None:
    with pytest.raises(Permanent) as caught:
        MailSender("smtp://127.0.0.1:1", SENDER).send(Outgoing("k", to, "Bonjour"))
    assert "b.fr" not in str(caught.value)


def test_an_international_domain_travels_in_its_ascii_form(box: MailSink) -> None:
    MailSender(box.url, SENDER).send(Outgoing("k", "marie@café.example", "Bonjour"))
    assert box.recipients == [["marie@xn--caf-dma.example"]]


def test_a_dot_alone_does_not_cut_the_message(box: MailSink) -> None:
    text = "avant\n.\n..\naprès\n"
    assert part(arrived(box, Outgoing("k", "marie@exemple.fr", text)), "text/plain").replace("\r\n", "\n") == text


def test_p18_a_refused_recipient_is_for_good(box: MailSink) -> None:
    box.refuse["marie@exemple.fr"] = "550 5.1.1 marie@exemple.fr unknown"
    with pytest.raises(Permanent, match=r"^Le serveur de courrier refuse l'adresse du destinataire \(550\)\.$"):
        MailSender(box.url, SENDER).send(told(MessageKind.CONFIRMATION))


def test_p18_a_full_box_is_tried_later(box: MailSink) -> None:
    box.refuse["marie@exemple.fr"] = "452 4.2.2 full"
    with pytest.raises(TryLater):
        MailSender(box.url, SENDER).send(told(MessageKind.CONFIRMATION))


def test_refused_content_is_for_good(box: MailSink) -> None:
    box.answer_data = "554 5.7.1 spam"
    with pytest.raises(Permanent, match="le message"):
        MailSender(box.url, SENDER).send(told(MessageKind.CONFIRMATION))


def test_nobody_listening_is_tried_later() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(TryLater):
            MailSender(f"smtp://127.0.0.1:{held.getsockname()[1]}", SENDER).send(told(MessageKind.CONFIRMATION))


def test_a_silent_server_is_tried_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = MailSender(f"smtp://127.0.0.1:{silent.getsockname()[1]}", SENDER, timeout=0.2)
        with pytest.raises(TryLater):
            sender.send(told(MessageKind.CONFIRMATION))


def test_login_with_user_and_password() -> None:
    with MailSink(login=("rdv@lilas.example", "s3cret")) as box:
        sender = MailSender(box.url.replace("//", "//rdv%40lilas.example@"), SENDER, "s3cret")
        assert sender.probe() == "Serveur de courrier joignable : 127.0.0.1."
        sender.send(told(MessageKind.CONFIRMATION))
        assert len(box.messages) == 1


def test_a_wrong_password_is_for_a_person_and_is_shown_nowhere() -> None:
    with MailSink(login=("rdv", "s3cret")) as box:
        sender = MailSender(box.url.replace("//", "//rdv@"), SENDER, "wr0ng")
        with pytest.raises(Denied, match="identifiant ou le mot de passe") as caught:
            sender.send(told(MessageKind.CONFIRMATION))
        assert "wr0ng" not in f"{caught.value!r} {sender!r}"


# --- encryption ------------------------------------------------------------------------------------------------------


@pytest.fixture
def mail_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mail.example` is this machine, but the sender does not know."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: real("127.0.0.1" if host == "mail.example" else host, *rest, **more),
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `mail.example` and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2020, 1, 1), datetime(2100, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("mail.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path_factory.mktemp("tls") / "mail.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
    return file


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.usefixtures("mail_example")
def test_a_password_never_leaves_unencrypted() -> None:
    with MailSink(login=("rdv", "s3cret")) as box:
        sender = MailSender(f"smtp://rdv@mail.example:{box.port}", SENDER, "s3cret")
        with pytest.raises(Denied, match="STARTTLS"):
            sender.send(told(MessageKind.CONFIRMATION))
        assert box.messages == []


@pytest.mark.usefixtures("mail_example")
def test_starttls_before_the_password(certificate: Path, server_side: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with MailSink(login=("rdv", "s3cret"), tls_context=server_side, auth_require_tls=True) as box:
        sender = MailSender(f"smtp://rdv@mail.example:{box.port}", SENDER, "s3cret", context=trusting)
        sender.send(told(MessageKind.CONFIRMATION))
        assert len(box.messages) == 1


@pytest.mark.usefixtures("mail_example")
def test_an_unknown_certificate_is_for_a_person(server_side: ssl.SSLContext) -> None:
    with MailSink(tls_context=server_side) as box:
        with pytest.raises(Denied, match="certificat"):
            MailSender(f"smtp://mail.example:{box.port}", SENDER).send(told(MessageKind.CONFIRMATION))
        assert box.messages == []


@pytest.mark.usefixtures("mail_example")
def test_smtps_speaks_tls_from_the_first_byte(certificate: Path, server_side: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with MailSink(ssl_context=server_side) as box:
        MailSender(f"smtps://mail.example:{box.port}", SENDER, context=trusting).send(told(MessageKind.REMINDER))
        assert len(box.messages) == 1
