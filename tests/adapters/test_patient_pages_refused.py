"""The patients' pages and those who must not get in (P39, law L9): guessers, scanners, forms from elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import ExitStack
from itertools import cycle
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from starlette.requests import Request

from adapters.web import limits
from adapters.web.limits import OF_ALL, OF_ONE, THEN_OF_ONE, address
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from adapters.web.patients import LinkTo, What
from tests.adapters.test_web import Practice
from tests.pages.memory_desk import (
    EXPIRED,
    FAMILY,
    NOWHERE,
    OTHER_HOUSE,
    REVOKED,
    VISIT,
    Card,
    MemoryDesk,
)
from tests.pages.phone import SAME, Clock, Form, Phone, Site

# --- those who must not get in ---------------------------------------------------------------------------------------


def _essence(answer: requests.Response) -> tuple[int, str, frozenset[tuple[str, str]]]:
    """All of an answer that a guesser sees, without the date."""
    told = frozenset((name, value) for name, value in answer.headers.items() if name not in ("date", "set-cookie"))
    return answer.status_code, answer.text, told


@pytest.mark.parametrize("to", list(LinkTo))
def test_p39_unknown_malformed_expired_revoked_and_truncated_links_get_one_page(site: Site, to: LinkTo) -> None:
    wrong = [NOWHERE, EXPIRED, REVOKED, VISIT[:-1], VISIT + "x", VISIT.lower(), "x", "x" * 5000, "é€", "a'b--", "%00",
             "annulerr", "..", "Vq3xT0aLm8KpR5sYw2ZcN%20"]  # fmt: skip
    seen = {_essence(site.phone().opens(f"/{to}/{one}")) for one in wrong if one != ".."}
    [(status, text, _)] = seen
    assert status == 404
    assert "01 43 00 00 00" in text
    foreign = next(one for one, card in site.desk.cards.items() if card.to is not to)
    assert _essence(site.phone().opens(f"/{to}/{foreign}")) in seen


def test_p39_a_wrong_link_asks_the_store_like_a_right_one(site: Site) -> None:
    for secret in (VISIT, NOWHERE, "x", "x" * 5000, "é"):
        before = site.desk.shows
        site.phone().opens(f"/r/{secret}")
        assert site.desk.shows == before + 1


def test_with_several_practices_the_one_that_knows_the_link_answers(clock: Clock) -> None:
    here = MemoryDesk(cards={VISIT: Card(LinkTo.APPOINTMENT)})
    there = MemoryDesk(OTHER_HOUSE, {FAMILY: Card(LinkTo.APPOINTMENT, "Léo D.")})
    with bound("127.0.0.1:0") as door, serving(door, application([Practice(), Practice()], [here, there])):
        phone = Phone(f"http://127.0.0.1:{door.getsockname()[1]}")
        phone.opens(f"/r/{FAMILY}")
        assert OTHER_HOUSE.phone in phone.now.text
        phone.follows("Annuler")
        phone.sends(choix="oui")
        assert (here.done(), there.done()) == ([], [What.CANCEL])
        lost = Phone(phone.root).opens(f"/r/{NOWHERE}")
    assert lost.status_code == 404
    assert OTHER_HOUSE.phone not in lost.text
    assert here.place.phone not in lost.text


def test_l10_a_store_that_is_away_harms_no_other_practice_at_the_address(clock: Clock) -> None:
    here = MemoryDesk(cards={VISIT: Card(LinkTo.APPOINTMENT)}, away=True)
    there = MemoryDesk(OTHER_HOUSE, {FAMILY: Card(LinkTo.APPOINTMENT, "Léo D.")})
    with bound("127.0.0.1:0") as door, serving(door, application([Practice(), Practice()], [here, there])):
        root = f"http://127.0.0.1:{door.getsockname()[1]}"
        assert Phone(root).opens(f"/r/{FAMILY}").status_code == 200
        assert Phone(root).opens(f"/r/{VISIT}").status_code == 503  # nobody can say that it does not hold


def test_p39_ten_thousand_guesses_are_answered_alike_and_from_one_address_soon_not_at_all() -> None:
    app = application([Practice()], [MemoryDesk.full()])

    async def all_of_them(address: str) -> Counter[tuple[int, bytes]]:
        seen: Counter[tuple[int, bytes]] = Counter()
        for number in range(5_000):
            headers = [(b"x-forwarded-for", address.format(number // 250, number % 250).encode())]
            status, told, _ = await _asked(app, f"/r/guess-{number:016d}", headers)
            assert status == 303
            status, _, text = await _asked(app, f"/r/{told[b'location'].decode()[2:]}", headers)
            seen[status, text] += 1
        return seen

    everywhere = asyncio.run(all_of_them("10.1.{}.{}"))
    [(status, text)] = everywhere
    assert status == 404
    one_place = asyncio.run(all_of_them("192.0.2.7"))
    assert Counter(status for status, _ in one_place) == {404: 1, 429: 1}
    assert one_place[404, text] == THEN_OF_ONE


async def _asked(app: Any, where: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, dict[bytes, bytes], bytes]:
    """What the application answers, without a socket: status, headers, body."""
    path, _, query = where.partition("?")
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(b"host", b"rdv.test"), *headers], "scheme": "http", "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    return said[0]["status"], dict(said[0]["headers"]), b"".join(one.get("body", b"") for one in said[1:])


def test_a_guesser_does_not_shut_out_a_patient_elsewhere(site: Site) -> None:
    guesser = Phone(site.root, cookies=False)
    for number in range(OF_ALL + 5):
        guesser.opens(f"/r/guess{number}", headers={"X-Forwarded-For": f"198.51.100.{number % 250}"})
    patient = site.phone()
    patient.opens(f"/r/{VISIT}", headers={"X-Forwarded-For": "203.0.113.9"})
    assert patient.now.status_code == 200
    wrong = [site.phone().opens("/r/x", headers={"X-Forwarded-For": "203.0.113.10"}).status_code for _ in range(4)]
    assert wrong == [404] * THEN_OF_ONE + [429]
    site.clock.seconds += limits.WINDOW_S
    assert site.phone().opens("/r/x", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 404


@pytest.mark.parametrize("whose", ["of somebody who mistyped it", "that nobody knows"])
def test_p39_whatever_others_guess_a_link_that_holds_is_served(site: Site, whose: str) -> None:
    headers = {"X-Forwarded-For": "203.0.113.10" if "mistyped" in whose else ""}
    guesser = Phone(site.root, cookies=False)
    for number in range(OF_ALL + 5):
        guesser.opens(f"/r/guess{number}", headers={"X-Forwarded-For": f"198.51.100.{number % 250}"})
    wrong = [site.phone().opens("/r/x", headers=headers).status_code for _ in range(THEN_OF_ONE + 1)]
    assert wrong[-1] == 429
    patient = site.phone()
    assert patient.opens(f"/r/{VISIT}", headers=headers).status_code == 200
    patient.follows("Demander à être")
    assert patient.sends(SAME | headers, choix="oui").status_code == 200
    assert site.desk.done() == [What.CALL]


def test_an_address_that_guesses_by_itself_is_not_served(site: Site) -> None:
    headers = {"X-Forwarded-For": "203.0.113.10"}
    wrong = [site.phone().opens("/r/x", headers=headers).status_code for _ in range(OF_ONE + 1)]
    assert wrong == [404] * OF_ONE + [429]
    shown = site.desk.shows
    assert site.phone().opens(f"/r/{VISIT}", headers=headers).status_code == 429
    assert site.desk.shows == shown


def test_wrong_links_are_counted_without_what_they_were(site: Site) -> None:
    for secret in (NOWHERE, EXPIRED):
        site.phone().opens(f"/r/{secret}")
    text = requests.get(f"{site.root}/metrics", timeout=10).text
    assert 'attitre_wrong_links_total{kind="r"} 2.0' in text
    assert 'attitre_http_requests_total{method="GET",path="/r/{secret}",status="303"} 2.0' in text
    assert 'attitre_http_requests_total{method="GET",path="/r/",status="404"} 2.0' in text
    assert NOWHERE not in text


def test_p39_l9_a_scanner_that_opens_every_link_and_submits_every_form_changes_nothing(site: Site) -> None:
    for secret in site.desk.cards:
        scanner = site.phone()
        scanner.opens(site.link(secret))
        todo, seen = [(scanner.now.url, scanner.now.text)], set()
        while todo:
            where, text = todo.pop()
            for target in re.findall(r'href="([^"]+)"', text):
                address = urljoin(where, target.replace("&amp;", "&"))
                if address.startswith(site.root) and address not in seen:
                    seen.add(address)
                    found = scanner.session.get(address, timeout=10)
                    todo.append((found.url, found.text))
            if "<form" in text:
                form = Form(text)
                data = form.hidden | {name: "" for kind, name, _ in form.choices if kind in ("text", "tel", "email")}
                answer = scanner.session.post(urljoin(where, form.action), data=data, headers=SAME, timeout=10)
                assert answer.status_code == 422
        assert len(seen) > 3 or site.desk.cards[secret].to is not LinkTo.APPOINTMENT
    assert site.desk.done() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_l9_only_a_post_changes_anything(site: Site, method: str) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    form = Form(phone.now.text)
    data = form.hidden | {"choix": "oui"}
    for where in (f"{site.root}/r/annuler", f"{site.root}/r/", f"{site.root}/r/{VISIT}"):
        phone.session.request(method, where, params=data, data=data, headers=SAME, timeout=10)
    assert site.desk.done() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
        {"Origin": "http://[::1"},
        {"Origin": "127.0.0.1"},
        {},
    ],
)
def test_a_form_from_elsewhere_is_refused_politely(site: Site, headers: dict[str, str]) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    phone.sends(headers, choix="oui")
    assert phone.now.status_code == 403
    assert "Rien n’a été changé" in phone.says()
    assert site.desk.done() == []


def test_an_older_browser_is_known_by_its_origin_or_by_the_strict_cookie(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Demander à être")
    phone.sends({"Origin": "null"}, choix="oui")  # what Safari sends from a page without referrer
    assert phone.now.status_code == 200
    other = Phone(site.root, cookies=False)
    other.opens(f"/r/{FAMILY}")
    other.follows("Demander à être")
    assert other.sends({"Origin": "null"}, choix="oui").status_code == 403
    assert site.desk.done() == [What.CALL]


@pytest.mark.parametrize("other", ["token", "form", "link", "none"])
def test_the_token_of_another_form_is_no_token(site: Site, other: str) -> None:
    phone = site.opened(VISIT)
    phone.follows("Demander à être")
    call = Form(phone.now.text).hidden["jeton"]
    family = site.opened(FAMILY)
    family.follows("Annuler")
    theirs = Form(family.now.text).hidden["jeton"]
    phone.follows("Retour")
    phone.follows("Annuler")
    phone.sends(choix="oui", jeton={"token": "0" * 32, "form": call, "link": theirs, "none": ""}[other])
    assert phone.now.status_code == 410
    assert site.desk.done() == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"a=" + b"x" * 9_000 + b"&b=" + b"x" * 9_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % number for number in range(60)), "application/x-www-form-urlencoded", 413),
        (b'{"choix": "oui"}', "application/json", 403),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--', "multipart/form-data; boundary=x", 403),
        (b"", "", 403),
        (b"choix=oui", "application/x-www-form-urlencoded", 410),
        (b"\xff\x00=%zz&&==&choix", "application/x-www-form-urlencoded", 410),
    ],
)  # fmt: skip
def test_what_is_no_short_form_is_refused(site: Site, body: bytes, kind: str, status: int) -> None:
    headers = SAME | ({"Content-Type": kind} if kind else {})
    answer = requests.post(f"{site.root}/r/annuler", data=body, headers=headers, timeout=10)
    assert answer.status_code == status
    assert 'lang="fr"' in answer.text
    assert site.desk.shows == 0


def test_a_body_of_unknown_length_is_refused(site: Site) -> None:
    headers = SAME | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(f"{site.root}/r/annuler", data=iter([b"choix=oui"] * 3), headers=headers, timeout=10)
    assert answer.status_code == 413


def test_l8_what_a_patient_types_is_in_no_address_and_nowhere_said(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    phone = site.opened(VISIT)
    phone.follows("Corriger")
    phone.sends(nom="Marie DUPOND")
    assert "DUPOND" not in phone.now.url
    assert "Marie" not in requests.get(f"{site.root}/metrics", timeout=10).text
    said = capfd.readouterr()
    assert said.out + said.err == ""


class Relay(requests.Session):
    """Sends each request to the next one of the processes behind it."""

    def __init__(self, *ports: int) -> None:
        super().__init__()
        self.ports = cycle(ports)

    def request(self, method: Any, url: Any, *rest: Any, **options: Any) -> requests.Response:
        where = urlsplit(url)._replace(netloc=f"127.0.0.1:{next(self.ports)}").geturl()
        return super().request(method, where, *rest, **options)


def test_p39_behind_a_relay_that_chooses_any_process_a_visit_goes_on() -> None:
    desk = MemoryDesk.full()
    with ExitStack() as stack:
        doors = [stack.enter_context(bound("127.0.0.1:0")) for _ in range(2)]
        for door in doors:
            stack.enter_context(serving(door, application([Practice()], [desk])))
        phone = Phone("http://127.0.0.1", session=Relay(*(door.getsockname()[1] for door in doors)))
        assert phone.opens(f"/r/{VISIT}").status_code == 200
        phone.follows("Demander à être")
        assert phone.sends(choix="oui").status_code == 200
    assert desk.done() == [What.CALL]


@pytest.mark.parametrize(("peer", "served", "asks"), [
    ("127.0.0.1", "203.0.113.9", "203.0.113.9"), ("172.18.0.1", "203.0.113.9", ""), ("172.18.0.1", "", "172.18.0.1"),
    ("93.184.216.34", "203.0.113.9", "93.184.216.34"), ("fd00::1", "203.0.113.9", ""), ("127.0.0.1", "", ""),
])  # fmt: skip
def test_p39_a_relay_in_a_network_of_containers_is_not_taken_for_who_asks(peer: str, served: str, asks: str) -> None:
    headers = [(b"x-forwarded-for", served.encode())] if served else []
    assert address(Request({"type": "http", "client": (peer, 1), "headers": headers})) == asks
