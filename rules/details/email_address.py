"""Checks e-mail addresses as typed, with their usual typing errors (P14, P31)."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import combining, normalize

from rules.details import email_domains
from rules.details.detail import LONGEST_CHARS, Detail, is_placeholder
from rules.text.fold import tidy

# Small letters, digits, single joints and a usual ending: what the library would let pass as it is, without loading it.
_SURELY_SHORT = 60
_ORDINARY = re.compile(
    r"[a-z0-9]+(?:[._-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:com|net|org|eu|fr|re|be|ch|lu|de|it|es|pt|uk)"
)
ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"|/]{1,64}@[^\s@<>()\[\],;:\"|/]{1,253}")
_RESIDUE = re.compile(r"mailto:", re.IGNORECASE)
_REMARK = re.compile(r"\([^()@]*\)")
_NOBODY = re.compile(
    r"(?:pas|sans|aucun|non|x+|n?o?one|nomail|noemail|pas-?de?-?e?-?mail|pasd'?e?mail|sans-?e?mail)@.*"
    r"|.*@(?:demail|pasdemail|nomail|aucun|non|x+|sansmail)\..*|([a-z])@\1\.[a-z]+",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def email(text: str) -> Detail[str]:
    """Read an e-mail address that a server would accept. A typing error in its domain is proposed, never corrected
    silently."""
    raw = _REMARK.sub("", _RESIDUE.sub("", tidy(text[:LONGEST_CHARS]))).strip(" <>;,'\"")
    if is_placeholder(raw) or _NOBODY.fullmatch(raw):
        return Detail(None)
    found = list(dict.fromkeys(address.lower() for address in ADDRESS.findall(raw)))
    if len(found) > 1:
        return Detail(None, "deux adresses, une seule est attendue")
    if found and (raw.count("@") > 1 or "<" in raw):
        raw = ADDRESS.findall(raw)[0]
    return _checked(raw.lower() if raw.isupper() else raw)


def _checked(raw: str) -> Detail[str]:
    if odd := _odd(raw):
        return odd
    if problem := _wrong(raw):
        return Detail(None, problem)
    taken = _taken(raw)
    if taken is None:
        return Detail(None, "cette adresse ne peut pas exister")
    local, domain = taken
    proposal = email_domains.meant(domain)
    if proposal:
        return Detail(None, "faute de frappe dans le domaine ?", f"{local}@{proposal}")
    return Detail(f"{local}@{domain}")


def _odd(raw: str) -> Detail[str] | None:
    """The address with a proposal, if it has a typographic apostrophe, which mail servers refuse, or a domain with
    accents, which is rare but exists; else None."""
    if raw.isascii() and "`" not in raw:
        return None
    straight = _APOSTROPHE.sub("'", raw)
    local, at, domain = straight.rpartition("@")
    if not (at and local.isascii()):
        return None
    plain = f"{local}@{_bare(domain)}"
    if plain == raw or not plain.isascii() or _taken(plain) is None or (straight == raw and _taken(raw) is None):
        return None
    return Detail(None, "un signe rare dans l'adresse", plain)


_APOSTROPHE = re.compile("[\u2018\u2019\u02bc\u00b4\u0060]")


def _bare(domain: str) -> str:
    return "".join(sign for sign in normalize("NFKD", domain) if not combining(sign))


def _taken(raw: str) -> tuple[str, str] | None:
    """The parts before and after the @, in the form that servers accept; None if none would."""
    if len(raw) <= _SURELY_SHORT and _ORDINARY.fullmatch(raw):
        local, _, domain = raw.partition("@")
        return local, domain
    from email_validator import EmailNotValidError, validate_email  # few addresses need its word

    try:
        # `test_environment`: a practice may try things out with an address in `.test`.
        known = validate_email(raw, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        return None
    return known.local_part, known.domain


def _wrong(raw: str) -> str:
    """The French phrase of a usual mistake, the most telling first; empty if it is none of these."""
    local, at, domain = raw.rpartition("@")
    checks = (
        ("il manque le @", not at),
        ("il manque ce qui précède le @", not local),
        ("il y a une espace dans l'adresse", " " in raw),
        ("un point en trop à la fin", raw.endswith(".")),
        ("une virgule à la place d'un point", "," in domain),
        ("la fin du domaine manque (.fr, .com…)", "." not in domain),
        ("un accent dans l'adresse", not raw.isascii()),
    )
    return next((problem for problem, wrong in checks if wrong), "")


def confirmed(text: str) -> str | None:
    """The address confirmed in spite of a probable typing error; None if it cannot exist."""
    detail = email(text)
    if detail.value or not detail.proposal:
        return detail.value
    found = ADDRESS.search(_APOSTROPHE.sub("'", _RESIDUE.sub("", tidy(text[:LONGEST_CHARS]))))
    return found[0] if found else None
