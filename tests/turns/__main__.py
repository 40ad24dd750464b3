"""Makes the frames of all recorded turns anew: ``python -m tests.turns``."""

from tests.turns import EVENT_TURNS, golden_file, golden_text

for recording in EVENT_TURNS:
    golden_file(recording).write_text(golden_text(recording), encoding="utf-8")
