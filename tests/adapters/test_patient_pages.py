"""The patients' pages over HTTP (P39): what leads to them, what is done there, what goes wrong in plain words."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests

from adapters.web import sessions, views
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from adapters.web.patients import Act, Choice, Day, Shown, What
from adapters.web.views import Asked, french
from tests.adapters.test_web import Practice
from tests.pages.memory_desk import (
    CHANGED,
    FAMILY,
    LATE,
    NOWHERE,
    OFFER,
    QUESTION,
    RESCUE,
    TAKEN,
    VISIT,
    MemoryDesk,
)
from tests.pages.phone import SAME, Clock, Form, Phone, Site, words

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


def test_a_page_takes_at_most_15_ms_of_processor_time(site: Site) -> None:
    days = tuple(Day(f"jour {day}", tuple(Choice(f"{day}-{one}", "9 h 30") for one in range(20))) for day in range(10))
    shown = Shown("Votre rendez-vous", rows=(("Date", "demain"),) * 8, may=tuple(What), days=days)
    views.act(site.desk.place, What.MOVE, shown, Asked(("n", "x"), "t"))
    began = time.process_time()
    for _ in range(20):
        views.act(site.desk.place, What.MOVE, shown, Asked(("n", "x"), "t"))
    assert (time.process_time() - began) / 20 < 0.015
