"""Takes tooth numbers out of a title or a line: `ext 38`, `dent 36`, `composites 14-15` (ISO 3950, the FDI's
notation)."""

from __future__ import annotations

import re

from rules.entry.classified import Sheet
from rules.entry.unlabelled import GAP

_TOOTH = r"(?:[1-4][1-8]|[5-8][1-5])"
_JOINED = r"\s*(?:[-–,/+&]|et|à|au)\s*"
_TEETH = re.compile(
    rf"(?<![\w/.:@+-])(?:(?:sur\s+)?(?:la\s+|les\s+)?(?:dents?\s*|d\.?\s?)?(?:n°\s*|no?\.?\s|#)?)"
    rf"(?P<teeth>{_TOOTH}(?:{_JOINED}{_TOOTH})*)(?!\d)(?!\s*(?:ans|mois|min|mn|h\b|%|€|kg|:\d|/\d|\.\d))"
    r"(?!\s*,?\s*(?:bis\b|ter\b|rue|avenue|av\b|bd|boulevard|chemin|impasse|all[ée]e|place|route|quai|cours|square)\b)",
    re.IGNORECASE,
)

_ACHES = re.compile(r"\bmal\s+(?:à\s+)?$", re.IGNORECASE)  # `mal dent 46`: the word belongs to the motif
_DAY = re.compile(r"\b(?:au|du|le|lundi|mardi|mercredi|jeudi|vendredi|samedi)\s+$", re.IGNORECASE)  # `au 15/12`


def take_teeth(sheet: Sheet, text: str) -> str:
    """The text without its tooth numbers, which are kept with the motif. FDI: 11 to 48, milk teeth 51 to 85."""

    def take(found: re.Match[str]) -> str:
        if "/" in found["teeth"] and _DAY.search(text, 0, found.start()):
            return found[0]
        aching = _ACHES.search(text, 0, found.start())
        sheet.teeth.append(re.sub(r"\s*([-–,/+&])\s*", r"\1", found["teeth"]))
        return f"{found[0][: found.start('teeth') - found.start()]}{GAP}" if aching else GAP

    return _TEETH.sub(take, text)
