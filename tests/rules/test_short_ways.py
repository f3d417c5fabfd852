"""What is asked of a library in a shorter way than by its front door has the same answer there
(docs/benchmark.md B1)."""

from __future__ import annotations

import phonenumbers as plan
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from rules.details import email_domains
from rules.details.contact import email, mobile
from rules.entry import motifs

OVERSEAS_TOO = (33, 262, 590, 596, 594, 508)
MOBILE = {plan.PhoneNumberType.MOBILE, plan.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def asked_number(number: str) -> str | None:
    parsed = plan.parse(number, "FR")
    for parsed.country_code in OVERSEAS_TOO:
        if plan.number_type(parsed) in MOBILE:
            return plan.format_number(parsed, plan.PhoneNumberFormat.E164)
    return None


# every block in which the plan treats numbers unalike, at a few numbers each
HEADS = ("0639", "0690", "0691", "0692", "0693", "0694", "0696", "0697", "0708", "0709")
OVERSEAS = [f"{head}{block:03}" for head in HEADS for block in range(1000)]
METROPOLITAN = [f"{head}{block:02}" for head in ("06", "07") for block in range(100)]


@pytest.mark.parametrize("blocks", [OVERSEAS[::3], METROPOLITAN], ids=["overseas", "metropolitan"])
def test_p13_the_plans_patterns_say_what_the_library_says(blocks: list[str]) -> None:
    numbers = [block + "51463987"[: 10 - len(block)] for block in blocks]
    assert {number: mobile(number).value for number in numbers} == {n: asked_number(n) for n in numbers}


@example("060000000٠")
@given(st.from_regex(r"0[67]\d{8}", fullmatch=True))
def test_p13_so_they_do_of_any_number(number: str) -> None:
    found = mobile(number)
    assert found.value == (asked_number(number) if not found.missing else None) or "0700" in number


def asked_address(typed: str) -> tuple[str | None, str]:
    try:
        known = validate_email(typed, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        return None, ""
    meant = email_domains.meant(known.domain)
    return (None, f"{known.local_part}@{meant}") if meant else (known.normalized, "")


PROVIDERS = sorted({*email_domains._USUAL, *email_domains._RARE})


def test_p14_a_provider_s_domain_is_what_the_library_makes_of_it() -> None:
    typed = [f"p.12@{provider}" for provider in PROVIDERS]
    assert {one: (email(one).value, email(one).proposal) for one in typed} == {one: asked_address(one) for one in typed}
    assert "orange-business.com" in PROVIDERS


WORD = st.text("abcdefg", min_size=1, max_size=14)


@given(WORD, WORD)
def test_p15_words_too_unlike_in_length_are_not_near(one: str, other: str) -> None:
    near = min(len(one), len(other)) >= 5 and one[0] == other[0] and fuzz.ratio(one, other) >= 84
    assert motifs._near_words(one, other) == near


@given(WORD, st.sampled_from(PROVIDERS))
def test_p14_domains_too_unlike_in_length_are_no_slip(end: str, usual: str) -> None:
    for typed in (usual + end, usual[: -len(end)] or end, usual[0] + end):
        if abs(len(typed) - len(usual)) > 1:
            assert OSA.distance(typed, usual) > 1


LOCAL = st.from_regex(r"[a-zA-Z0-9._+-]{1,66}", fullmatch=True)
LABEL = st.from_regex(r"[a-zA-Z0-9-]{1,64}", fullmatch=True)
ENDING = st.sampled_from(["com", "fr", "org", "test", "local", "invalid", "uk", "xn--p1ai"])
DOMAIN = st.one_of(
    st.lists(LABEL, min_size=1, max_size=5).map(".".join),
    st.tuples(st.lists(st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True), min_size=1, max_size=3), ENDING).map(
        lambda parts: ".".join([*parts[0], parts[1]])
    ),
    st.sampled_from(["gmail.com", "Gmial.com", "orange.f"]),
)


@example("info", "Exemple.fr")
@example("Info", "exemple.fr")
@example("a..b", "exemple.fr")
@example("p12", "exemple.test")
@example("p12", "localhost.local")
@example("p12", "exemple.123")
@example("p12", "xn--caf-dma.fr")
@example("p12", "ab--cd.fr")
@example("p12", "1.fr")
@settings(max_examples=300)
@given(LOCAL, DOMAIN)
def test_p14_a_plain_address_is_what_the_library_makes_of_it(local: str, domain: str) -> None:
    typed = f"{local}@{domain}"
    found = email(typed)
    if found.missing or (found.problem and not found.proposal and "ne peut pas exister" not in found.problem):
        return  # the usual mistakes are named before the library is asked
    raw = typed.lower() if typed.isupper() else typed
    assert (found.value, found.proposal) == asked_address(raw.strip(" <>;,'\""))
