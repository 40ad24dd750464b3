"""The command ``codex-notebook``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from codex_notebook import demo
from codex_notebook.client.binary import find_binary
from codex_notebook.client.protocol_check import breaks, findings, report
from codex_notebook.client.protocol_schema import ProtocolSchema
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
    protocol = commands.add_parser(
        "protocol", help="say what a Codex CLI no longer has of the live protocol that we use"
    )
    protocol.add_argument(
        "--codex", metavar="PATH", help="the CLI to ask (default: the one that turns would run)"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "protocol":
            return _check_protocol(options.codex)
        return demo.execute() if options.execute else demo.run_in_lab(options.port)
    except CodexError as error:
        print(f"codex-notebook: {error}", file=sys.stderr)
        return 1


def _check_protocol(codex: str | None) -> int:
    binary = find_binary(codex, os.environ)
    found = findings(ProtocolSchema.of(binary))
    print(report(binary, found))
    return int(breaks(found))


if __name__ == "__main__":
    sys.exit(main())
