"""How fast codex_notebook is, and how much it sends: ``make bench``.

One file for each measure; each has a function ``measure(quick)`` that gives a `Measurement`.
Wherever it can, a measure is a ratio to something else timed in the same run, alternately,
because machines differ and are never quiet. What the real CLI will not print is printed by
``fake_cli.py``; memory is measured in fresh processes, by ``fresh.py``.
"""
