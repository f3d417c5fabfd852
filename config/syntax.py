"""Translates the YAML reader's English messages to French sentences with what to write instead."""

from __future__ import annotations

_SENTENCES = (
    ("mapping values are not allowed", "« : » inattendu.",
     "Mettez la valeur entre guillemets, ou vérifiez le retrait."),
    ("'\\t'", "tabulation interdite.", "Décalez avec des espaces."),
    ("that cannot start any token", "ce caractère ne peut pas commencer une valeur.",
     "Mettez la valeur entre guillemets."),
    ("expected ',' or ']'", "liste « [ … ] » mal fermée.", "Séparez par des virgules et fermez avec « ] »."),
    ("expected ',' or '}'", "accolade « { … } » mal fermée.", "Séparez par des virgules et fermez avec « } »."),
    ("while scanning a quoted scalar", "guillemet qui n'est pas fermé, ou « \\ » mal employé.", "Fermez le guillemet."),
    ("while scanning a double-quoted", "« \\ » mal employé entre guillemets.",
     "Employez des apostrophes, ou doublez « \\ »."),
    ("could not find expected ':'", "« : » manque après la clé.", "Écrivez « clé: valeur »."),
    ("while parsing a block mapping", "retrait incorrect : cette ligne n'est alignée avec aucune clé.",
     "Alignez-la avec les clés de son groupe."),
    ("while parsing a block collection", "retrait incorrect dans la liste.", "Alignez tous les « - »."),
    ("undefined alias", "alias (*nom) sans ancre (&nom).", "Définissez &nom plus haut, ou mettez des guillemets."),
    ("expected a single document", "un seul document par fichier : « --- » de trop.", "Un fichier par cabinet."),
    ("maximum depth", "trop de niveaux imbriqués.", "Vérifiez les crochets et les accolades."),
    ("block scalar", "texte sur plusieurs lignes (« | » ou « > ») mal écrit.", "Décalez-le sous sa clé."),
    ("tag", "étiquette (« ! ») mal écrite.", "Écrivez « !env NOM » ou « !file CHEMIN »."),
    ("anchor", "ancre (&nom) mal écrite.", "Un seul nom sans espace après « & »."),
    ("alias", "alias (*nom) mal écrit.", "Mettez la valeur entre guillemets si « * » en fait partie."),
    ("directive", "directive « % » inconnue.", "Retirez cette ligne, ou mettez la valeur entre guillemets."),
    ("document start", "texte de trop après la fin.", "Vérifiez le retrait de cette ligne."),
)  # fmt: skip


def sentence_for(message: str) -> tuple[str, str]:
    """(sentence, hint) for a message of the YAML reader."""
    for part, sentence, hint in _SENTENCES:
        if part in message:
            return sentence, hint
    return "écriture YAML incorrecte.", "Vérifiez les deux-points, les guillemets et le retrait."
