"""Which motif an entry names, and which words of its title nobody understands (P6, ruling 21)."""

from __future__ import annotations

from msgspec import Struct

from rules.entry import motifs
from rules.entry.classified import BESIDE_DETAILS, Sheet
from rules.entry.is_patient import contentless
from rules.entry.labels import STATEMENTS
from rules.findings import raised
from rules.model import Finding, Practice
from rules.model.practice import TOGETHER
from rules.text.fold import fold, key, shortened, tidy, words
from rules.text.french import listed


class NamedMotif(Struct, frozen=True):
    """The motifs that are named, as which words, and what is to be asked about them."""

    labels: tuple[str, ...] = ()
    text: str = ""
    findings: tuple[Finding, ...] = ()


def mentioned(text: str, practice: Practice, *, near: bool = True) -> tuple[str, ...]:
    """The motifs that a text names; if the whole text is one, only that."""
    spoken = fold(text).replace("'", " ")
    typed = key(spoken).split()
    return tuple(dict.fromkeys(mention.label for mention in motifs.find(typed, practice, near=near)))


def motif_of(typed: Sheet) -> NamedMotif:
    """The motif, from `Motif :`, the title and other lines together."""
    practice, labelled = typed.practice, typed.text("motif")
    text = labelled or " ".join(typed.left)
    said, elsewhere = mentioned(labelled, practice), _outside_urgency(typed)
    settled = len(said) == 1 and said[0] in elsewhere  # `Motif :` answers which of the title's it is
    found = dict.fromkeys(said if settled else (*said, *elsewhere))
    if not found and not labelled:
        found = dict.fromkeys(mentioned(text, practice))
    if not found and not labelled and (begun := motifs.begun(words(text), practice)):
        found = {begun.label: None}
    if len(found) > 1 and practice.motifs_together:
        return NamedMotif(tuple(found), labelled or ", ".join(found))
    if len(found) > 1:
        return _ambiguous(tuple(found), labelled, practice)
    if found:
        other = _no_motif(tidy(labelled[:200]), True, practice) if labelled and not said else NamedMotif()
        unknown = tuple(one for one in other.findings if one.rule == "motif-unknown")
        return NamedMotif(tuple(found), labelled or next(iter(found)), unknown)  # `Motif :` contradicts the title
    return _no_motif(tidy(text[:200]), bool(labelled), practice)


def one_label(motif: NamedMotif, practice: Practice) -> str | None:
    """The label of the visit; of several motifs their labels joined, where the practice allows that (ruling 21)."""
    if len(motif.labels) > 1 and practice.motifs_together:
        return TOGETHER.join(motif.labels)
    return motif.labels[0] if len(motif.labels) == 1 else None


def _outside_urgency(typed: Sheet) -> list[str]:
    """The motifs named without a label; beside another motif, a line `Urgence` only says that it is urgent."""
    named = list(typed.motifs)
    if typed.urgent and (len(named) > 1 or "motif" in typed.typed):
        urgent = mentioned("urgence", typed.practice)
        named = [label for label in named if label not in urgent]
    return named


def _ambiguous(found: tuple[str, ...], labelled: str, practice: Practice) -> NamedMotif:
    facts = raised(practice.policy, "motif-ambiguous", motifs=listed(found, "et"), proposals=found)
    return NamedMotif(found, labelled or ", ".join(found), facts)


def _no_motif(text: str, labelled: bool, practice: Practice) -> NamedMotif:
    """The finding that no motif is known: nothing typed, a vague word, or one that the practice does not have."""
    if not text or (not labelled and not any(map(str.isalpha, text))):
        return NamedMotif()
    if motifs.vague(text, practice) or contentless(text) or key(text) in STATEMENTS:
        all_of_them = ", ".join(motif.label for motif in practice.motifs)
        facts = raised(practice.policy, "motif-vague", seen=shortened(text) or "?", motifs=all_of_them)
        return NamedMotif((), text, facts)
    near = motifs.nearest(text, practice)
    facts = raised(practice.policy, "motif-unknown", seen=shortened(text), motifs=", ".join(near), proposals=near)
    return NamedMotif((), text, facts)


def unclaimed(typed: Sheet, motif: NamedMotif) -> list[str]:
    """The words of the title that mean nothing known; they are kept with the comment, and said to be."""
    if not motif.labels or not (typed.name or typed.typed):
        return []
    left = [part for part in typed.left if not BESIDE_DETAILS.issuperset(words(part))]
    return [part for part in left if not contentless(part) and not _is_of_motif(part, motif, typed.practice)]


def _is_of_motif(part: str, motif: NamedMotif, practice: Practice) -> bool:
    """Whether the motif was read from these words (`détartage`), or they say no more than it."""
    begun = motifs.begun(words(part), practice)
    read = {*mentioned(part, practice), *([begun.label] if begun else [])}
    return motifs.vague(part, practice) or not read.isdisjoint(motif.labels)
