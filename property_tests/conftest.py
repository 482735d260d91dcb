"""How much Hypothesis tries: the profile ``ci``, or what HYPOTHESIS_PROFILE says."""

import os

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: no deadline for one example, nor for drawing it.
settings.register_profile(
    "dev",
    deadline=None,
    print_blob=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
# The same examples every time: whether a change is accepted must not depend on luck.
settings.register_profile(
    "ci", settings.get_profile("dev"), max_examples=60, derandomize=True, database=None
)
settings.register_profile(
    "deep", settings.get_profile("dev"), suppress_health_check=list(HealthCheck)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

VALIDATED = "validated by TLC"
"""The property under which a test says what it has given to TLC; it also passes from a worker."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many distinct behaviours TLC has checked."""
    for passed in terminalreporter.stats.get("passed", []):
        for name, value in passed.user_properties:
            if name == VALIDATED:
                terminalreporter.write_line(f"{value} {VALIDATED}")
