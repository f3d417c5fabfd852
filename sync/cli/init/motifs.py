"""The motifs of `attitre init`: the usual ones with their lengths, reviewed, and the practice's own."""

from __future__ import annotations

from functools import partial
from typing import Any

from sync.cli.init import ask
from sync.cli.init.ask import say
from sync.cli.init.draft import quoted

_USUAL: tuple[dict[str, Any], ...] = (
    {"label": "Contrôle", "also": ["bilan", "visite annuelle"], "minutes": 20},
    {"label": "Détartrage", "also": ["nettoyage"], "minutes": 30, "first_visit_minutes": 45},
    {"label": "Douleur", "also": ["urgence", "mal de dent"], "minutes": 20, "within_days": 2},
    {"label": "Soin", "also": ["carie"], "minutes": 40},
    {"label": "Dévitalisation", "also": ["traitement de racine"], "minutes": 60},
    {"label": "Extraction", "minutes": 45},
    {"label": "Prothèse", "also": ["couronne", "bridge"], "minutes": 45},
    {"label": "Implant", "minutes": 60},
    {"label": "Orthodontie", "also": ["appareil dentaire"], "minutes": 30},
    {"label": "Blanchiment", "minutes": 60},
)


def asked() -> list[dict[str, Any]]:
    """The motifs of the practice, from those that are usual and its own."""
    say("\n— Les motifs de rendez-vous, et leur durée —")
    for one in _USUAL:
        first = f" (première visite : {one['first_visit_minutes']})" if "first_visit_minutes" in one else ""
        say(f"  {one['label']} : {one['minutes']} min{first}")
    kept = [*_USUAL] if ask.yes("Cette liste convient-elle ?", default=True) else _reviewed()
    while label := ask.text("Un autre motif (vide : aucun)", check=partial(_another, kept), optional=True):
        kept.append({"label": label, "minutes": ask.number(f"Durée de « {label} » en minutes", 30, 5, 600)})
    return kept


def _another(kept: list[dict[str, Any]], given: str) -> None:
    """Raises the error of `refuse` where the word means a motif already."""
    from config.scalars import refuse
    from rules.text.fold import fold

    for one in kept:
        if fold(given) in {fold(word) for word in (one["label"], *one.get("also", ()))}:
            same = fold(given) == fold(one["label"])
            text = "est déjà dans la liste." if same else f"est déjà compris comme « {one['label']} »."
            refuse(f"« {given} » {text}", "Un mot ne désigne qu'un motif.")


def lines(kept: list[dict[str, Any]]) -> list[str]:
    """The YAML's `motifs:`."""
    return ["# minutes : durée d'un suivi ; first_visit_minutes : première visite ; within_days : attente maximale",
            "motifs:", *(_motif_line(one) for one in kept), ""]  # fmt: skip


def _reviewed() -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    while not kept:
        for one in _USUAL:
            minutes = ask.number(f"{one['label']} : minutes (0 : pas chez nous)", one["minutes"], 0, 600)
            if minutes >= 5:
                first = one.get("first_visit_minutes", 0)
                kept.append(
                    one | {"minutes": minutes} | ({"first_visit_minutes": max(first, minutes)} if first else {})
                )
        if not kept:
            say("  Il faut au moins un motif.")
    return kept


def _motif_line(one: dict[str, Any]) -> str:
    parts = [f"label: {quoted(one['label'])}"]
    parts += [f"also: [{', '.join(map(quoted, one['also']))}]"] if one.get("also") else []
    parts += [f"{name}: {one[name]}" for name in ("minutes", "first_visit_minutes", "within_days") if one.get(name)]
    return f"  - {{{', '.join(parts)}}}"
