"""What every test begins with."""

from __future__ import annotations

import pytest

from sentinel.text import use_language


@pytest.fixture(autouse=True)
def _chinese() -> None:
    """A command under test may have chosen another language for the whole process."""
    use_language("zh")
