"""Lays out the lines of our block: first what is to be done, then the booking, then what was noted and sent.

Thunderbird's dialog shows 8 lines, its preview 6, so that what is to be done must be among the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from rules.model import Finding, Severity

SIGNS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "✓", Severity.OFF: " "}
NEXT = "  "  # between two notes of one line; each begins with its sign
_RECEIPTS = 4  # receipts shown on one line; earlier ones are only counted
LINES = 5  # with the two of the frame and the reference, 8 in all
_MISSING = {
    "birth-date-missing": ("date de naissance", "« Né(e) le : JJ/MM/AAAA »"),
    "mobile-missing": ("mobile", "« Mobile : 06 … »"),
    "email-missing": ("e-mail", "« E-mail : nom@exemple.fr »"),
    "address-missing": ("adresse", "« Adresse : 12 rue des Lilas, 75020 Paris »"),
}


class Parts(Struct, frozen=True):
    """The contents of a block. `booking`: the appointment in words. `undelivered`: receipts that ask for a call;
    `sent`: the others."""

    findings: Sequence[Finding] = ()
    booking: Sequence[str] = ()
    undelivered: Sequence[str] = ()
    sent: Sequence[str] = ()

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of that severity."""
        return [one for one in self.findings if one.severity is severity]


def fitted(parts: Parts) -> tuple[str, ...]:
    """The lines of the block, at most `LINES`, in the widest layout that fits. The widest has proposals and notes on
    lines of their own and the booking on three. What fits in no layout is counted, notes and warnings before errors."""
    noted = [_line(one) for one in parts.of(Severity.INFO)]
    short = [" – ".join(parts.booking)] if parts.booking else []
    beneath = _beneath(noted, parts.sent)
    whole = [NEXT.join([*short, *beneath[-1]])] if short else beneath[-1]  # narrowest: one line after the actions
    layouts = [(booking, below) for below in beneath for booking in (parts.booking, short)] + [(whole, [])]
    for todo in (_todo(parts, said_below), _todo(parts, lambda one: [said_beside(one)])):
        for booking, below in layouts:
            if len(todo) + len(booking) + len(below) <= LINES:
                return (*todo, *booking, *below)
    blocking, warned = _blocking(parts), len(parts.of(Severity.WARNING))
    if blocking and warned and len(blocking) < LINES and whole:
        remarks = f"… et {warned} remarque{'s' if warned > 1 else ''} (attitre explain)"
        return (*blocking, NEXT.join([*whole, remarks]))
    return (*_shortened(_together(parts), LINES - len(whole)), *whole)


def _beneath(noted: Sequence[str], sent: Sequence[str]) -> list[list[str]]:
    """The layouts of notes and receipts, widest first: a line each, a line for each kind, one line for all."""
    latest = [*sent[-_RECEIPTS:]]
    latest += [f"… et {len(sent) - _RECEIPTS} plus tôt (attitre explain)"] if len(sent) > _RECEIPTS else []
    kinds = [NEXT.join(kind) for kind in (noted, latest) if kind]
    return [[*noted, *sent], kinds, [NEXT.join(kinds)] if kinds else []]


def said_below(finding: Finding) -> list[str]:
    """A finding on its line, each proposal on one below it."""
    return [_line(finding), *(f"  → {proposal}" for proposal in finding.proposals)]


def said_beside(finding: Finding) -> str:
    """A finding on one line with its proposals, except those that its sentence contains already."""
    more = [one for one in finding.proposals if one not in finding.text]
    return " → ".join([_line(finding), *more])


def _line(finding: Finding) -> str:
    return f"{SIGNS[finding.severity]} {finding.text}"


def _todo(parts: Parts, said: Callable[[Finding], list[str]]) -> list[str]:
    """The lines of what is to be done: errors, then undelivered messages, then warnings."""
    errors, warnings = ([line for one in parts.of(each) for line in said(one)] for each in _ASKING)
    return [*errors, *parts.undelivered, *warnings]


def _blocking(parts: Parts) -> list[str]:
    """The errors and undelivered messages, a line each: what is left when warnings are only counted."""
    return [*(said_beside(one) for one in parts.of(Severity.ERROR)), *parts.undelivered]


_ASKING = (Severity.ERROR, Severity.WARNING)


def _together(parts: Parts) -> list[str]:
    """The lines of what is to be done, with all missing details on one line."""
    missing = [one for one in parts.of(Severity.ERROR) if one.rule in _MISSING]
    first = missing[0] if len(missing) > 1 else None

    def said(one: Finding) -> list[str]:
        if one is first:
            names, typed = zip(*(_MISSING[each.rule] for each in missing), strict=True)
            return [f"✗ Manquent : {', '.join(names)}. Tapez {', '.join(typed)}."]
        return [] if first and one in missing else [said_beside(one)]

    return _todo(parts, said)


def _shortened(lines: list[str], count: int) -> list[str]:
    """The first `count` lines; if there are more, the last one says how many."""
    if len(lines) <= count:
        return lines
    more = len(lines) - count + 1
    return [*lines[: count - 1], f"… et {more} autres points, dits quand ceux-ci seront corrigés (attitre explain)"]
