"""Reads what is typed besides details: exceptions with their reason, confirmations, what ends, what is left over (P34,
rulings 18 and 19)."""

from __future__ import annotations

from collections.abc import Sequence

from rules.entry import yes_no
from rules.entry.classified import Sheet
from rules.findings import raised
from rules.model import Finding
from rules.model.entry import NO_EMAIL, NO_SMS
from rules.text.fold import key, shortened, tidy


def waived(typed: Sheet, label: str) -> str | None:
    """The reason of `Sans mobile : oui (n'en a pas)`; None if that is not typed."""
    for value in typed.typed.get(label, ()):
        if why := yes_no.reason(tidy(value)):
            return why
    if label.replace("no_", "lacks_") in typed.statements:
        return "n'en a pas"
    if label in typed.statements:
        return "oui"
    return _UNWANTED[label] if unwanted(typed, label) else None


def unwanted(typed: Sheet, label: str) -> bool:
    """Whether she says that nothing is to be sent there (`pas de SMS`), which denies no number (P34)."""
    return not {"unwanted", label.replace("no_", "unwanted_")}.isdisjoint(typed.statements)


_UNWANTED = {"no_mobile": NO_SMS, "no_email": NO_EMAIL}


def slot_confirmed(typed: Sheet) -> str | None:
    """The words typed with `Créneau confirmé`, None without it. If it has a value, only a clear yes counts."""
    for value in typed.typed.get("slot_ok", ()):
        if not tidy(value) or yes_no.yes(value):
            return tidy(value)[:200]
    return "" if "slot_ok" in typed.statements and "slot_ok" not in typed.typed else None


def asks_consent(typed: Sheet) -> str | None:
    """The words typed with « Demander l'accord » (P23), None without it; `: non` takes it back."""
    return _asked(typed, "ask_consent")


def asks_rescue(typed: Sheet) -> bool:
    """Whether « Proposer d'autres dates » is typed (P24); `: non` takes it back."""
    return _asked(typed, "rescue") is not None


def _asked(typed: Sheet, label: str) -> str | None:
    values = [tidy(value) for value in typed.typed.get(label, ())]
    if any(yes_no.yes(value) is False for value in values):
        return None
    return values[-1][:200] if values else "" if label in typed.statements else None


def ended(typed: Sheet) -> frozenset[str]:
    """The answers that are withdrawn: `Sans e-mail : non`, `Responsable : aucun` (ruling 19)."""
    answers = {"without_mobile": "no_mobile", "without_email": "no_email", "guardian": "guardian"}
    said = {name: list(filter(None, map(tidy, typed.typed.get(label, ())))) for name, label in answers.items()}
    return frozenset(name for name, values in said.items() if values and all(map(_denied, values)))


def _denied(text: str) -> bool:
    return yes_no.yes(text) is False or key(text) in {"aucun", "aucune", "plus besoin", "majeur", "majeure"}


def left_over(typed: Sheet, unclaimed: Sequence[str]) -> tuple[Finding, ...]:
    """Findings about text beside what is understood: a question whose number it is, and a note that unknown words were
    kept. `unclaimed`: those of the title."""
    policy = typed.practice.policy
    asked = [one for text in typed.unclear for one in raised(policy, "detail-unclear", seen=shortened(text))]
    kept = " ; ".join((*unclaimed, *typed.kept))
    return (*asked, *(raised(policy, "text-kept", seen=shortened(kept)) if kept else ()))
