"""The core: what happened, as pure values and functions.

Nothing here does input or output, and nothing knows of processes, asyncio or Jupyter.
"""
