"""The command ``codex-notebook``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from codex_notebook import demo
from codex_notebook.errors import CodexError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="codex-notebook", description="The Codex agent, native to notebooks."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser(
        "demo", help="run the first notebook with the real CLI and a scripted model"
    )
    show.add_argument(
        "--execute",
        action="store_true",
        help="run it headless and write the notebook and an HTML page, instead of JupyterLab",
    )
    show.add_argument(
        "--port", type=int, metavar="N", help="JupyterLab's port on loopback (default: a free one)"
    )
    options = parser.parse_args(arguments)
    try:
        return demo.execute() if options.execute else demo.run_in_lab(options.port)
    except CodexError as error:
        print(f"codex-notebook: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
