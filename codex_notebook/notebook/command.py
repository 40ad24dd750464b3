"""What was written behind ``%%codex``: its options and the prompt, taken apart.

The prompt is the user's own text and is taken to the letter: braces, ``$``, quotes, backslashes
and indentation mean nothing here. Pure; knows neither the shell nor the client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codex_notebook.errors import InvalidOptionError

USAGE = """\
%%codex [options]            run the cell's text as a turn of this notebook's thread
%codex [options] PROMPT      the same for one line

  -o, --out NAME       also put the result into the variable NAME
  -t, --type EXPR      answer as this type, e.g. -t list[Invoice]; the result is such an object
      --new            begin a new thread
      --bg             return at once; the result is the running turn (await it for the Turn)
      --model NAME     the model for this cell
      --sandbox MODE   read-only (default), workspace-write or danger-full-access, for this cell
      --cd DIR         the agent's working directory for this cell (default: the notebook's)
  -i, --interpolate    put variables into the prompt: {{name}} becomes str(name)
      --               end of options, for a prompt that begins with a dash"""

_FLAGS = {"--new": "new", "--bg": "bg", "-i": "interpolate", "--interpolate": "interpolate"}
_VALUED = {
    "-o": "out",
    "--out": "out",
    "-t": "type",
    "--type": "type",
    "--model": "model",
    "--sandbox": "sandbox",
    "--cd": "cd",
}
_OPTION = re.compile(r"\s*(--?[A-Za-z][A-Za-z-]*)(=|(?=\s|$))")
_END_OF_OPTIONS = re.compile(r"\s*--(?=\s|$)\s?")
# `int | None` is one type, spaces and all.
_UNION = re.compile(r"\s*\|\s*(?=\S)|(?<=\|)\s+")
_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "'\""


@dataclass(frozen=True)
class Command:
    """One use of the magic, taken apart; the fields are the options of `USAGE`."""

    prompt: str
    out: str | None = None
    type: str | None = None
    new: bool = False
    bg: bool = False
    model: str | None = None
    sandbox: str | None = None
    cd: str | None = None
    interpolate: bool = False
    thread_options: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        given = {
            "model": self.model,
            "sandbox_mode": self.sandbox,
            "working_directory": self.cd,
        }
        self.thread_options.update({k: v for k, v in given.items() if v is not None})


def parse_command(line: str, cell: str | None = None) -> Command:
    """Return what a magic was told.

    Parameters
    ----------
    line : str
        What stands behind ``%codex`` or ``%%codex`` on its line.
    cell : str or None
        The rest of a ``%%codex`` cell. Text behind the options on the first line comes before it.

    Raises
    ------
    InvalidOptionError
        For an unknown option, one without its value, a bad name, or an empty prompt.
    """
    options: dict[str, Any] = {}
    position = 0
    while not (end := _END_OF_OPTIONS.match(line, position)):
        match = _OPTION.match(line, position)
        if match is None:
            break
        position = match.end()
        name = match[1]
        if name in _FLAGS and match[2] != "=":
            options[_FLAGS[name]] = True
        elif name in _VALUED:
            options[_VALUED[name]], position = _value(name, line, position)
        else:
            raise InvalidOptionError(
                f"%codex has no option {name}. If it begins the prompt, put -- before it.\n{USAGE}",
                option=name,
            )
    first = line[end.end() :] if end else line[position:].lstrip()
    prompt = first if cell is None else "\n".join(filter(None, [first, cell]))
    if not prompt.strip():
        raise InvalidOptionError(
            "The prompt is empty; write below %%codex, or behind %codex, what the agent is to do."
            f"\n{USAGE}",
            option="prompt",
        )
    name = options.get("out")
    if name is not None and not name.isidentifier():
        raise InvalidOptionError(
            f"--out takes the name of a variable, and {name!r} cannot be one.", option="--out"
        )
    return Command(prompt, **options)


def parse_subcommand(
    line: str, grammars: Mapping[str, re.Pattern[str]]
) -> tuple[str, re.Match[str]] | None:
    """Return the word of a line that is a command, and what stands behind it; None for a prompt.

    Parameters
    ----------
    line : str
        What stands behind ``%codex``.
    grammars : mapping
        For each word what may stand behind it. A line whose rest is anything else is a prompt.
    """
    word, *rest = line.split(maxsplit=1) or [""]
    grammar = grammars.get(word)
    said = None if grammar is None else grammar.fullmatch(rest[0].rstrip() if rest else "")
    return None if said is None else (word, said)


def _value(option: str, line: str, position: int) -> tuple[str, int]:
    """Return the value at ``position`` and where it ends: at a space outside of brackets."""
    while position < len(line) and line[position].isspace():
        position += 1
    start, depth, quote = position, 0, ""
    while position < len(line):
        letter = line[position]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            depth -= 1
        elif letter.isspace() and depth <= 0:
            union = _UNION.match(line, position) if option in ("-t", "--type") else None
            if union is None:
                break
            position = union.end() - 1
        position += 1
    value = line[start:position]
    if not value or value.startswith("--"):
        raise InvalidOptionError(f"{option} needs a value.\n{USAGE}", option=option)
    if len(value) > 1 and value[0] in _QUOTES and value.find(value[0], 1) == len(value) - 1:
        value = value[1:-1]
    return value, position


_PLACE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


def interpolated(prompt: str, names: Mapping[str, object]) -> str:
    """Return ``prompt`` with each ``{{name}}`` of a known name replaced by ``str`` of its value.

    What is no such place stays as it is: single braces, unknown names, expressions, and any
    braces in the values themselves. A value whose ``str`` raises stays a place, too.
    """

    def text(place: re.Match[str]) -> str:
        if place[1] not in names:
            return place[0]
        try:
            return str(names[place[1]])
        except Exception:
            return place[0]

    return _PLACE.sub(text, prompt)
