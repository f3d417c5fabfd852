"""Each thing an administrator may get wrong: its line, its column, its sentence."""

import pytest

from config.problems import Problem, dotted, nearest
from rules.model import Severity

# (what is replaced in the small practice, by what, what is said)
SLIPS = [
    ("    specialty: Chirurgien-dentiste\n", "",
     "3:3: dentists.martin.specialty: clé obligatoire absente. Ajoutez « specialty: … »."),
    ("specialty:", "speciality:", "5:5: dentists.martin.speciality: clé inconnue. Vouliez-vous dire « specialty » ?"),
    ("motifs:\n", "motives:\n", "8:1: motives: clé inconnue. Vouliez-vous dire « motifs » ?"),
    ("minutes: 20", "minutes: vingt",
     "9:32: motifs[0].minutes: « vingt » : un nombre entier est attendu. Exemple : « 30 »."),
    ("minutes: 20", "minutes: 2", "9:32: motifs[0].minutes: « 2 » : au moins 5."),
    ("minutes: 20", "minutes: 2000", "9:32: motifs[0].minutes: « 2000 » : au plus 600."),
    ("minutes: 20", "minutes: [20]", "9:32: motifs[0].minutes: un nombre entier est attendu. Exemple : « 30 »."),
    ("minutes: 20", "minutes: ", "9:23: motifs[0].minutes: valeur manquante. Donnez une valeur, ou retirez la clé."),
    ("minutes: 20", "minutes:", "9:23: motifs[0].minutes:: clé inconnue. Vouliez-vous dire « minutes » ?"),
    ("kind: caldav", "kind: caldva",
     "6:24: dentists.martin.calendars[0].kind: « caldva » : sorte inconnue. Vouliez-vous dire « caldav » ?"),
    ("kind: caldav, ", "",
     "6:17: dentists.martin.calendars[0]: « kind » manque. Ajoutez « kind: » : caldav, google, ics."),
    ("url: https://dav.example/martin/", "url: dav.example",
     "6:37: dentists.martin.calendars[0].url: adresse web illisible."
     " Exemple : « https://agenda.cabinet.fr/martin/ »."),
    ("https://dav.example/", "https://me:s3cret@dav.example/",
     "6:37: dentists.martin.calendars[0].url: mot de passe dans l'adresse. Mettez-le dans « password: !env NOM »."),
    ("[{kind: caldav, url: https://dav.example/martin/}]", "[]",
     "6:16: dentists.martin.calendars: il en faut au moins un."),
    ("[{kind: caldav, url: https://dav.example/martin/}]", "demain",
     "6:16: dentists.martin.calendars: une liste est attendue. Exemple : « [un, deux] »."),
    ("url: https://dav.example/martin/", "url: https://dav.example/martin/, password: x",
     "6:17: dentists.martin.calendars[0]: « password: » est donné, mais « username: » manque."
     " Ajoutez « username: … »."),
    ("url: https://dav.example/martin/", "url: https://dav.example/martin/, auth: bearer",
     "6:17: dentists.martin.calendars[0]: « auth: bearer » demande « token: ». Ajoutez « token: !env NOM »."),
    ("  martin:\n", "  Dr Martin:\n",
     "3:3: dentists.Dr Martin: « Dr Martin » : clé illisible."
     " Lettres minuscules sans accent, chiffres, « - » et « _ »."),
    ("08:30-12:30", "8h-20h",
     "7:22: dentists.martin.hours.mon-fri: « 8h-20h » : horaires illisibles."
     " Exemple : « 08:30-12:30 14:00-19:00 »."),
    ("08:30-12:30", "12:30-08:30",
     "7:22: dentists.martin.hours.mon-fri: « 12:30-08:30 » : une plage finit avant de commencer."
     " Exemple : « 08:30-12:30 14:00-19:00 »."),
    ("08:30-12:30", "08:30-12:30 12:00-14:00",
     "7:22: dentists.martin.hours.mon-fri: « 08:30-12:30 12:00-14:00 » : deux plages se chevauchent."
     " Exemple : « 08:30-12:30 14:00-19:00 »."),
    ("08:30-12:30", "08:30-25:30", "7:22: dentists.martin.hours.mon-fri: « 25:30 » : heure illisible."
     " Exemple : « 08:30 »."),
    ("mon-fri:", "lun:", "7:13: dentists.martin.hours.lun: « lun » : jour inconnu. Vouliez-vous dire « mon » ?"),
    ("mon-fri:", "fri-mon:", "7:13: dentists.martin.hours.fri-mon: « fri-mon » : ces jours sont à l'envers."
     " Exemple : « mon-fri »."),
    ("{mon-fri: ", "{mon-tue: fermé, tue-wed: ", "7:12: dentists.martin.hours: « tue » est donné par deux lignes."
     " Gardez-en une."),
    ("email: a@lilas.example}", "email: a@lilas}",
     "1:98: practice.email: « a@lilas » : adresse e-mail illisible. Exemple : « secretariat@cabinet.fr »."),
    ("01 43 00 00 00", "01 43 00 00",
     "1:75: practice.phone: « 01 43 00 00 » : numéro de téléphone illisible. Exemple : « 01 83 35 53 54 »."),
    ("practice: {", "practice: {time_zone: Europe/Pariss, ",
     "1:23: practice.time_zone: « Europe/Pariss » : fuseau horaire inconnu. Vouliez-vous dire « Europe/Paris » ?"),
    ("practice: {", "practice: {holidays: 750, ",
     "1:22: practice.holidays: « 750 » : code de département inconnu."
     " Exemples : « 75 », « 06 », « 2A », « 971 »."),
    ("practice: {", "practice: {digest_at: 7, ",
     "1:23: practice.digest_at: « 7 » : heure illisible. Exemple : « 08:30 »."),
    ("smtp://a@mail.example", "imap://a@mail.example",
     "11:16: messages.email.url: serveur de messagerie illisible."
     " Exemple : « smtp://utilisateur@mail.exemple.fr:587 »."),
    ("smtp://a@mail.example", "smtp://a:s3cret@mail.example",
     "11:16: messages.email.url: mot de passe dans l'adresse. Mettez-le dans « password: !env NOM »."),
    ("sender: a@lilas.example", "sender: Lilas <a@lilas",
     "11:49: messages.email.sender: « Lilas <a@lilas » : expéditeur illisible."
     " Exemple : « Cabinet des Lilas <rdv@lilas.fr> »."),
    ('{to: "{to}", ', "{", "12:54: messages.sms.json: « {to} » manque dans ce modèle."
     ' Exemple : {to: "{to}", text: "{text}"}.'),
    ('"{text}"', '"{texte}"', "12:54: messages.sms.json: « {texte} » inconnu dans ce modèle."
     " Vouliez-vous dire « text » ?"),
    (', json: {to: "{to}", text: "{text}"}', "",
     "12:8: messages.sms: donnez « json: » ou « form: », l'un des deux."
     ' Exemple : json: {to: "{to}", text: "{text}"}.'),
    ('"{text}"', '"{sender} {text}"',
     "12:8: messages.sms: « {sender} » est employé, mais « sender: » manque. Ajoutez « sender: Cabinet »."),
    ("messages:\n", "messages:\n  motif_in_sms: peut-être\n",
     "11:17: messages.motif_in_sms: « peut-être » : oui ou non attendu. Écrivez « oui » ou « non »."),
    ("messages:\n", "messages:\n  on_uncertain: {sms: retri}\n",
     "11:23: messages.on_uncertain.sms: « retri » : valeur inconnue. Vouliez-vous dire « retry » ?"),
]  # fmt: skip

# (what is added below the small practice, what is said)
ADDITIONS = [
    ("store: mysql://a/b", "13:8: store: adresse de la base illisible. Possibilités : sqlite, postgresql+psycopg."),
    ("store: postgresql://a/b",
     "13:8: store: adresse de la base illisible. Vouliez-vous dire « postgresql+psycopg » ?"),
    ("rules: {emial-missing: off}", "13:9: rules.emial-missing: règle inconnue."
     " Vouliez-vous dire « email-missing » ?"),
    ("rules: {email-missing: warn}", "13:24: rules.email-missing: « warn » : gravité inconnue."
     " Vouliez-vous dire « warning » ?"),
    ("rules: {dentist-other: warning}", "13:24: rules.dentist-other: cette règle ne peut pas être assouplie :"
     " « Ne jamais placer le patient avec un autre dentiste sans son accord ». Retirez cette ligne."),
    ("rules: {block-without-motif: off}", "13:30: rules.block-without-motif: ligne de procédure désactivée :"
     " « Ne jamais laisser un créneau bloqué sans motif »."),
    ("mandatory: [name, birth_date, mobile, address, motif]", "13:1: mandatory: ligne de procédure désactivée :"
     " ce qui n'est plus exigé : adresse e-mail."),
    ("mandatory: [name, mail]", "13:19: mandatory[1]: « mail » : valeur inconnue. Vouliez-vous dire « email » ?"),
    ("page: {listen: 8080, public_url: http://a.fr}",
     "13:16: page.listen: « 8080 » : adresse d'écoute illisible. Exemple : « 127.0.0.1:8080 »."),
    ("page: {listen: 127.0.0.1:8080, public_url: http://rdv.a.fr}", "13:44: page.public_url:"
     " sans https, les liens des patients peuvent être lus en chemin. Mettez « https:// »."),
    ("page: {listen: 127.0.0.1:8080, public_url: https://rdv.a.fr?x=1}", "13:44: page.public_url:"
     " « ? » ou « # » dans l'adresse : les liens des patients la prolongent. Arrêtez-la avant."),
    ("sync: {brake_percent: 200}", "13:23: sync.brake_percent: « 200 » : au plus 100."),
    ("sync: {brake_new: 0}", "13:19: sync.brake_new: « 0 » : au moins 1."),
    ("sync:", "13:1: sync: valeur manquante. Donnez une valeur, ou retirez la clé."),
    ("sync: vite", "13:7: sync: des clés sont attendues ici."
     " Écrivez « clé: valeur » sur les lignes suivantes, décalées."),
    ("blocks: [Congés, {a: b}]", "13:18: blocks[1]: un texte est attendu."),
    ("_env_file: /etc/passwd", "13:1: _env_file: clé inconnue."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "expected"), SLIPS, ids=[new[:28] or expected[:28] for _, new, expected in SLIPS]
)
def test_a_slip_is_named_with_line_column_and_hint(said, small, old, new, expected):
    assert old in small
    assert expected in said(small.replace(old, new))


@pytest.mark.parametrize("key", ["most_per_hour", "most_per_pass"])
def test_a_hold_of_messages_is_one_at_least(said, small, key):
    text = small.replace("messages:\n", f"messages:\n  {key}: 0\n")
    assert any(f"messages.{key}: « 0 » : au moins 1." in found for found in said(text))


@pytest.mark.parametrize(("line", "expected"), ADDITIONS, ids=[line[:28] for line, _ in ADDITIONS])
def test_a_wrong_line_is_named_with_its_place_and_hint(said, small, line, expected):
    assert any(found.startswith(expected) for found in said(small + line + "\n"))


def test_the_small_practice_is_without_a_word(said, small):
    assert said(small) == []


def test_everything_wrong_is_said_at_once(said, small):
    text = small.replace("specialty", "special").replace("minutes: 20", "minutes: x").replace("01 43 00 00 00", "01")
    lines = [found.partition(":")[0] for found in said(text + "stor: x\nmotifs: []\n")]
    assert lines == ["1", "3", "5", "9", "13", "14"]


@pytest.mark.parametrize("field", ["phone: 01 83 35", "email: support@doctolib", 'hours: {mon-fri: "8h–20h"}'])
def test_p1_an_unreadable_support_contact_is_named_with_its_line(read, small, field):
    found = read(small + f"support:\n  - name: Support Doctolib\n    {field}\n")
    assert [(problem.line, problem.severity) for problem in found.problems] == [(15, Severity.ERROR)]
    assert found.settings is None


def test_a_problem_reads_as_editors_link_it():
    problem = Problem("a.yaml", 3, 7, "motifs[0].minutes", Severity.ERROR, "au moins 5.", "Exemple : « 30 ».")
    assert str(problem) == "a.yaml:3:7: motifs[0].minutes: au moins 5. Exemple : « 30 »."
    assert dotted(("dentists", "martin", "calendars", 0)) == "dentists.martin.calendars[0]"


def test_the_nearest_word_is_none_when_nothing_is_near():
    assert nearest("SPECIALTI", ["name", "specialty"]) == "specialty"
    assert nearest("zzz", ["name", "specialty"]) == ""
