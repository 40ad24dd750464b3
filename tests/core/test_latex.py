"""The record on its way to PDF: what nbconvert and pandoc make of its markdown is whole TeX.

Skipped where pandoc is not installed. Where xelatex is, too, its word counts.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert.exporters.latex import LatexExporter

from codex_notebook.core.markdown import message, message_bound
from codex_notebook.core.record import mime_bundle
from codex_notebook.core.state import TurnState
from tests.core.test_record import DIFF, MARKDOWN_BITS, asks_turn, changed, done, ran, said, turn
from tests.hostile import HOSTILE

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("pandoc") is None, reason="needs pandoc"),
]

# What TeX would obey, and what pandoc reads that other readers of markdown do not.
TEX_BITS = [
    *("\\foo{x}", "$x$", "$$", "\\(", "\\)", "\\[", "\\\\(", "\\begin{x}\n", "\\end{x}\n", "%"),
    *("{=latex}", "`\\input{a}`{=latex}", "```{=latex}\n", "~~~ {=tex}\n", "\\def\\x{}", "\\"),
    *("@foo", "[@bar]", "^[note]", "[^1]: ", "^2^", "::: {.x}\n", "\n---\n", "...\n", "t: x\n"),
    *("<cite data-cite='x'>", "$5 and $6", "\\input{/etc/passwd}", "(@) x", "+---+\n", "\n: a\n"),
]


def pandoc(markdown: str) -> Any:
    """Return what pandoc reads, as nbconvert calls it."""
    command = ["pandoc", "-f", "markdown+tex_math_double_backslash", "-t", "json"]
    shown = subprocess.run(
        command, input=markdown, capture_output=True, text=True, check=True, timeout=20
    )
    return json.loads(shown.stdout)


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(child, (dict, list)):
            yield from nodes(child)


def obeyed(markdown: str) -> list[object]:
    """Return what of a text TeX would obey instead of showing it."""
    return [
        node["c"]
        for node in nodes(pandoc(markdown)["blocks"])
        if (node.get("t") in ("RawInline", "RawBlock") and node["c"][0] in ("tex", "latex"))
        or node.get("t") == "Math"
    ]


def test_nothing_that_a_message_says_is_obeyed_by_tex() -> None:
    # The same at each run, because pandoc takes a while.
    dice = random.Random(7)
    for _ in range(120):
        bits = dice.choices([*MARKDOWN_BITS, *TEX_BITS], k=dice.randint(1, 14))
        text = "".join(bits)
        safe = message(text)
        assert obeyed(safe) == [], (text, safe)
        assert len(safe.encode()) <= message_bound(text)


def test_pandoc_gets_through_every_attack_and_passes_none_of_it_on() -> None:
    for name, text in HOSTILE.items():
        assert obeyed(message(text)) == [], name


MESSAGE = r"""# A \emph{heading} & 100% of $5 and $6

Costs $5, or \undefined{x} \begin{nope} and `\code{x}` and `a`{=latex}; $\frac{1}{2}$, \(x\),
$$z_1$$.
A_b^c~d #hash @cite [@cite] {braces} %comment \\ 漢字 🎉 Zalgo Z̷̧ مرحبا
| a | b |
|---|:-:|
| \foo | $ |

---
title: injected
---

```latex
\documentclass{article} % 100% $5$
```
    \input{/etc/passwd}

1. one
"""


def nasty() -> TurnState:
    deep = "\n".join(f"{'  ' * level}- level {level}" for level in range(9))
    return turn(
        done("reasoning", text=f"**Reading $x \\alpha**\n\n{MESSAGE}"),
        ran("printf '\\033$HOME' \\\n && {a,b}", f"{'x' * 400}\n\\foo $y {{z}} 100% 漢\x00\x07\n"),
        ran("echo \\$5 %", "no", 1),
        changed({"path": "/p/we$ird_{na}me#%&~^\\.py", "diff": DIFF}),
        done("web_search", action={"url": "https://a.example/a_b?c=%20&d=$e#f~g^h{i}\\j"}),
        done("todo_list", items=[{"text": "Fix *it* $5 \\foo {", "completed": True}]),
        done("error", message="bad \\thing $a_b ^c {d} #e %f &g \\(x\\)"),
        said(f"> {'> ' * 8}deep"),
        said(f"{MESSAGE}\n{deep}"),
        said(MESSAGE),
        model="gpt_5$",
        working_directory="/p",
    )


def test_a_turn_becomes_tex_that_shows_its_words(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    for state in (nasty(), asks_turn()):
        cell = nbformat.v4.new_code_cell("%%codex\nDo it")
        cell.outputs = [nbformat.v4.new_output("display_data", mime_bundle(state))]
        notebook.cells.append(cell)
    tex, _ = LatexExporter().from_notebook_node(notebook)
    assert r"\textbf{✓ Completed}" in tex
    assert r"\$5, or \textbackslash undefined\{x\}" in tex.replace("{}", " ")
    assert r"approved by you" in tex
    assert r"\url{https://docs.python.org/3/}" in tex
    for command in (r"\undefined", r"\begin{nope}", r"\frac"):
        assert command not in tex.replace(r"\documentclass", "")
    assert tex.count(r"\input{/etc/passwd}") == tex.count("\\begin{verbatim}\n\\input{/etc/passwd}")
    if shutil.which("xelatex") is not None:
        (tmp_path / "turn.tex").write_text(tex, encoding="utf-8")
        xelatex = ["xelatex", "-interaction=batchmode", "-halt-on-error", "turn.tex"]
        subprocess.run(xelatex, cwd=tmp_path, check=True, capture_output=True)
        assert (tmp_path / "turn.pdf").stat().st_size > 10_000
