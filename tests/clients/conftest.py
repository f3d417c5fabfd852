"""The practice of `tests/flows`, whose calendars she looks at in a real program."""

from tests.flows.conftest import first_day, host, practice

__all__ = ["first_day", "host", "practice"]
