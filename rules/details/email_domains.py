"""Finds typing errors in the domain of an e-mail address: `gmial.com`, `orange.f`, `hotmail.con` (P14).

A domain counts as a slip only when it is near a usual one and is no real provider's own. Everything else is believed.
"""

from __future__ import annotations

from functools import lru_cache

_USUAL_WORDS = (
    "gmail.com orange.fr wanadoo.fr hotmail.fr hotmail.com free.fr sfr.fr yahoo.fr yahoo.com laposte.net "
    "outlook.fr outlook.com live.fr icloud.com bbox.fr neuf.fr club-internet.fr numericable.fr aol.com msn.com "
    "me.com protonmail.com googlemail.com cegetel.net aliceadsl.fr bouyguestelecom.fr"
)
_RARE_WORDS = (
    "ymail.com rocketmail.com mail.com email.com fmail.fr gmx.fr gmx.com gmx.net gmx.de gmx.ch mac.com proton.me "
    "pm.me live.com live.be aol.fr hotmail.be hotmail.it hotmail.es hotmail.de hotmail.ch hotmail.co.uk yahoo.be "
    "yahoo.es yahoo.it yahoo.de yahoo.co.uk yahoo.ca outlook.be outlook.es outlook.it outlook.de outlook.ch "
    "orange.com free.com laposte.fr sfr.com sfr.net orange.net orange.re orange.be orange.es orange.ch "
    "orange-business.com wanadoo.com numericable.com noos.fr voila.fr nordnet.fr mailo.com mailo.fr tutanota.com "
    "tuta.io posteo.net infomaniak.ch bluewin.ch skynet.be zaclys.net netcourrier.com dartybox.com tele2.fr tiscali.fr "
    "libertysurf.fr bouygues.com fastmail.com zoho.com hey.com duck.com web.de mail.fr caramail.com caramail.fr "
    "lavache.com"
)
_USUAL, _RARE = tuple(_USUAL_WORDS.split()), frozenset(_RARE_WORDS.split())
_ELSEWHERE = {"gmail.fr": "gmail.com", "icloud.fr": "icloud.com", "laposte.com": "laposte.net", "free.net": "free.fr"}
_NO_SUCH_ENDING = {
    **dict.fromkeys(("con", "vom", "xom", "cpm", "cim", "comm", "coom", "cmo", "ocm", "c"), "com"),
    **dict.fromkeys(("f", "r", "rf", "frr", "ffr", "fe", "fre"), "fr"),
    **dict.fromkeys(("ner", "ney", "nett", "ent"), "net"),
}
_PROVIDERS_ONLY = {
    "om": "com",
    "cm": "com",
    "co": "com",
    "cn": "com",
    "fm": "fr",
    "ft": "fr",
    "ff": "fr",
    "ne": "net",
    "nt": "net",
}
_SURE_LENGTH = 5  # letters of a name from which a wrong letter, not only a lost or swapped one, tells a slip


@lru_cache(maxsize=512)
def meant(domain: str) -> str:
    """The usual domain that was probably meant; empty if the typed one is believable."""
    domain = domain.lower()
    if domain in _USUAL or domain in _RARE:
        return ""
    mended = _mended(domain)
    near = _ELSEWHERE.get(mended) or ("" if mended in _USUAL else _near(mended))
    return near or (mended if mended != domain else "")


def _mended(domain: str) -> str:
    """The domain with an ending that exists."""
    name, _, ending = domain.rpartition(".")
    if ending in _NO_SUCH_ENDING:
        return f"{name}.{_NO_SUCH_ENDING[ending]}"
    fixed = f"{name}.{_PROVIDERS_ONLY.get(ending, ending)}"
    return fixed if fixed in _USUAL else domain


def _near(domain: str) -> str:
    """The usual domain that differs by one typing error; empty if there is none."""
    if domain in _RARE or _name(domain) in _provider_names():
        return ""
    return next((usual for usual in _USUAL if _one_slip(domain, usual)), "")


def _one_slip(typed: str, usual: str) -> bool:
    if abs(len(typed) - len(usual)) > 1 or (typed[0] != usual[0] and sorted(typed) != sorted(usual)):
        return False
    from rapidfuzz.distance import OSA

    if OSA.distance(typed, usual, score_cutoff=1) > 1:
        return False
    return len(_name(usual)) >= _SURE_LENGTH or len(typed) != len(usual) or sorted(typed) == sorted(usual)


def _name(domain: str) -> str:
    return domain.partition(".")[0]


@lru_cache(maxsize=1)
def _provider_names() -> frozenset[str]:
    return frozenset(_name(usual) for usual in _USUAL)
