"""What she typed besides the details: exceptions with their reason, what is meant on purpose, what ends, what is left
over (P34, rulings 18 and 19)."""

from __future__ import annotations

from collections.abc import Callable

from rules.entry import yes_no
from rules.entry.classified import Sheet
from rules.findings import raised
from rules.model import Finding
from rules.text.fold import key, tidy


def waived(typed: Sheet, label: str) -> str | None:
    """The reason of `Sans mobile : oui (n'en a pas)`; None where it was not said."""
    for value in typed.typed.get(label, ()):
        if why := yes_no.reason(tidy(value)):
            return why
    if label.replace("no_", "lacks_") in typed.statements:
        return "n'en a pas"
    return "oui" if label in typed.statements else None


def slot_confirmed(typed: Sheet) -> str | None:
    """Her words with `Créneau confirmé`; only a clear yes counts where it has a value."""
    for value in typed.typed.get("slot_ok", ()):
        if not tidy(value) or yes_no.yes(value):
            return tidy(value)[:200]
    return "" if "slot_ok" in typed.statements and "slot_ok" not in typed.typed else None


def ended(typed: Sheet) -> frozenset[str]:
    """What no longer holds: `Sans e-mail : non`, `Responsable : aucun` (ruling 19)."""
    answers = {"without_mobile": "no_mobile", "without_email": "no_email", "guardian": "guardian"}
    said = {name: list(filter(None, map(tidy, typed.typed.get(label, ())))) for name, label in answers.items()}
    return frozenset(name for name, values in said.items() if values and all(map(_denied, values)))


def _denied(text: str) -> bool:
    return yes_no.yes(text) is False or key(text) in {"aucun", "aucune", "plus besoin", "majeur", "majeure"}


def left_over(typed: Sheet, shown: Callable[[str], str]) -> tuple[Finding, ...]:
    """What stood beside details and was not understood: a number without owner is asked about, words are said kept."""
    policy = typed.practice.policy
    asked = [one for text in typed.unclear for one in raised(policy, "detail-unclear", seen=shown(text))]
    kept = " ; ".join(typed.kept)
    return (*asked, *(raised(policy, "text-kept", seen=shown(kept)) if kept else ()))
