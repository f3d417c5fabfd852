"""What a log may say of a fault of ours: its kind and place, never its text, which may quote a patient (L8)."""

from __future__ import annotations

import traceback
from pathlib import Path

DEPTH = 5


def described(error: Exception) -> dict[str, str]:
    """The fields of a log line: `error`, its type; `at`, the innermost places, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-DEPTH:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": " > ".join(places)}
