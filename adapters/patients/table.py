"""From a file's bytes to its records: encoding, delimiter, and one sentence where the file is no table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_CSV = "Enregistrez-le en CSV (dans Excel : Fichier, Enregistrer sous, « CSV UTF-8 »), puis importez ce fichier-là."
_OTHER_FILES = (
    (b"PK\x03\x04", f"C'est un classeur (.xlsx ou .ods), pas un fichier CSV. {_CSV}"),
    (b"\xd0\xcf\x11\xe0", f"C'est un classeur Excel (.xls), pas un fichier CSV. {_CSV}"),
    (b"%PDF", "C'est un PDF. Demandez à votre logiciel un export en CSV."),
    (b"BEGIN:VCARD", "C'est un carnet d'adresses (vCard). Demandez à votre logiciel un export en CSV."),
    (b"<", "C'est une page web ou du XML. Demandez à votre logiciel un export en CSV."),
)


def no_table(content: bytes) -> str:
    """The sentence for a file of another sort; empty where it may be a CSV file."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].upper()
    return next((sentence for sign, sentence in _OTHER_FILES if start.startswith(sign.upper())), "")


def text_of(content: bytes) -> str:
    """UTF-8 or UTF-16 with their marks, UTF-8 without, else Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """The lines that hold something, each with the number of its first line; None where a line cannot be read: an
    unclosed quote would swallow the patients below it, so it is never passed over."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";,\t", key=re.sub(r'"[^"]*"', "", first).count)
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if any(cell.strip() for cell in cells):
            yield line, [unguarded(cell) for cell in cells]


def guarded(cell: str) -> str:
    """A cell that a spreadsheet would calculate gets an apostrophe in front."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
