"""Knows the French départements: their postcodes, and what else in an address names one (P32).

The town itself is not looked up: there are 35,000, and postcodes cross borders. What contradicts a postcode is the name
or number of another département, or one of the largest towns, whose names nothing else bears.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rules.text.fold import key

_NAMES = """
01 Ain;02 Aisne;03 Allier;04 Alpes-de-Haute-Provence;05 Hautes-Alpes;06 Alpes-Maritimes;07 Ardèche;08 Ardennes
09 Ariège;10 Aube;11 Aude;12 Aveyron;13 Bouches-du-Rhône;14 Calvados;15 Cantal;16 Charente;17 Charente-Maritime;18 Cher
19 Corrèze;20 Corse;20 Corse-du-Sud;20 Haute-Corse;21 Côte-d'Or;22 Côtes-d'Armor;23 Creuse;24 Dordogne;25 Doubs
26 Drôme;27 Eure;28 Eure-et-Loir;29 Finistère;30 Gard;31 Haute-Garonne;32 Gers;33 Gironde;34 Hérault
35 Ille-et-Vilaine;36 Indre;37 Indre-et-Loire;38 Isère;39 Jura;40 Landes;41 Loir-et-Cher;42 Loire;43 Haute-Loire
44 Loire-Atlantique;45 Loiret;46 Lot;47 Lot-et-Garonne;48 Lozère;49 Maine-et-Loire;50 Manche;51 Marne;52 Haute-Marne
53 Mayenne;54 Meurthe-et-Moselle;55 Meuse;56 Morbihan;57 Moselle;58 Nièvre;59 Nord;60 Oise;61 Orne;62 Pas-de-Calais
63 Puy-de-Dôme;64 Pyrénées-Atlantiques;65 Hautes-Pyrénées;66 Pyrénées-Orientales;67 Bas-Rhin;68 Haut-Rhin;69 Rhône
70 Haute-Saône;71 Saône-et-Loire;72 Sarthe;73 Savoie;74 Haute-Savoie;75 Paris;76 Seine-Maritime;77 Seine-et-Marne
78 Yvelines;79 Deux-Sèvres;80 Somme;81 Tarn;82 Tarn-et-Garonne;83 Var;84 Vaucluse;85 Vendée;86 Vienne;87 Haute-Vienne
88 Vosges;89 Yonne;90 Territoire de Belfort;91 Essonne;92 Hauts-de-Seine;93 Seine-Saint-Denis;94 Val-de-Marne
95 Val-d'Oise;971 Guadeloupe;972 Martinique;973 Guyane;974 La Réunion;974 Réunion;975 Saint-Pierre-et-Miquelon
976 Mayotte;977 Saint-Barthélemy;978 Saint-Martin;980 Monaco;986 Wallis-et-Futuna;987 Polynésie française
988 Nouvelle-Calédonie
"""
_TOWNS = """
75 Paris;13 Marseille;69 Lyon;31 Toulouse;06 Nice;44 Nantes;67 Strasbourg;34 Montpellier;33 Bordeaux;59 Lille;35 Rennes
51 Reims;83 Toulon;76 Le Havre;38 Grenoble;21 Dijon;49 Angers;30 Nîmes;29 Brest;72 Le Mans;63 Clermont-Ferrand;80 Amiens
37 Tours;87 Limoges;57 Metz;25 Besançon;45 Orléans;76 Rouen;68 Mulhouse;14 Caen;54 Nancy;66 Perpignan;20 Ajaccio
20 Bastia;980 Monaco;988 Nouméa;987 Papeete;972 Fort-de-France;973 Cayenne;976 Mamoudzou
"""
_TAIL = re.compile(r"[,(;]")
_ROUNDS = frozenset({"13", "69", "75"})  # a bare number there is an arrondissement's
_ROUND = re.compile(r"\d+|cedex|er|e|eme|arrondissement")


def exists(code: str) -> bool:
    """Whether the five digits begin with a département of France, overseas and Monaco included. 20 is Corsica."""
    return _of(code) in set(_table(_NAMES).values()) | {"984"}


def contradiction(code: str, place: str) -> str:
    """The French phrase of what in `place`, the text behind a postcode, lies in another département; empty for none."""
    town, *tail = (part.strip(" )") for part in _TAIL.split(place))
    for said in tail:
        other = _named(said) if _of(code) not in _ROUNDS or not said.isdigit() else None
        if other and other != _of(code):
            return f"le code postal {code} n'est pas dans « {said} »"
    known = _table(_TOWNS).get(" ".join(word for word in key(town).split() if not _ROUND.fullmatch(word)))
    return f"le code postal {code} n'est pas celui de {town}" if known and known != _of(code) else ""


def large_town(code: str, town: str) -> bool:
    """Whether the text is one of the largest towns, and the postcode its département's."""
    return _table(_TOWNS).get(key(town)) == _of(code)


def _named(said: str) -> str | None:
    """The département whose name or number (`33`, `2A`) is in the text as a word of its own."""
    number = said.upper()
    if number in {"2A", "2B"}:
        return "20"
    return number if number in _table(_NAMES).values() else _table(_NAMES).get(key(said))


def _of(code: str) -> str:
    """`75020` → `75`, `97400` → `974`."""
    return code[:3] if code[:2] in {"97", "98"} else code[:2]


@lru_cache(maxsize=2)
def _table(text: str) -> dict[str, str]:
    entries = (entry.strip().partition(" ") for entry in re.split(r"[;\n]", text.strip()))
    return {key(name): number for number, _, name in entries}
