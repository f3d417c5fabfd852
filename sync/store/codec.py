"""Converts values to JSON and back: facts, findings, annotations and outcomes, as the store holds them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import asdict

from rules.model import Annotation, Facts, Finding, Hours, Length, Outcome, OutcomeKind, Severity, Slot, Wish


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """The start is stored as the wall clock of the practice shows it, as the patient was told: later rules of daylight
    saving then move no appointment (hard case F07). `fold` distinguishes the two equal hours of a change back."""
    start = {"start": facts.start.replace(tzinfo=None).isoformat(), "fold": facts.start.fold}
    return {name: getattr(facts, name) for name in Facts.__struct_fields__} | start


def facts_from_json(data: dict[str, Any], zone: ZoneInfo) -> Facts:
    """The inverse of `facts_to_json`, in the practice's zone."""
    values = {name: value for name, value in data.items() if name != "fold"}
    start = datetime.fromisoformat(data["start"]).replace(tzinfo=zone, fold=data["fold"])
    return Facts(**{**values, "start": start})


def findings_to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """One object for each finding, in order."""
    plain = ((finding, {name: getattr(finding, name) for name in Finding.__struct_fields__}) for finding in findings)
    return [{**values, "proposals": list(finding.proposals)} for finding, values in plain]


def findings_from_json(data: Iterable[dict[str, Any]]) -> tuple[Finding, ...]:
    """The inverse of `findings_to_json`."""
    return tuple(
        Finding(**{**item, "severity": Severity(item["severity"]), "proposals": tuple(item["proposals"])})
        for item in data
    )


def length_to_json(length: Length | None) -> dict[str, Any] | None:
    """What the store remembers of an event's length (P8)."""
    return None if length is None else {name: getattr(length, name) for name in Length.__struct_fields__}


def length_from_json(data: dict[str, Any] | None) -> Length | None:
    """The inverse of `length_to_json`. None: the event was not evaluated as a booking yet."""
    return None if data is None else Length(**data)


def wish_to_json(wish: Wish) -> dict[str, Any]:
    """Wanted and refused hours of a week."""
    return {"wanted": list(map(_hours_to_json, wish.wanted)), "not": list(map(_hours_to_json, wish.refused))}


def wish_from_json(data: dict[str, Any]) -> Wish:
    """The inverse of `wish_to_json`."""
    return Wish(tuple(map(_hours_from_json, data["wanted"])), tuple(map(_hours_from_json, data["not"])))


def _hours_to_json(hours: Hours) -> list[Any]:
    limits = (hours.since, hours.until)
    return [sorted(hours.days), *(at.isoformat() if at else None for at in limits)]


def _hours_from_json(data: list[Any]) -> Hours:
    since, until = (time.fromisoformat(at) if at else None for at in data[1:])
    return Hours(frozenset(data[0]), since, until)


def slots_to_json(slots: Iterable[Slot]) -> list[dict[str, Any]]:
    """One object for each slot; times as ISO instants."""
    return [{**asdict(one), "start": one.start.isoformat(), "end": one.end.isoformat()} for one in slots]


def slots_from_json(data: Iterable[dict[str, Any]], zone: ZoneInfo) -> tuple[Slot, ...]:
    """The inverse of `slots_to_json`, in the practice's zone."""
    return tuple(
        Slot(**{**one, **{name: datetime.fromisoformat(one[name]).astimezone(zone) for name in ("start", "end")}})
        for one in data
    )


def annotation_to_json(annotation: Annotation) -> dict[str, Any]:
    """The mark and the lines."""
    return {"mark": annotation.mark, "lines": list(annotation.lines)}


def annotation_from_json(data: dict[str, Any] | None) -> Annotation | None:
    """The inverse of `annotation_to_json`. None: we never wrote there."""
    return Annotation(data["mark"], tuple(data["lines"])) if data is not None else None


def outcome_to_json(outcome: Outcome | None) -> dict[str, Any] | None:
    """Times as ISO instants."""
    if outcome is None:
        return None
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(outcome).items()}


def outcome_from_json(data: dict[str, Any] | None) -> Outcome | None:
    """The inverse of `outcome_to_json`. Outcomes stored by older versions lack some fields."""
    if data is None:
        return None
    known: dict[str, Any] = {name: data[name] for name in Outcome.__struct_fields__ if name in data}
    moments = {name: datetime.fromisoformat(known[name]) for name in ("at", "notified") if known.get(name)}
    return Outcome(**{**known, **moments, "kind": OutcomeKind(known["kind"])})


def slot_confirmed_to_json(words: str | None, start: datetime | None) -> dict[str, Any] | None:
    """« Créneau confirmé » as typed, and the start for which it counts."""
    if words is None:
        return None
    return {"words": words, "start": start.astimezone(UTC).isoformat() if start else None}


def slot_start_of(data: dict[str, Any] | None, words: str) -> tuple[bool, datetime | None]:
    """Whether these words were noted before, and the start for which they were typed."""
    if data is None or data["words"] != words:
        return False, None
    return True, datetime.fromisoformat(data["start"]) if data["start"] else None
