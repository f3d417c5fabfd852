"""The patients' pages over HTTP (P39): what leads to them, what changes something, and what never does."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests

from adapters.web import limits, patient_pages, sessions, views
from adapters.web.limits import OF_ALL, THEN_OF_ONE, Guesses
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from adapters.web.patients import Act, Choice, Day, LinkTo, Shown, What
from adapters.web.sessions import Sessions
from adapters.web.views import Asked, french
from tests.adapters.test_web import Practice
from tests.pages.memory_desk import (
    CHANGED,
    EXPIRED,
    FAMILY,
    LATE,
    NOWHERE,
    OFFER,
    OTHER_HOUSE,
    QUESTION,
    RESCUE,
    REVOKED,
    TAKEN,
    VISIT,
    Card,
    MemoryDesk,
)  # fmt: skip

SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Form(HTMLParser):
    """One form of a page, as a browser reads it."""

    page: str
    action: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str, str]] = field(default_factory=list)  # type, name, value

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = told["action"]
        elif tag == "input" and told["type"] == "hidden":
            self.hidden[told["name"]] = told["value"]
        elif tag == "input":
            assert "checked" not in told, "a choice must be made by hand"
            self.choices.append((told["type"], told["name"], told["value"]))


@dataclass
class Phone:
    """A patient's browser: cookies, the page it is on, what it sends with a form."""

    root: str
    session: requests.Session = field(default_factory=requests.Session)
    now: requests.Response = field(default_factory=requests.Response)
    cookies: bool = True

    def opens(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        return self.asks("GET", urljoin(self.now.url or self.root, path), headers=headers)

    def asks(self, method: str, where: str, **options: Any) -> requests.Response:
        """Ask, and follow redirects as a browser does."""
        while True:
            if not self.cookies:
                self.session.cookies.clear()
            self.now = self.session.request(method, where, allow_redirects=False, timeout=10, **options)
            if self.now.status_code != 303:
                return self.now
            method, where = "GET", urljoin(where, self.now.headers["Location"])
            options.pop("data", None)

    def follows(self, words: str) -> requests.Response:
        links = dict(re.findall(r'<a [^>]*href="([^"]+)"[^>]*>([^<]+)</a>', self.now.text))
        [target] = [one for one, text in links.items() if words in text]
        return self.opens(target.replace("&amp;", "&"))

    def sends(self, headers: dict[str, str] | None = None, **values: object) -> requests.Response:
        form = Form(self.now.text)
        data = form.hidden | values
        where = urljoin(self.now.url, form.action)
        return self.asks("POST", where, data=data, headers=SAME if headers is None else headers)

    def says(self) -> str:
        """The words of the page."""
        main = self.now.text.partition("<main")[2]
        return " ".join(re.sub(r"<[^>]+>", " ", main).replace("&nbsp;", " ").replace("\u202f", " ").split())


@dataclass
class Clock:
    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Site:
    """The listener on loopback, and what stands behind it."""

    desk: MemoryDesk
    practice: Practice
    root: str
    clock: Clock

    def phone(self) -> Phone:
        return Phone(self.root)

    def opened(self, secret: str) -> Phone:
        phone = self.phone()
        assert phone.opens(self.link(secret)).status_code == 200
        return phone

    def link(self, secret: str) -> str:
        return f"/{self.desk.cards[secret].to}/{secret}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(patient_pages, "Sessions", lambda: Sessions(clock))
    monkeypatch.setattr(patient_pages, "Guesses", lambda: Guesses(clock))
    return clock


@pytest.fixture
def site(clock: Clock) -> Iterator[Site]:
    desk, practice = MemoryDesk.full(), Practice()
    with bound("127.0.0.1:0") as door, serving(door, application([practice], [desk])):
        yield Site(desk, practice, f"http://127.0.0.1:{door.getsockname()[1]}", clock)
    assert practice.faults == []


def words(text: str) -> str:
    """As `Phone.says` reads it."""
    return french(text).replace("\u00a0", " ").replace("\u202f", " ")


# --- the way in ------------------------------------------------------------------------------------------------------


def test_p39_the_first_request_takes_the_secret_out_of_the_address(site: Site) -> None:
    answer = requests.get(f"{site.root}/r/{VISIT}", allow_redirects=False, timeout=10)
    assert answer.status_code == 303
    assert VISIT not in answer.headers["Location"]
    assert answer.headers["Location"].startswith("./?s=")
    cookie = answer.headers["Set-Cookie"]
    assert VISIT not in cookie
    assert {"HttpOnly", "SameSite=strict", "Max-Age=900", "Path=/r/"} <= {one.strip() for one in cookie.split(";")}
    assert "Secure" not in cookie  # plain http on loopback


def test_p39_once_the_cookie_came_back_the_address_bears_only_a_number(site: Site) -> None:
    phone = site.opened(VISIT)
    assert set(parse_qs(urlsplit(phone.now.url).query)) == {"n"}
    assert "gAAAA" not in phone.now.text
    assert "Marie D." in phone.says()


def test_p39_without_cookies_everything_works_by_the_handle(site: Site) -> None:
    phone = Phone(site.root, cookies=False)
    phone.opens(f"/r/{VISIT}")
    phone.follows("Annuler")
    phone.sends({"Origin": site.root}, choix="oui")
    assert site.desk.done() == [What.CANCEL]
    assert set(parse_qs(urlsplit(phone.now.url).query)) == {"s"}


def test_p39_cookies_are_kept_to_https_and_to_the_folder_of_the_public_address(clock: Clock) -> None:
    house = MemoryDesk().place
    desk = MemoryDesk.full()
    desk.place = type(house)(house.name, house.phone, house.phone_url, house.address, "", "https://lilas.example/rdv")
    with bound("127.0.0.1:0") as door, serving(door, application([Practice()], [desk])):
        root = f"http://127.0.0.1:{door.getsockname()[1]}"
        answer = requests.get(f"{root}/r/{VISIT}", allow_redirects=False, timeout=10)
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert "Path=/rdv/r/;" in answer.headers["Set-Cookie"]


def test_two_links_of_a_family_in_two_tabs_stay_two(site: Site) -> None:
    phone = site.opened(VISIT)
    marie = phone.now.url
    phone.opens(f"{site.root}{site.link(FAMILY)}")
    assert "Léo D." in phone.says()
    phone.opens(marie)
    assert "Marie D." in phone.says()
    phone.follows("Annuler")
    phone.sends(choix="oui")
    assert [len(site.desk.cards[one].acts) for one in (VISIT, FAMILY)] == [1, 0]


def test_a_sign_that_a_phone_took_for_a_part_of_the_link_does_no_harm(site: Site) -> None:
    for after in (".", ",", ")", "."):
        assert site.phone().opens(f"/r/{VISIT}{after}").status_code == 200


def test_every_page_has_the_headers_and_nothing_that_runs_or_is_loaded(site: Site) -> None:
    phone = site.opened(VISIT)
    pages = [phone.now, phone.follows("Annuler"), site.phone().opens(f"/r/{NOWHERE}"), site.phone().opens("/r/")]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert {"form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} < set(policy.split("; "))
        assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"<script|<img|<link|<iframe|\son\w+=|url\(|@import", page.text)


# --- what is done ----------------------------------------------------------------------------------------------------


def test_p39_p46_a_patient_cancels_and_reads_it(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    phone.sends(choix="oui")
    assert 'http-equiv="refresh"' in phone.now.text
    site.desk.carry_out()
    phone.opens(phone.now.url)
    assert "Rendez-vous annulé" in phone.says()
    assert 'http-equiv="refresh"' not in phone.now.text


def test_p39_p45_a_patient_moves_to_a_time_of_the_second_page(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Changer de date")
    phone.follows("Plus tard")
    phone.sends(debut="1-0-9h30")
    site.desk.carry_out()
    assert site.desk.cards[VISIT].acts[0].values == {"debut": ("1-0-9h30",)}
    phone.opens(phone.now.url)
    assert "mardi 8 décembre 2026 à 9h30 (page 1)" in phone.says()


@pytest.mark.parametrize(
    ("link", "values", "sent"),
    [
        ("Recevoir une proposition", {"quand": "tous"}, Act(What.WAIT, "", {})),
        (
            "Recevoir une proposition",
            {"quand": "certains", "jour": ["mar", "lun"], "moment": "matin"},
            Act(What.WAIT, "", {"jour": ("lun", "mar"), "moment": ("matin",)}),
        ),
        ("Demander à être", {"choix": "oui"}, Act(What.CALL, "", {})),
        (
            "Corriger",
            {"nom": " Marie  Dupond\u202e ", "mobile": "", "email": "marie@exemple.fr"},
            Act(What.CORRECT, "", {"nom": ("Marie Dupond",), "email": ("marie@exemple.fr",)}),
        ),
        ("Choisir les messages", {"recevoir": "email"}, Act(What.FEWER, "", {"sans": ("sms",)})),
        ("Choisir les messages", {"recevoir": "aucun"}, Act(What.FEWER, "", {"sans": ("sms", "email")})),
        ("Choisir les messages", {"recevoir": "tous"}, Act(What.FEWER, "", {"sans": ()})),
    ],
)
def test_p39_each_wish_arrives_as_it_was_chosen(site: Site, link: str, values: dict[str, object], sent: Act) -> None:
    phone = site.opened(VISIT)
    phone.follows(link)
    phone.sends(**values)
    [act] = site.desk.cards[VISIT].acts
    assert (act.what, act.values) == (sent.what, sent.values)
    assert act.revision == site.desk.cards[VISIT].revision


@pytest.mark.parametrize(
    ("secret", "choice", "what"),
    [
        (QUESTION, "accepter", What.ACCEPT),
        (QUESTION, "refuser", What.REFUSE),
        (QUESTION, "rappel", What.CALL),
        (OFFER, "accepter", What.ACCEPT),
        (OFFER, "refuser", What.REFUSE),
        (OFFER, "ne-plus-proposer", What.NO_MORE),
    ],
)
def test_p23_p44_questions_and_offers_are_answered_on_their_first_page(
    site: Site, secret: str, choice: str, what: What
) -> None:
    phone = site.opened(secret)
    phone.sends(choix=choice)
    assert site.desk.done() == [what]
    assert phone.now.status_code == 200


def test_what_an_answer_means_is_read_before_it_is_given(site: Site) -> None:
    page = site.opened(QUESTION).says()
    assert page.index("vaut pour ce rendez-vous seulement") < page.index("Votre réponse Oui")
    assert page.count("vaut pour ce rendez-vous seulement") == 1


def test_p24_times_proposed_on_the_first_page_are_chosen_there(site: Site) -> None:
    phone = site.opened(RESCUE)
    assert "sera absente" in phone.says()
    phone.sends(debut="0-2-11h00")
    assert site.desk.cards[RESCUE].acts[0].values == {"debut": ("0-2-11h00",)}


def test_a_choice_to_leave_everything_changes_nothing(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    phone.sends(choix="non")
    assert phone.now.status_code == 200
    assert site.desk.done() == []


def test_p39_past_the_limit_the_page_says_whom_to_call(site: Site) -> None:
    phone = site.opened(LATE)
    assert "trop tard pour annuler en ligne : appelez le cabinet au 01 43 00 00 00" in phone.says()
    assert 'href="annuler' not in phone.now.text
    number = urlsplit(phone.now.url).query
    assert "trop tard pour annuler" in phone.opens(f"annuler?{number}").text
    assert "<form" not in phone.now.text


def test_a_page_that_waits_asks_for_30_seconds_at_most_and_stops_when_told(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    phone.sends(choix="oui")
    turns = 0
    while found := re.search(r'http-equiv="refresh" content="2;url=([^"]+)"', phone.now.text):
        turns += 1
        phone.opens(found[1].replace("&amp;", "&"))
    assert turns == 15
    assert "Cela prend plus longtemps que d’habitude" in phone.says()
    phone.follows("Mettre à jour")
    phone.follows("Arrêter la mise à jour")
    assert "refresh" not in phone.now.text
    assert "plus longtemps" not in phone.says()


def test_an_act_is_not_offered_while_another_is_carried_out(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    address = phone.now.url
    phone.sends(choix="oui")
    phone.opens(address)
    assert urlsplit(phone.now.url).path == "/r/"


@pytest.mark.parametrize(
    ("plain", "typeset"),
    [
        ("Un empêchement ? Appelez", "Un empêchement\u202f? Appelez"),
        ("« demain » : non", "«\u202fdemain\u202f»\u00a0: non"),
        ("à 14 h 30, 30 minutes", "à 14\u00a0h\u00a030, 30\u00a0minutes"),
        ("le 01 43 00 00 00.", "le 01\u00a043\u00a000\u00a000\u00a000."),
        ("l'accord d'Anne", "l’accord d’Anne"),
        ("12 rue des Lilas, 75020 Paris", "12 rue des Lilas, 75020 Paris"),
    ],
)
def test_words_are_set_as_french_wants_them(plain: str, typeset: str) -> None:
    assert french(plain) == typeset


# --- what goes wrong, said in plain French ---------------------------------------------------------------------------


def test_a_form_without_its_choice_says_so_above_and_at_the_field(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Recevoir une proposition")
    phone.sends(quand="certains")
    assert phone.now.status_code == 422
    assert '<a href="#jour">Cochez au moins un jour' in phone.now.text
    assert '<fieldset id="jour" class="several" aria-describedby="jour-erreur">' in phone.now.text
    assert "<title>Erreur" in phone.now.text
    assert 'value="certains" checked' in phone.now.text
    assert site.desk.done() == []


@pytest.mark.parametrize(
    ("values", "name", "says"),
    [
        ({}, "nom", "Remplissez au moins une"),
        ({"nom": "x" * 101}, "nom", "100 signes au plus"),
        ({"email": "marie.dupont"}, "email", "adresse complète"),
        ({"email": "@exemple.fr"}, "email", "adresse complète"),
        ({"mobile": "06 12"}, "mobile", "numéro en entier"),
        ({"nom": ["a", "b"]}, "nom", "Remplissez au moins une"),
    ],
)
def test_a_correction_that_cannot_be_one_is_said_at_its_line(
    site: Site, values: dict[str, object], name: str, says: str
) -> None:
    phone = site.opened(VISIT)
    phone.follows("Corriger")
    phone.sends(**values)
    assert phone.now.status_code == 422
    assert f'id="{name}-erreur"' in phone.now.text
    assert says in phone.says()
    assert site.desk.done() == []


def test_days_ticked_beside_any_day_are_asked_about(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Recevoir une proposition")
    phone.sends(quand="tous", jour="lun")
    assert "Vous avez coché des jours" in phone.says()
    assert site.desk.done() == []


def test_what_was_typed_is_shown_as_text_never_as_markup(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Corriger")
    phone.sends(nom='"><b>' + "x" * 100)
    assert "<b>" not in phone.now.text
    assert 'value="&#34;&gt;&lt;b&gt;' in phone.now.text


def test_a_double_post_is_one_act(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    form, before = Form(phone.now.text), phone.now.url
    for _ in range(2):
        data = form.hidden | {"choix": "oui"}
        phone.session.post(urljoin(before, form.action), data=data, headers=SAME, timeout=10)
    assert site.desk.done() == [What.CANCEL]


def test_of_two_tabs_the_older_one_reads_what_is_so_now(site: Site) -> None:
    old, new = site.opened(VISIT), site.opened(VISIT)
    old.follows("Annuler")
    new.follows("Changer de date")
    new.sends(debut="0-0-9h00")
    site.desk.carry_out()
    old.sends(choix="oui")
    assert words(CHANGED) in old.says()
    assert site.desk.done() == [What.MOVE]
    old.opens(old.now.url)
    assert words(CHANGED) not in old.says()  # said once


def test_a_time_that_somebody_else_took_is_said_and_another_may_be_chosen(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Changer de date")
    site.desk.taken.add("0-0-9h00")
    phone.sends(debut="0-0-9h00")
    assert words(TAKEN) in phone.says()
    phone.follows("Changer de date")
    assert "0-0-9h00" not in phone.now.text
    assert site.desk.done() == []


def test_an_expired_cookie_asks_for_the_link_again_and_names_the_phone(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    site.clock.seconds += sessions.LIFE_S + 1
    phone.sends(choix="oui")
    assert phone.now.status_code == 410
    assert "Ouvrez de nouveau le lien" in phone.says()
    assert "Rien n’a été changé" in phone.says()
    assert "01 43 00 00 00" in phone.now.text
    assert site.desk.done() == []


def test_each_page_renews_the_quarter_of_an_hour_two_hours_long(site: Site) -> None:
    phone = site.opened(VISIT)
    seconds = 0
    while phone.opens(phone.now.url).status_code == 200:
        site.clock.seconds += 14 * 60
        seconds += 14 * 60
    assert sessions.LONGEST_S - 14 * 60 <= seconds <= sessions.LONGEST_S + 14 * 60
    assert phone.now.status_code == 410


def test_a_store_that_is_away_is_503_and_nothing_is_lost(site: Site) -> None:
    phone = site.opened(VISIT)
    phone.follows("Annuler")
    site.desk.away = True
    before = phone.now
    assert phone.sends(choix="oui").status_code == 503
    assert "Retry-After" in phone.now.headers
    assert "Réessayez dans un instant" in phone.says()
    site.desk.away, phone.now = False, before
    phone.sends(choix="oui")
    assert site.desk.done() == [What.CANCEL]


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


def test_a_page_takes_at_most_15_ms_of_processor_time(site: Site) -> None:
    days = tuple(Day(f"jour {day}", tuple(Choice(f"{day}-{one}", "9 h 30") for one in range(20))) for day in range(10))
    shown = Shown("Votre rendez-vous", rows=(("Date", "demain"),) * 8, may=tuple(What), days=days)
    views.act(site.desk.place, What.MOVE, shown, Asked(("n", "x"), "t"))
    began = time.process_time()
    for _ in range(20):
        views.act(site.desk.place, What.MOVE, shown, Asked(("n", "x"), "t"))
    assert (time.process_time() - began) / 20 < 0.015
