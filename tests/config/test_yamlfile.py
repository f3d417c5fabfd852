"""Text with places: what the file says, and where it is badly written."""

from itertools import pairwise

import pytest

from config.yamlfile import MAX_BYTES, read

SYNTAX = [
    ("practice: a: b\n", "1:12: (fichier): « : » inattendu."),
    ("practice:\n\t- b\n", "2:1: (fichier): tabulation interdite."),
    ("blocks: [Congés, Formation\n", "2:1: (fichier): liste « [ … ] » mal fermée."),
    ("practice: {name: Lilas]\n", "1:23: (fichier): accolade « { … } » mal fermée."),
    ("store: 'sqlite\n", "1:8: (fichier): guillemet ouvert et jamais fermé"),
    ("store: @sqlite\n", "1:8: (fichier): ce caractère ne peut pas commencer une valeur."),
    ("store: 1\nlilas\nblocks: []\n", "3:1: (fichier): « : » manque après la clé."),
    ("practice: *lilas\n", "1:11: (fichier): alias (*nom) sans ancre (&nom)."),
    ("store: a\n---\nstore: b\n", "2:1: (fichier): un seul document par fichier"),
    ('store: "\\q"\n', "1:10: (fichier): « \\ » mal employé entre guillemets."),
    ("- store\nblocks: a\n", "2:1: (fichier): retrait incorrect dans la liste."),
    ("%FOO\n", "2:1: (fichier): texte de trop après la fin."),
    ("store: !<\n", "1:10: (fichier): étiquette (« ! ») mal écrite."),
    ("%YAML 3\n---\na\n", "1:8: (fichier): directive « % » inconnue."),
    ("? [a]\n: b\n", "1:3: (fichier): une clé doit être un mot."),
    ("store: a\x01b\n", "1:9: (fichier): caractère de contrôle interdit."),
    ("[" * 500, "1:25: (fichier): trop de niveaux imbriqués."),
    ("- a\n- b\n", "1:1: (fichier): des clés sont attendues"),
    ("juste du texte\n", "1:1: (fichier): des clés sont attendues"),
    ("", "1:1: (fichier): le fichier est vide."),
    ("# rien\n", "1:1: (fichier): le fichier ne contient que des commentaires."),
    ("é: a\nb: é\n".encode("latin-1"), "1:1: (fichier): le fichier n'est pas en UTF-8."),
    ("a: b\nc: dé\n".encode("latin-1"), "2:5: (fichier): le fichier n'est pas en UTF-8."),
    (bytes(range(32)) * 9, "1:1: (fichier): caractère de contrôle interdit."),
]


@pytest.mark.parametrize(("text", "expected"), SYNTAX, ids=lambda value: repr(value)[:24])
def test_a_badly_written_file_is_named_with_line_and_column(said, text, expected):
    assert said(text)[0].startswith(expected)


def test_scalars_stay_what_was_written(tmp_path):
    """06000, 8:30, no and 0612345677 are what YAML 1.1 readers destroy."""
    file = tmp_path / "a.yaml"
    file.write_text("a: 06000\nb: 8:30\nc: no\nd: 0612345677\ne: 1e3\nf: 2026-01-01\n8:30: x\ng: ~\nh:\n")
    data = read(file, {}).data
    assert list(data.values()) == ["06000", "8:30", "no", "0612345677", "1e3", "2026-01-01", "x", None, None]
    assert "8:30" in data


def test_every_value_knows_its_place(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("a:\n  b: [x, {c: y}]\n")
    document = read(file, {})
    assert document.value_spot(("a", "b", 1, "c")) == (2, 14)
    assert document.key_spot(("a", "b", 1, "c")) == (2, 11)
    assert document.key_spot(("a", "nothing", "there")) == (1, 1)


def test_a_duplicate_key_shows_both_places(said, small):
    found = said(small + "store: sqlite:///a.db\nstore: sqlite:///b.db\n")
    assert found == ["14:1: store: clé écrite deux fois ; la première est ligne 13, colonne 1. Gardez-en une seule."]


def test_anchors_and_merge_keys_work(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("one: &one {user: u, url: x}\ntwo: {<<: *one, url: y}\nthree: {<<: [*one]}\nfour: *one\n")
    document = read(file, {})
    assert not document.problems
    assert document.data["two"] == {"url": "y", "user": "u"}
    assert document.data["three"] == document.data["four"] == {"user": "u", "url": "x"}


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a {<<: *a}\n", "a: &a {<<: [*a]}\n"])
def test_an_alias_that_holds_itself_is_a_problem(tmp_path, text):
    file = tmp_path / "a.yaml"
    file.write_text(text)
    assert read(file, {}).problems


@pytest.mark.parametrize("joined", ["[{}]", "{{<<: [{}]}}"], ids=["lists", "merges"])
def test_aliases_that_multiply_are_stopped(tmp_path, joined):
    """The billion laughs, by lists and by merge keys."""
    names = "abcdefghi"
    lines = ["a: &a {x: y}"]
    lines += [f"{b}: &{b} " + joined.format(", ".join([f"*{a}"] * 9)) for a, b in pairwise(names)]
    file = tmp_path / "a.yaml"
    file.write_text("\n".join(lines))
    assert "plus de 20000 valeurs" in str(read(file, {}).problems[0])


def test_a_huge_file_is_not_read(said):
    assert said(b"a: b\n" * 200_000)[0].startswith(f"1:1: (fichier): le fichier dépasse {MAX_BYTES // 1024} Kio")


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path):
    (tmp_path / "word").write_text("mot de passe\n")
    file = tmp_path / "a.yaml"
    file.write_text("a: !env WORD\nb: !file word\n")
    document = read(file, {"WORD": "x"})
    assert document.data == {"a": "x", "b": "mot de passe"}
    assert document.hidden == {("a",), ("b",)}


def test_a_missing_secret_is_named_with_its_place(said, small):
    text = small.replace("/martin/}", "/martin/, password: !env DAV, token: !file no/such}")
    assert said(text) == [
        "6:76: dentists.martin.calendars[0].password: variable d'environnement « DAV » absente."
        " Définissez-la avant de lancer attitre : export DAV=…",
        "6:93: dentists.martin.calendars[0].token: le fichier « no/such » ne peut pas être lu."
        " Le chemin part du dossier de ce fichier YAML.",
    ]


def test_an_unknown_tag_is_named_with_the_nearest(said, small):
    assert said(small + "store: !evn STORE\n") == [
        "13:8: store: étiquette « !evn » inconnue. Vouliez-vous dire « !env » ?"
    ]
