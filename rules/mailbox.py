"""E-mail addresses as typed, with their usual slips (P14, P31)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rules import domains
from rules.detail import LONGEST, Detail, placeholder
from rules.text import tidy

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

# Small letters, digits and single joints before the @ are right with every domain: only that is asked about, once.
_PLAIN = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONGEST = 64  # of an address whose local part and domain are surely not too long
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
    """An address that a mail server would take; a slip in its domain is a proposal, never corrected silently."""
    raw = _REMARK.sub("", _RESIDUE.sub("", tidy(text[:LONGEST]))).strip(" <>;,'\"")
    if placeholder(raw) or _NOBODY.fullmatch(raw):
        return Detail(None)
    found = list(dict.fromkeys(address.lower() for address in ADDRESS.findall(raw)))
    if len(found) > 1:
        return Detail(None, "deux adresses, une seule est attendue")
    if found and (raw.count("@") > 1 or "<" in raw):
        raw = ADDRESS.findall(raw)[0]
    return _checked(raw.lower() if raw.isupper() else raw)


def _checked(raw: str) -> Detail[str]:
    if problem := _wrong(raw):
        return Detail(None, problem)
    local, _, typed = raw.rpartition("@")
    plain = _PLAIN.fullmatch(local) is not None and len(raw) <= _LONGEST
    known = _accepted(f"x@{typed}") if plain else _accepted(raw)
    if known is None:
        return Detail(None, "cette adresse ne peut pas exister")
    local = local if plain else known.local_part
    proposal = domains.meant(known.domain)
    if proposal:
        return Detail(None, "faute de frappe dans le domaine ?", f"{local}@{proposal}")
    return Detail(f"{local}@{known.domain}")


@lru_cache(maxsize=1024)
def _accepted(address: str) -> ValidatedEmail | None:
    """The library's word; None where no mail server would take it."""
    from email_validator import EmailNotValidError, validate_email

    try:
        # `test_environment`: a practice may try things out with an address in `.test`.
        return validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        return None


def _wrong(raw: str) -> str:
    """The usual mistakes in words; the library's word is asked for the rest."""
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
    """The address that she confirms in spite of a probable slip; None where it cannot exist."""
    detail = email(text)
    if detail.value or not detail.proposal:
        return detail.value
    found = ADDRESS.search(_RESIDUE.sub("", tidy(text[:LONGEST])))
    return found[0] if found else None
