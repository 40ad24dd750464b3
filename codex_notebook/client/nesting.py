"""The opt-in for code that calls ``asyncio.run`` where a loop runs already, as in a notebook.

Nothing of ours needs it: turns have a loop of their own. Knows asyncio and its patch; not turns.
"""

from __future__ import annotations

from codex_notebook.errors import CodexError


def allow_nested_asyncio() -> None:
    """Let ``asyncio.run(main())`` work inside a running event loop, for the rest of the process.

    Most examples of async code end in ``asyncio.run``, which a notebook refuses because its own
    loop runs. In a cell ``await main()`` is the better way; this is for code that you cannot or
    do not want to change. Calling it again does nothing.

    Raises
    ------
    CodexError
        If the running loop cannot be patched, such as uvloop's.

    Notes
    -----
    It patches asyncio for the whole process (by nest-asyncio2, the maintained fork of
    nest-asyncio), with these limits:

    * Nested waits end in the reverse order of their beginning: one that is ready has to wait for
      those that began after it.
    * A cell that waits so blocks: clicks on a panel of another turn may be late.
    * Each switch between tasks costs up to twice the time.
    * It cannot be undone; restart the kernel.
    """
    import nest_asyncio2

    try:
        nest_asyncio2.apply()
    except (ValueError, RuntimeError) as error:
        raise CodexError(
            f"The event loop that runs here cannot be nested ({error}). Await instead of "
            "asyncio.run, or use thread.run_sync, which needs no loop at all."
        ) from None
