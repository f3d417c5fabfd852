"""How the story looks: plain text in a pipe, colours on a terminal (NO_COLOR honoured)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from demo.script import Scene
from demo.secretary import Shown
from demo.sinks import Sms
from rules.text.french import clock, day_and_clock

_MARKS = {"⚠": "bold red", "✓": "bold green"}
_SIGNS = {"✗": "red", "!": "yellow", "✓": "green"}
_FRAMES = {"⚠": "red", "✓": "green"}
_SHAPES = {"label": "( ) {}", "marked": "(•) {}", "button": "[ {} ]", "a": "› {}"}
_STYLES = {"h1": "bold", "h2": "bold", "legend": "bold", "a": "blue", "button": "bold", "marked": "green", "dt": "dim"}
_PLAIN_WIDTH, _WIDEST = 80, 96
_JOINT = "\ue000"  # stands for a space at which no line may end: rich takes even U+00A0 for a place to break
_TOGETHER = re.compile(r"(?<=[«→✗✓⚠]) | (?=[»:;!?%→])|(?<=\d) (?=h\b|min\b)|(?<=\d h) (?=\d)|(?<=\bDr) ")


class Show:
    """Prints the story, scene by scene."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.console.width = min(self.console.width, _WIDEST) if self.console.is_terminal else _PLAIN_WIDTH

    # --- the frame of a scene ----------------------------------------------------------------------------------------

    def banner(self, title: str, text: str) -> None:
        """What is about to be seen."""
        self._print()
        self._print(Panel(_text(text), title=_text(f" {title} ", "bold"), border_style="blue", padding=(1, 2)))

    def opens(self, scene: Scene, text: str) -> None:
        """What the secretary does, and the line of the procedure that it touches."""
        self._print()
        self._print(Rule(_text(f"{scene.number}. {scene.title}", "bold"), style="blue", align="left"))
        self.says(text)
        self._print(Text.assemble(("La procédure : ", "dim"), _text(f"« {scene.quote} »", "italic")))

    def closes(self, text: str) -> None:
        """What attitre did."""
        self._print()
        self._print(_text(f"→ {text}", "bold"))

    def ends(self, text: str) -> None:
        """The last word of the story."""
        self._print()
        self._print(Rule(style="blue"))
        self._print(_text(text, "bold green"))

    def fails(self, expected: str, seen: str, log: str) -> None:
        """An effect that did not come."""
        self._print()
        self._print(Text.assemble(("Attendu : ", "bold red"), expected, ("\nVu : ", "bold red"), seen))
        self._print(Text(f"\nFin du journal :\n{log}" if log else "\nLe journal est vide.", "dim"))

    def says(self, text: str, style: str = "") -> None:
        """A paragraph between two panels."""
        self._print()
        self._print(_text(text, style))

    def verbatim(self, text: str) -> None:
        """Lines to be copied: never broken."""
        self._print()
        self._print(Text(text), whole=True)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """A moving sign while something is expected; nothing in a pipe."""
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(Text(text, "dim")):
            yield

    # --- what stands in the calendar ---------------------------------------------------------------------------------

    def typed(self, where: str, title: str, text: str = "") -> None:
        """An event as she saves it."""
        self._panel(f"Elle tape · {where}", "white", _title(title), *map(_text, text.splitlines()))

    def changes(self, what: str, where: str, old: str, new: str = "") -> None:
        """What she changes in an event: lines out, lines in."""
        out = [_text(f"− {line}", "red") for line in old.splitlines()]
        added = [_text(f"+ {line}", "green") for line in new.splitlines()]
        self._panel(f"{what} · {where}", "white", *out, *added)

    def reads(self, where: str, event: Shown) -> None:
        """An event as she finds it: her words, and our block in colour."""
        colour = _FRAMES.get(event.title[:1], "white")
        lines = [*map(_text, event.hers.splitlines()), *map(_ours, event.block.splitlines())]
        self._panel(f"Elle lit · {where}", colour, _title(event.title), *lines)

    # --- what the patient receives -----------------------------------------------------------------------------------

    def sms(self, sms: Sms) -> None:
        """A text as the patient's phone shows it."""
        self._panel(f"SMS au {spoken_number(sms.to)}", "magenta", _text(sms.text))

    def mail(self, mail: EmailMessage, saved: Path | None = None) -> None:
        """An e-mail: its text part; what is enclosed; where its HTML part was put, if it was."""
        head = Text.assemble(("Objet : ", "dim"), _text(str(mail["Subject"]), "bold"))
        enclosed = [str(part.get_filename()) for part in mail.iter_attachments()]
        foot = [f"Pièce jointe : {', '.join(enclosed)}"] if enclosed else []
        foot += [f"Mise en page : {saved}"] if saved else []
        parts = [Text(), Text("\n".join(foot), "dim")] if foot else []
        self._panel(f"E-mail à {mail['To']}", "cyan", head, Text(), _body(mail), *parts)

    def page(self, title: str, lines: Iterable[tuple[str, str]]) -> None:
        """A page as the patient's phone shows it: lines, each with its element's name."""
        parts = [_text(_SHAPES.get(kind, "{}").format(text), _STYLES.get(kind, "")) for kind, text in lines]
        self._panel(title, "magenta", *parts)

    def _panel(self, title: str, colour: str, *parts: RenderableType) -> None:
        self._print()
        self._print(Panel(Group(*parts), title=_text(title), title_align="left", border_style=colour, padding=(0, 1)))

    def _print(self, *parts: RenderableType, whole: bool = False) -> None:
        with self.console.capture() as captured:
            self.console.print(*parts, soft_wrap=whole)
        self.console.file.write(captured.get().replace(_JOINT, " "))
        self.console.file.flush()


def when(dentist: str, start: datetime, minutes: int) -> str:
    """`Dr Martin · mardi 1er décembre à 9 h 30 – 10 h 15`."""
    return f"{dentist} · {day_and_clock(start)} – {clock(start + timedelta(minutes=minutes))}"


def spoken_number(number: str) -> str:
    """`06 12 34 56 78` for a French number, else as it is."""
    if not number.startswith("+33"):
        return number
    national = f"0{number[3:]}"
    return " ".join(national[place : place + 2] for place in range(0, len(national), 2))


def _text(text: str, style: str = "") -> Text:
    """Text in which what belongs together in French (`« a »`, `9 h 30`, `Dr Martin`) stays on one line."""
    return Text(_TOGETHER.sub(_JOINT, text), style)


def _title(title: str) -> Text:
    mark, space, rest = title.partition(" ")
    if mark in _MARKS:
        return Text.assemble((mark, _MARKS[mark]), space, _text(rest, "bold"))
    return _text(title, "bold")


def _ours(line: str) -> Text:
    if line.startswith(("──", "réf.")):
        return Text(line, "dim")
    return _text(line, _SIGNS.get(line[:1], "blue"))


def _body(mail: EmailMessage) -> Text:
    part = mail.get_body(("plain",))
    return _text(str(part.get_content()).strip() if part else "")
