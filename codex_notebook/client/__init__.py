"""Making turns happen: processes and asyncio. Knows no Jupyter."""

import sys

from codex_notebook.errors import CodexError

if sys.platform == "win32":
    raise CodexError("codex_notebook runs on Linux and macOS; on Windows, use it in WSL.")
