"""Converts typed settings to the practice of the rules."""

from __future__ import annotations

from config.settings import (
    DentistSettings,
    MotifSettings,
    PageSettings,
    Settings,
    SupportSettings,
    WaitingListSettings,
)
from rules.model import Dentist, Motif, Policy, Practice, SupportContact, Waiting


def practice_of(settings: Settings) -> Practice:
    """The values that rules and planning need, without accounts and secrets."""
    practice = settings.practice
    return Practice(
        key=practice.key,
        name=practice.name,
        address=practice.address,
        phone=practice.phone,
        email=practice.email,
        zone=practice.time_zone,
        dentists=tuple(_dentist(key, dentist) for key, dentist in settings.dentists.items()),
        motifs=tuple(_motif(motif) for motif in settings.motifs),
        blocks=tuple(settings.blocks),
        holidays=practice.holidays,
        support=tuple(_support(contact) for contact in settings.support),
        policy=_policy(settings),
        digest_at=practice.digest_at,
        motifs_together=settings.motifs_together,
        abbreviations=tuple(settings.abbreviations.items()),
        page_url=settings.page.public_url if settings.page else None,
        waiting=_waiting(settings.waiting_list),
    )


def _waiting(waiting: WaitingListSettings | None) -> Waiting | None:
    if waiting is None:
        return None
    return Waiting(
        waiting.mode == "all_at_once", waiting.answer_within_minutes, waiting.offers_per_day,
        waiting.show_offers_in == "list",
    )  # fmt: skip


def _dentist(key: str, dentist: DentistSettings) -> Dentist:
    return Dentist(key, dentist.name, dentist.specialty, dentist.hours)


def _motif(motif: MotifSettings) -> Motif:
    return Motif(
        label=motif.label,
        minutes=motif.minutes,
        also=tuple(motif.also),
        first_visit_minutes=motif.first_visit_minutes,
        within_days=motif.within_days,
        public_label=motif.public_label,
    )


def _support(contact: SupportSettings) -> SupportContact:
    return SupportContact(
        name=contact.name,
        portal=contact.portal,
        phone=contact.phone,
        phone_note=contact.phone_note,
        email=contact.email,
        hours=contact.hours,
    )


def _policy(settings: Settings) -> Policy:
    messages, feedback = settings.messages, settings.feedback
    page = settings.page or PageSettings()
    return Policy(
        mandatory=frozenset(settings.mandatory),
        severities=dict(settings.rules),
        reminder_hours=messages.reminder_hours,
        settle_seconds=messages.settle_seconds,
        settle_change_seconds=messages.settle_change_seconds,
        motif_in_sms=messages.motif_in_sms,
        most_per_hour=messages.most_per_hour,
        most_per_pass=messages.most_per_pass,
        title_mark=feedback.title_mark,
        quiet_seconds=feedback.quiet_seconds,
        write_existing=feedback.existing == "write",
        brake_events=settings.sync.brake_events,
        brake_percent=settings.sync.brake_percent,
        brake_new=settings.sync.brake_new,
        late_minutes=settings.absences.late_minutes,
        morning_until=settings.absences.morning_until,
        cancel_until_hours=page.cancel_until_hours,
        move_from_hours=page.move_from_hours,
    )
