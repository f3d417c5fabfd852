"""French translations of our keys, to propose the right key for an unknown one."""

from __future__ import annotations

from collections.abc import Collection

from rules.text.fold import key

_FRENCH = {
    "practice": "cabinet|le cabinet",
    "store": "base|base de donnees|stockage",
    "dentists": "dentistes|dentiste|praticiens|praticien|docteurs|medecins",
    "waiting_list": "liste d attente|liste attente|attente",
    "motifs": "motif|actes|soins",
    "blocks": "blocages|blocage|absences motifs|creneaux bloques",
    "mandatory": "obligatoire|obligatoires|champs obligatoires",
    "messages": "message|envois|envoi|notifications",
    "feedback": "retour|retours|remarques",
    "sync": "synchronisation|synchro|rythme",
    "retention": "conservation|duree de conservation",
    "rules": "regles|regle|gravites",
    "support": "assistance|aide",
    "name": "nom",
    "address": "adresse",
    "phone": "telephone|tel",
    "email": "e mail|courriel|mail|adresse e mail",
    "time_zone": "fuseau|fuseau horaire|zone",
    "holidays": "jours feries|feries|departement",
    "digest_at": "recapitulatif|heure du recapitulatif",
    "key": "cle|code",
    "specialty": "specialite",
    "calendars": "agendas|agenda|calendriers",
    "calendar": "agenda|calendrier|nom de l agenda",
    "hours": "horaires|heures|ouverture",
    "kind": "type|sorte|genre",
    "url": "adresse|lien|serveur",
    "username": "utilisateur|identifiant|login|compte",
    "password": "mot de passe|mdp|motdepasse",
    "token": "jeton",
    "read_only": "lecture seule",
    "tag": "etiquette|marque",
    "label": "libelle|nom|intitule",
    "also": "synonymes|aussi|autres noms",
    "minutes": "duree|duree en minutes",
    "first_visit_minutes": "premiere visite|premiere consultation|duree premiere visite",
    "within_days": "urgence|delai",
    "sender": "expediteur|emetteur",
    "headers": "entetes|en tetes",
    "reminder_hours": "rappel|heures de rappel",
    "listen": "ecoute|port",
    "public_url": "adresse publique",
}
_OURS: dict[str, list[str]] = {}
for _key, _words in _FRENCH.items():
    for _word in _words.split("|"):
        _OURS.setdefault(_word, []).append(_key)


def ours(written: str, known: Collection[str]) -> str:
    """The key that is meant, among those known at this place; empty if the word translates none of them."""
    return next((one for one in _OURS.get(key(written), ()) if one in known), "")
