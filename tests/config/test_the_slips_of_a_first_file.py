"""What is written wrong in a first configuration, and the word that was wrong: never "bonne", never another's fault."""

import pytest

from rules.model import Severity

MESSAGES = 'sms: {kind: http, url: http://127.0.0.1/sms, json: {to: "{to}", text: "{text}"}}'


@pytest.mark.parametrize(
    ("sender", "proposed"),
    [("Cabinet des Lilas", "CABLILAS"), ("Lilas 75", "LILAS75"), ("Bénédicte", "BENEDICTE"), ("Les-Lilas", "LILAS"),
     ("CabinetDentaire", "CABINETDENT")],
)  # fmt: skip
def test_a_name_that_operators_refuse_as_sender_is_refused_with_another(said, small, sender, proposed):
    text = small.replace(MESSAGES, MESSAGES.replace("kind: http,", f"kind: http, sender: {sender},"))
    assert any(f"« {sender} » : un émetteur a 11 lettres ou chiffres au plus" in line for line in said(text))
    assert any(f"« {proposed} »" in line for line in said(text))


@pytest.mark.parametrize("sender", ["LILAS", "CabLilas75", "36180", "+33612345678"])
def test_a_sender_that_operators_take_is_taken(said, small, sender):
    assert said(small.replace(MESSAGES, MESSAGES.replace("kind: http,", f"kind: http, sender: '{sender}',"))) == []


@pytest.mark.parametrize(
    "kind",
    [
        "{kind: ovh, service_name: a, application_key: b, application_secret: c, consumer_key: d}",
        "{kind: apprise, url: ovh://a}",
    ],
)
def test_a_gateway_that_is_not_served_is_said(read, small, kind):
    found = read(small.replace(MESSAGES, f"sms: {kind}"))
    [problem] = found.problems
    assert (problem.line, problem.severity) == (12, Severity.WARNING)
    assert "n'enverront rien" in problem.text


def test_p44_a_waiting_list_needs_no_calendar_of_its_own(read, small):
    found = read(small + "waiting_list: {mode: in_turn}\npage: {public_url: https://rdv.lilas.example}\n")
    assert not [problem for problem in found.problems if "waiting_list" in problem.path]


@pytest.mark.parametrize("value", ["“Les Lilas”", "« Les Lilas »", "„Les Lilas”", "‘Les Lilas’"])
def test_the_quotes_of_a_word_processor_are_no_quotes(said, small, value):
    lines = said(small.replace("name: Les Lilas", f"name: {value}"))
    assert lines == [
        "1:18: practice.name: guillemets de traitement de texte autour de la valeur."
        ' Écrivez-la sans guillemets, ou entre " droits.'
    ]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [("name: Dr Claire Martin", 'name: "Dr Claire Martin', "4:11"),
     ('{mon-fri: "08:30-12:30"}', '{mon-fri: "08:30-12:30}', "7:22"),
     ("specialty: Chirurgien-dentiste", "specialty: 'Chirurgien-dentiste", "5:16"),
     ('json: {to: "{to}"', 'json: {to: "{to}', "12:59")],
)  # fmt: skip
def test_a_forgotten_quote_is_named_where_it_was_opened(said, small, old, new, where):
    assert old in small
    assert said(small.replace(old, new))[0].startswith(f"{where}: (fichier): guillemet ouvert et jamais fermé.")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("lun-ven", "mon-fri"), ("lundi-vendredi", "mon-fri"), ("lun", "mon"), ("Mercredi", "wed"), ("samedi", "sat"),
     ("mar-jeu", "tue-thu")],
)  # fmt: skip
def test_days_in_french_are_answered_with_the_whole_word(said, small, written, meant):
    lines = said(small.replace("mon-fri:", f"{written}:"))
    assert any(f"« {written} » : jour inconnu. Vouliez-vous dire « {meant} » ?" in line for line in lines)


def test_a_misspelt_kind_is_named_itself(said, small):
    assert said(small.replace("kind: caldav", "kind: caldev")) == [
        "6:24: dentists.martin.calendars[0].kind: « caldev » : sorte inconnue. Vouliez-vous dire « caldav » ?"
    ]


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [("practice:", "cabinet:", "practice"), ("dentists:", "praticiens:", "dentists"), ("motifs:", "motif:", "motifs"),
     ("messages:", "envois:", "messages"), ("    specialty:", "    spécialité:", "specialty"),
     ("phone:", "telephone:", "phone"), ("    hours:", "    horaires:", "hours"),
     ("label:", "libellé:", "label"), ("minutes:", "durée:", "minutes")],
)  # fmt: skip
def test_a_key_in_french_is_answered_with_ours(said, small, old, new, meant):
    lines = said(small.replace(old, new, 1))
    assert any(f"clé inconnue. Vouliez-vous dire « {meant} » ?" in line for line in lines)
