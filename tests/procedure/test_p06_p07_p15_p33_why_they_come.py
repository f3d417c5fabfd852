"""P6, P7, P15, P26, P33: the motif is one of the practice's and precise; first consultation or follow-up is known."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desk import MARIE, Desk, make_desk
from tests.typed import TITLE, new

ALL = "Détartrage, Douleur, Contrôle, Couronne"


@pytest.mark.parametrize(
    ("typed", "motif"),
    [
        ("DUPONT Marie – détartrage", "Détartrage"),
        ("DUPONT Marie – DETARTRAGE", "Détartrage"),
        ("DUPONT Marie - détartrages", "Détartrage"),
        ("DUPONT Marie – detartrge", "Détartrage"),
        ("DUPONT Marie – nettoyage", "Détartrage"),
        ("DUPONT Marie couronne", "Couronne"),
        ("couronne : DUPONT Marie", "Couronne"),
        ("DUPONT Marie – mal aux dents", "Douleur"),
        ("RDV DUPONT Marie – contrôle", "Contrôle"),
    ],
)
def test_p06_p15_the_motif_is_recognised_in_the_title(known: Desk, typed: str, motif: str) -> None:
    event = known.books(typed)
    assert motif in re.split("\n| – ", event.reads)
    assert not event.wrong


@pytest.mark.parametrize(
    ("text", "motif"),
    [
        ("Motif : couronne", "Couronne"),
        ("Raison : mal de dents", "Douleur"),
        ("motif = Contrôle", "Contrôle"),
        ("couronne", "Couronne"),
        ("Motif : couronne\nCommentaire : douleur depuis hier", "Couronne"),
    ],
)
def test_p06_p15_or_in_the_description(known: Desk, text: str, motif: str) -> None:
    event = known.books("DUPONT Marie", text)
    assert motif in re.split("\n| – ", event.reads)
    assert not event.wrong


@pytest.mark.parametrize(
    ("title", "text", "line"),
    [
        ("DUPONT Marie – blanchiment", "", "✗ Motif « blanchiment » inconnu. Les plus proches : "),
        ("DUPONT Marie", "Motif : implant", "✗ Motif « implant » inconnu. Les plus proches : "),
        (TITLE, "Motif : blanchiment", "✗ Motif « blanchiment » inconnu. Les plus proches : "),
        ("DUPONT Marie – détartrage et couronne", "", "✗ Plusieurs motifs : Détartrage et Couronne. Lequel ?"),
        (TITLE, "Motif : couronne", "✗ Plusieurs motifs : Couronne et Détartrage. Lequel ?"),
        ("DUPONT Marie", "Motif : couronne\nMotif : douleur", "✗ Plusieurs motifs : Couronne et Douleur. Lequel ?"),
    ],
)
def test_p06_p15_an_unknown_motif_or_two_of_them_are_asked(known: Desk, title: str, text: str, line: str) -> None:
    event = known.books(title, text)
    assert [one for one in event.wrong if one.startswith(line)], event.reads
    assert "→" in event.reads.partition(line)[2]
    assert not known.sms()


def test_p06_the_nearest_motifs_are_proposed_and_one_of_them_confirms(known: Desk) -> None:
    event = known.books("DUPONT Marie – couronnement")
    assert "→ Couronne" in event.reads
    event.retypes(title="DUPONT Marie – couronne")
    assert event.confirmed


@pytest.mark.parametrize(
    ("title", "text", "line"),
    [
        ("DUPONT Marie", "", f"✗ Motif manquant : tapez « Motif : … ». Motifs : {ALL}."),
        ("DUPONT Marie – RDV", "", f"✗ « RDV » n'est pas un motif précis. Motifs : {ALL}."),
        ("DUPONT Marie – consultation", "", f"✗ « consultation » n'est pas un motif précis. Motifs : {ALL}."),
        ("DUPONT Marie – voir", "", f"✗ « voir » n'est pas un motif précis. Motifs : {ALL}."),
        ("DUPONT Marie – autre", "", f"✗ « autre » n'est pas un motif précis. Motifs : {ALL}."),
        ("DUPONT Marie – ?", "", f"✗ Motif manquant : tapez « Motif : … ». Motifs : {ALL}."),
        ("DUPONT Marie", "Motif : ?", f"✗ « ? » n'est pas un motif précis. Motifs : {ALL}."),
        ("DUPONT Marie", "Motif : x", f"✗ « x » n'est pas un motif précis. Motifs : {ALL}."),
        ("DUPONT Marie", "Motif : à voir", f"✗ « à voir » n'est pas un motif précis. Motifs : {ALL}."),
        ("DUPONT Marie", "Motif :", f"✗ Motif manquant : tapez « Motif : … ». Motifs : {ALL}."),
        ("DUPONT Marie", "Commentaire : détartrage", f"✗ Motif manquant : tapez « Motif : … ». Motifs : {ALL}."),
        ("DUPONT Marie", "Première consultation", f"✗ Motif manquant : tapez « Motif : … ». Motifs : {ALL}."),
    ],
)
def test_p33_an_empty_or_vague_word_is_no_motif(known: Desk, title: str, text: str, line: str) -> None:
    event = known.books(title, text)
    assert line in event.wrong
    assert not known.sms()


def test_p33_p37_the_patient_reads_the_motif_in_the_email_and_not_in_the_sms(known: Desk) -> None:
    known.books("DUPONT Marie – nettoyage")
    assert "Détartrage" in known.mails()[0]
    assert "artrage" not in known.sms()[0]


# --- P7 --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def visited(tmp_path: Path) -> Desk:
    """Marie was seen on 25 November; today is the 27th."""
    desk = make_desk(tmp_path, known=[MARIE])
    desk.books("DUPONT Marie – contrôle", at="25/11 10:00", minutes=20)
    desk.waits(days=3)
    return desk


def test_p07_for_a_known_patient_the_past_visits_say_so_and_it_is_shown(visited: Desk) -> None:
    event = visited.books(TITLE, at="03/12 10:00")
    assert "✓ Compté comme suivi (dernière visite le 25/11/2026)." in event.reads
    assert event.confirmed
    assert event.length == 30


def test_p07_an_appointment_is_no_past_visit_of_its_own(known: Desk) -> None:
    event = known.books("DUPONT Marie – contrôle", "Première consultation", at="25/11 10:00", minutes=20)
    known.waits(days=2)
    event.adds("Honoré")
    assert "dernière visite" not in event.reads


def test_p07_a_new_patient_comes_for_the_first_time(desk: Desk) -> None:
    event = desk.books(TITLE, new())
    assert "Détartrage – première consultation" in event.reads
    assert event.length == 45


@pytest.mark.parametrize("typed", ["Première consultation", "1re visite", "première fois", "1ère consultation"])
def test_p07_p26_it_is_read_however_it_is_typed(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(f"{typed}, sans préférence", known="non"))
    assert "Détartrage – première consultation" in event.reads
    assert event.confirmed
    assert "première consultation" in desk.mails()[0].casefold()


def test_p07_says_first_but_has_visits(visited: Desk) -> None:
    event = visited.books(TITLE, "Première consultation", at="03/12 10:00")
    assert "! « Première consultation » est tapé, mais la dernière visite est du 25/11/2026. Vérifiez" in event.reads


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Suivi", "« Suivi » est tapé, mais aucune visite passée n'est connue"),
        ("Suivi\nPremière consultation", "« Première consultation » et « Suivi » sont tapés tous les deux"),
        ("Déjà venu : oui\nPremière consultation", "« Première consultation » et « Déjà venu : oui » sont tapés"),
    ],
)
def test_p07_says_one_and_the_other_is_true(known: Desk, typed: str, said: str) -> None:
    event = known.books(TITLE, typed)
    assert f"! {said}" in event.reads
    assert "Vérifiez : première consultation ou suivi ?" in event.reads


def test_p07_follow_up_of_a_new_patient(desk: Desk) -> None:
    event = desk.books(TITLE, new("Nouveau patient, sans préférence\nSuivi"))
    assert "! « Suivi » et « Nouveau patient » sont tapés tous les deux." in event.reads


def test_p07_new_but_seen_before(visited: Desk) -> None:
    event = visited.books(TITLE, new(), at="03/12 10:00")
    assert "DUPONT Marie, né(e) le 12/05/1981, dernière visite le 25/11/2026 est déjà dans le fichier" in event.reads
    assert replace(visited.directory()[0], id=None) == MARIE
