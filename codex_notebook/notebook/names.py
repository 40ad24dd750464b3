"""The names under which a shell knows us."""

MAGIC = "codex"
# The twin of the magic that the input transformer calls; it returns something to await.
AWAITED = "codex_awaited"
# The last turn, in the user's namespace; like IPython's `_`, it is overwritten by the next.
LAST_TURN = "_turn"
