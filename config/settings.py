"""The whole configuration, typed. One model for each section of the YAML; INTERFACE names keep their names."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema

from config.addresses import Email, Listen, Phone, Public, Secret, Store, Web
from config.base import Model, setting, unprinted
from config.calendars import CalendarSettings
from config.messages import MessagesSettings
from config.problems import meant
from config.scalars import (
    Clock,
    Department,
    Flag,
    Hours,
    Kept,
    Key,
    Minutes,
    Percent,
    Several,
    Text,
    Whole,
    Zone,
    refuse,
    written,
)
from rules.findings import RULES
from rules.model import Severity

FieldName = Literal["name", "birth_date", "mobile", "email", "address", "motif"]
FIELDS: tuple[FieldName, ...] = ("name", "birth_date", "mobile", "email", "address", "motif")


class PracticeSettings(Model):
    """The practice itself."""

    key: Key = setting("Clé du cabinet dans la base : ne change jamais.", default="cabinet")
    name: Text = setting("Nom du cabinet, tel que les patients le lisent.")
    address: Text = setting("Adresse postale du cabinet.")
    phone: Phone = setting("Téléphone du cabinet.")
    email: Email = setting("Où le cabinet reçoit le récapitulatif et les alertes.")
    time_zone: Zone = setting("Fuseau horaire.", default=ZoneInfo("Europe/Paris"))
    holidays: Department | None = setting("Code du département, pour les jours fériés.", default=None)
    digest_at: Clock = setting("Heure du récapitulatif quotidien.", default=time(7, 0))


class DentistSettings(Model):
    """One dentist. The key above it is what commands and `dentiste` columns use."""

    name: Text = setting("Nom, tel que les patients le lisent : « Dr Claire Martin ».")
    specialty: Text = setting("Spécialité : elle figure dans la confirmation.")
    calendars: Annotated[list[CalendarSettings], Field(min_length=1)] = setting("Agendas du dentiste.")
    hours: Hours | None = setting("Horaires d'ouverture, par jour (mon … sun, mon-fri).", default=None)


class WaitingListSettings(Model):
    """Who gets a freed slot (P44)."""

    calendar: CalendarSettings | None = setting(
        "Agenda de la liste d'attente : un événement par patient. Sans lui, « Liste d'attente » dans un rendez-vous.",
        default=None,
    )
    mode: Literal["in_turn", "all_at_once"] = setting("Proposer à l'un après l'autre, ou à tous.", default="in_turn")
    show_offers_in: Literal["dentist", "list"] = setting(
        "Où « Proposé : … » se voit : dans l'agenda du dentiste, ou dans celui de la liste seulement.",
        default="dentist",
    )
    answer_within_minutes: Several = setting("Minutes pour répondre à une proposition.", default=30)
    offers_per_day: Several = setting("Propositions du cabinet par jour, au plus (une par patient).", default=20)


class MotifSettings(Model):
    """A reason for a visit (P6–P8, P11)."""

    label: Text = setting("Motif, tel que le cabinet l'écrit.")
    also: list[Text] = setting("Autres mots pour ce motif.", default_factory=list)
    minutes: Minutes = setting("Durée d'un suivi, en minutes.")
    first_visit_minutes: Minutes | None = setting("Durée d'une première consultation.", default=None)
    within_days: Whole | None = setting("Attente la plus longue, en jours (urgence).", default=None)
    public_label: Text | None = setting("Ce que le SMS dit à la place du motif.", default=None)


class FeedbackSettings(Model):
    """What the secretary reads back in her events."""

    title_mark: Flag = setting("Marque « ⚠ » ou « ✓ » devant le titre.", default=True)
    quiet_seconds: Whole = setting("Temps de calme avant d'écrire dans un événement ; 0 : aussitôt.", default=15)
    existing: Literal["report", "write"] = setting(
        "Événements d'avant le premier passage : au récapitulatif seulement, ou aussi dans l'événement.",
        default="report",
    )


class PageSettings(Model):
    """What `run` serves: health, metrics, Google's messages; the patients' page and the practice's page."""

    listen: Listen = setting("Adresse et port d'écoute.", default="127.0.0.1:8080")
    public_url: Public | None = setting(
        "Adresse vue par les patients et par Google ; sans elle, ni liens dans les messages ni annonces.", default=None
    )
    cancel_until_hours: Whole = setting("Heures avant le rendez-vous où l'annulation en ligne s'arrête.", default=4)
    move_from_hours: Whole = setting(
        "Heures d'ici au premier créneau que la page propose pour déplacer un rendez-vous.", default=4
    )
    password: Secret | None = unprinted("Mot de passe de la page du cabinet : « !env NOM ».", default=None)
    google_push: Flag = setting(
        "Demander à Google d'annoncer les changements à cette adresse (en https).", default=True
    )


class SyncSettings(Model):
    """Pace, and the brake on sudden losses and gains (P43)."""

    every_seconds: Several = setting("Secondes entre deux passages.", default=60)
    google_daily_requests: Several | None = setting(
        "Requêtes par jour permises au projet Google, tous cabinets ensemble : à 80 %, les lectures s'espacent. Sans "
        "elle, rien n'est compté.",
        default=None,
    )
    brake_events: Several = setting("Rendez-vous disparus en une heure, au-delà desquels tout est retenu.", default=5)
    brake_percent: Percent = setting("De même, en pourcentage de l'agenda (au moins 3).", default=10)
    brake_new: Several = setting(
        "Nouveaux rendez-vous d'un agenda en une heure, au-delà desquels leurs confirmations sont retenues.", default=20
    )


class AbsenceSettings(Model):
    """What counts as excused (P47, P48)."""

    late_minutes: Whole = setting("Minutes de retard tolérées.", default=10)
    morning_until: Clock = setting("Heure où finit « dès le matin ».", default=time(12, 0))


class RetentionSettings(Model):
    """How long things are kept."""

    messages_days: Kept = setting(
        "Jours après le rendez-vous où s'effacent ses messages, liens, demandes par lien et propositions.", default=1095
    )
    journal_days: Kept = setting("Jours après lesquels une ligne du journal s'efface.", default=1095)


class SupportSettings(Model):
    """Whom the practice calls when its software fails (P1)."""

    name: Text = setting("Nom du service d'assistance.")
    portal: Web | None = setting("Adresse du portail.", default=None)
    phone: Phone | None = setting("Téléphone.", default=None)
    phone_note: Text | None = setting("Ce qu'il faut faire au téléphone : « choix 2 ».", default=None)
    email: Email | None = setting("Adresse e-mail.", default=None)
    hours: Hours | None = setting("Horaires, par jour (mon-fri).", default=None)


def _rule(value: Any) -> str:
    name = str(value)
    if name not in RULES:
        refuse("règle inconnue.", meant(name, RULES, "Règles (« attitre rules »)"))
    return name


def _severity(value: Any) -> Severity:
    word = written(value).casefold()
    if word not in tuple(Severity):
        refuse("gravité inconnue.", meant(word, tuple(Severity)), word)
    return Severity(word)


_RULES_SCHEMA = {
    "type": "object",
    "properties": {
        rule.id: {"enum": [str(severity) for severity in Severity], "description": rule.procedure}
        for rule in RULES.values()
        if not rule.fixed
    },
    "additionalProperties": False,
}

Rules = Annotated[
    dict[Annotated[str, BeforeValidator(_rule)], Annotated[Severity, BeforeValidator(_severity)]],
    WithJsonSchema(_RULES_SCHEMA),
]


class Settings(Model):
    """One practice's configuration."""

    practice: PracticeSettings = setting("Le cabinet.")
    store: Store = unprinted("Base de données.", default=SecretStr("sqlite:///attitre.db"))
    dentists: Annotated[dict[Key, DentistSettings], Field(min_length=1)] = setting(
        "Les dentistes, dans l'ordre d'affichage."
    )
    waiting_list: WaitingListSettings | None = setting("Liste d'attente.", default=None)
    motifs: Annotated[list[MotifSettings], Field(min_length=1)] = setting("Les motifs de rendez-vous.")
    motifs_together: Flag = setting("Plusieurs motifs dans un même rendez-vous, durées ajoutées.", default=False)
    abbreviations: dict[Text, Text] = setting(
        "Vos abréviations, et ce qu'elles veulent dire : un motif, « nouveau patient », « sans préférence »…",
        default_factory=dict,
    )
    blocks: list[Text] = setting(
        "Ce qui suffit comme raison d'un créneau bloqué.",
        default_factory=lambda: ["Congés", "Formation", "Réunion", "Déjeuner"],
    )
    mandatory: list[FieldName] = setting("Renseignements obligatoires.", default_factory=lambda: list(FIELDS))
    messages: MessagesSettings = setting("Messages aux patients.", default_factory=MessagesSettings)
    feedback: FeedbackSettings = setting("Ce qui s'écrit dans les événements.", default_factory=FeedbackSettings)
    page: PageSettings | None = setting("Page des patients ; sans cette clé, aucune page.", default=None)
    sync: SyncSettings = setting("Rythme et frein.", default_factory=SyncSettings)
    absences: AbsenceSettings = setting("Absences excusées ou non.", default_factory=AbsenceSettings)
    retention: RetentionSettings = setting("Durées de conservation.", default_factory=RetentionSettings)
    rules: Rules = setting("Gravité des règles, par identifiant (« attitre rules »).", default_factory=dict)
    support: list[SupportSettings] = setting("Assistance du logiciel de rendez-vous.", default_factory=list)
