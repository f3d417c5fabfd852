"""Which points of the procedure the tests that really ran and passed prove: `--procedure-report FILE`.

The table in docs/proofs.md is made from that file. A test that is skipped, or fails as expected, proves nothing.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

END_TO_END = "tests/flows/"  # real processes and servers
_IDS = re.compile(r"(?:_|\b)p0?(\d{1,2})(?=_)")


class ProcedureReport:
    """Notes outcomes by point; one failure of a test named after a point takes the point's tick."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.passed: dict[int, set[str]] = defaultdict(set)
        self.failed: set[int] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        points = [int(number) for number in _IDS.findall(test.rpartition("::")[2])]
        if report.failed:
            self.failed.update(points)
        elif report.when == "call" and report.passed and not hasattr(report, "wasxfail"):
            for point in points:
                self.passed[point].add(test)

    def pytest_sessionfinish(self) -> None:
        shown = {
            f"P{point}": self._proof(tests) for point, tests in sorted(self.passed.items()) if point not in self.failed
        }
        self.file.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @staticmethod
    def _proof(tests: set[str]) -> dict[str, object]:
        whole = sorted(test for test in tests if test.startswith(END_TO_END))
        return {"end_to_end": whole, "parts": len(tests) > len(whole)}
