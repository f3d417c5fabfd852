"""The letters of an SMS (3GPP TS 23.038): one sign outside them makes a message two to three times as dear."""

from __future__ import annotations

from unicodedata import category, combining, normalize

from anyascii import anyascii

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_LIKE = {
    "‘": "'", "’": "'", "‚": "'", "‹": "'", "›": "'", "ʼ": "'", "`": "'", "´": "'", "′": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "•": "-", "·": "-",
    "…": "...", "œ": "oe", "Œ": "OE", "→": "->", "°": "o", "\t": " ",
}  # fmt: skip


def fit(text: str) -> str:
    """The text in letters of an SMS. Only what is not among them changes (`ç`, `ê`, `’`, `–`, a no-break space…);
    `é è à ù` stay. A sign without any likeness is dropped."""
    composed = normalize("NFC", text)
    return composed if _known(composed) else "".join(_fitted(sign) for sign in composed)


def segments(text: str) -> int:
    """How many messages an operator counts: 160 letters in one, 153 in each of several; 70 and 67 outside GSM-7."""
    if _known(text):
        return _parts([2 if sign in _EXTENSION else 1 for sign in text], 160, 153)
    return _parts([2 if ord(sign) > 0xFFFF else 1 for sign in text], 70, 67)


def _known(text: str) -> bool:
    return all(sign in _BASIC or sign in _EXTENSION for sign in text)


def _fitted(sign: str) -> str:
    if _known(sign):
        return sign
    if sign in _LIKE:
        return _LIKE[sign]
    if category(sign).startswith("Z"):
        return " "
    if category(sign)[0] in "CS":
        return ""
    bare = "".join(part for part in normalize("NFKD", sign) if not combining(part))
    return bare if _known(bare) else "".join(_LIKE.get(part, part) for part in anyascii(bare))


def _parts(widths: list[int], alone: int, each: int) -> int:
    """A letter of two places is never cut in the middle."""
    if sum(widths) <= alone:
        return 1
    count, room = 1, each
    for width in widths:
        if width > room:
            count, room = count + 1, each
        room -= width
    return count
