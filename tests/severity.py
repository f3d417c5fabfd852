"""The YAML's `rules:`, changed while the office runs."""

from msgspec.structs import replace

from rules.model import Severity
from tests.desk import Desk


def with_severity(desk: Desk, rule: str, severity: Severity) -> None:
    """The administrator sets that rule."""
    practice = desk.office.world.practice
    policy = replace(practice.policy, severities={**practice.policy.severities, rule: severity})
    desk.runs(replace(practice, policy=policy))
