"""The real Thunderbird, without a screen: she types in its event dialog, drags, deletes, and looks at what it shows."""

import base64
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.server import end
from tests.clients.marionette import Marionette

PROGRAM = shutil.which("thunderbird")
ABSENT = "Thunderbird n'est pas installé ici : `make test-clients` l'installe (Debian) et joue son histoire."
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "calendar.item.editInTab": False,
    "calendar.item.promptDelete": False,
    "calendar.timezone.local": "Europe/Paris",
    "calendar.timezone.useSystemTimezone": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "intl.locale.requested": "fr",
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "network.proxy.type": 0,
}
HANDS = Path(__file__).with_name("hands.js").read_text("utf-8")


class Thunderbird:
    """Her program, with the one calendar that it was given."""

    def __init__(self, remote: Marionette) -> None:
        self._remote = remote

    def books(self, title: str, start: datetime, minutes: int, text: str) -> None:
        """A new event, typed key by key; the calendar holds one event at most in these stories."""
        self._run(
            """
            const [title, start, minutes, text] = arguments;
            const from = cal.createDateTime(start);
            from.timezone = cal.dtz.defaultTimezone;
            const to = from.clone();
            to.minute += minutes;
            main.createEventWithDialog(calendar, from, to);
            const { open, inside, text: editor } = await dialog();
            inside.document.getElementById("item-title").focus();
            type(inside, title);
            editor.focus();
            type(editor, text);
            await save(open);
            """,
            title, f"{start:%Y%m%dT%H%M%S}", minutes, text,
        )  # fmt: skip

    def corrects(self, old: str, new: str) -> None:
        """She opens the event, marks some words of the description and types others over them."""
        self._run(
            """
            const [old, replaced] = arguments;
            main.modifyEventWithDialog(await item(), false);
            const { open, text } = await dialog();
            selected(text, old);
            type(text, replaced);
            await save(open);
            """,
            old, new,
        )  # fmt: skip

    def moves(self, start: datetime) -> None:
        """She drags the event: the call that the view makes when it is dropped."""
        self._run(
            """
            const [start] = arguments;
            const moved = await item();
            const from = cal.createDateTime(start);
            from.timezone = cal.dtz.defaultTimezone;
            const to = from.clone();
            to.addDuration(moved.endDate.subtractDate(moved.startDate));
            main.calendarViewController.modifyOccurrence(moved, from, to);
            """,
            f"{start:%Y%m%dT%H%M%S}",
        )

    def deletes(self) -> None:
        self._run("main.calendarViewController.deleteOccurrences([await item()], false, true);")

    def reads(self, mark: str, words: str) -> str:
        """Waits until it shows an event with this mark and these words; what the dialog then shows of the description,
        which is the HTML form where there is one."""
        return str(
            self._run(
                """
                const [mark, words] = arguments;
                await until(async () => {
                  calendar.refresh();
                  await new Promise(again => main.setTimeout(again, 250));
                  const now = await item();
                  return now?.title.startsWith(mark) && now.descriptionText.includes(words);
                }, mark + words);
                main.modifyEventWithDialog(await item(), false);
                const { open, inside, text } = await dialog();
                const seen = text.document.body.innerText;
                inside.onCancel();
                open.close();
                await until(() => !Services.wm.getMostRecentWindow(EDITS), "the end of the dialog");
                return seen;
                """,
                mark, words,
            )
        )  # fmt: skip

    def picture(self, file: Path) -> None:
        """The event's dialog as she sees it."""
        before = set(self._remote.ask("WebDriver:GetWindowHandles"))
        self._run(
            """
            main.modifyEventWithDialog(await item(), false);
            const { open } = await dialog();
            open.resizeTo(780, 900);
            await new Promise(drawn => main.setTimeout(drawn, 500));
            """
        )
        [opened] = set(self._remote.ask("WebDriver:GetWindowHandles")) - before
        self._remote.ask("WebDriver:SwitchToWindow", handle=opened)
        file.write_bytes(base64.b64decode(self._remote.ask("WebDriver:TakeScreenshot", full=False)["value"]))
        self._remote.ask("WebDriver:SwitchToWindow", handle=before.pop())
        self._run(
            "(await dialog()).open.close(); await until(() => !Services.wm.getMostRecentWindow(EDITS), 'the end');"
        )

    def _run(self, script: str, *given: Any) -> Any:
        return self._remote.run(HANDS + script, *given)


@contextmanager
def thunderbird(folder: Path, calendar: str) -> Iterator[Thunderbird]:
    """The running program with a profile of its own, in which a CalDAV calendar that asks for no login is set up."""
    assert PROGRAM is not None
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    _profile(folder / "profile", port, calendar)
    command = [PROGRAM, "--profile", str(folder / "profile"), "--no-remote", "--marionette"]
    with (folder / "thunderbird.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--remote-allow-system-access"], stdout=log, stderr=log,
            env={**os.environ, "HOME": str(folder), "MOZ_HEADLESS": "1"}, start_new_session=True,
        )  # fmt: skip
        try:
            with closing(Marionette(port)) as remote:
                yield Thunderbird(remote)
        finally:
            end(process)


def _profile(folder: Path, port: int, calendar: str) -> None:
    folder.mkdir()
    registry = {"type": "caldav", "uri": calendar, "name": "Dr Martin", "refreshInterval": "0", "cache.enabled": True}
    values = PREFERENCES | {f"calendar.registry.hers.{name}": value for name, value in registry.items()}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in values.items())
    (folder / "user.js").write_text("\n".join((*lines, f'user_pref("marionette.port", {port});\n')))
