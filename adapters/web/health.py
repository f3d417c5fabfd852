"""What `/healthz` and `/readyz` say: words of one practice, or of many and then by their keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapters.web.office import Office, Present, Unavailable

Said = tuple[str, int]  # text and HTTP status
_OUTDATED = "version dépassée : une plus récente a repris la base, mettez ce processus à jour\n"


def alive(now: Present) -> Said:
    """503 where a new start may help: not while some are still starting. One practice's trouble among others does not
    ask for one: it is named, and the status stays 200 while any of them is well. Raises Unavailable for a single
    practice whose store is away."""
    if now.outdated and not now.offices:
        return _OUTDATED, 503
    if not now.many:
        return _of_one(now)
    bad = troubled(now.offices)
    all_bad = len(bad) == len(now.offices) > 0 and not now.starting
    names = {"en retard": bad, "suspendu": now.suspended, "démarrage": now.starting}
    lines = [f"{what} : {', '.join(keys)}" for what, keys in names.items() if keys]
    return "\n".join([_head(now, bad), *lines, ""]), 503 if all_bad else 200


def _of_one(now: Present) -> Said:
    if not now.offices:
        return ("démarrage\n" if now.starting else "suspendu\n"), 200
    fine = all(office.healthy() for office in now.offices)
    return ("à jour\n", 200) if fine else ("en retard\n", 503)


def _head(now: Present, bad: tuple[str, ...]) -> str:
    if not now.offices:
        return "démarrage" if now.starting else "suspendu"
    if len(bad) == len(now.offices) and not now.starting:
        return "en retard"
    return "à regarder" if bad or now.suspended else "à jour"


def ready(now: Present) -> Said:
    """200 where this process works for a practice; 503 where it works for none, or has not begun yet."""
    if now.offices:
        return "prêt\n", 200
    if now.outdated:
        return _OUTDATED, 503
    return ("démarrage\n" if now.starting else "suspendu\n"), 503


def troubled(offices: Iterable[Office]) -> tuple[str, ...]:
    """The keys of those that are not well, or whose store cannot be asked."""
    return tuple(_unwell(offices))


def _unwell(offices: Iterable[Office]) -> Iterator[str]:
    for office in offices:
        try:
            well = office.healthy()
        except Unavailable:
            well = False
        if not well:
            yield office.key
