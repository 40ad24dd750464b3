"""Tokens, as the model's provider counts them.

Knows numbers; not whose they are.
"""

from __future__ import annotations

from codex_notebook.core.model import Value


class Usage(Value):
    """Tokens, as the model's provider counts them."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0

    def since(self, earlier: Usage | None) -> Usage:
        """Return the difference to an earlier total of the same thread."""
        if earlier is None:
            return self
        names = type(self).model_fields
        return Usage(**{name: max(0, self[name] - earlier[name]) for name in names})
