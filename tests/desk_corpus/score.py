"""The score of the corpus in pytest's last lines, whichever processes played its entries."""

from collections import Counter

import pytest

NOTED = "desk corpus"


class DeskScore:
    """Counts what the tests noted of themselves; under xdist their reports bring it from the workers."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.counts.update(value for name, value in report.user_properties if name == NOTED)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        counts = self.counts
        if not counts["played"]:
            return
        share = 100 * counts["confirmed"] / max(counts["complete"], 1)
        terminalreporter.write_line(
            f"desk corpus: {counts['played']} entries; {counts['confirmed']} of {counts['complete']} complete ones "
            f"confirmed without a word ({share:.1f} %, at least 95); lost in silence {counts['lost']}; wrong patient, "
            f"dentist, motif, day or hour {counts['wrong']}; more than two ✗ for one trouble {counts['cascade']}; "
            f"known shortfalls {counts['yet']}"
        )
