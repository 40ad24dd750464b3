"""The reference of the SDK: each example does what the page says, and no name is left out."""

from __future__ import annotations

import ast
import base64
import inspect
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import codex_notebook
from codex_notebook import (
    Account,
    Approval,
    Codex,
    CodexError,
    CodexOptions,
    Decision,
    InputRequest,
    ModelInfo,
    Question,
    QuestionOption,
    RateLimits,
    RateLimitWindow,
    ReviewOptions,
    RunningTurn,
    Thread,
    ThreadInfo,
    ThreadOptions,
    Turn,
    TurnOptions,
    Usage,
    errors,
    offline,
)
from codex_notebook.client.arguments import TurnArguments, exec_arguments
from codex_notebook.core import events, items
from codex_notebook.offline import command, fail, patch, pause, text, tool, turn
from tests.processes import eventually, runs

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "sdk.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

# ---- what the examples meet ------------------------------------------------------------------

FILES = {
    "prices.py": "def total(prices, discount):\n    return sum(prices) - discount\n",
    "test_prices.py": "from prices import total\n\n\ndef test_total():\n"
    "    assert total([10, 20], 0.1) == 27\n",
    "invoices.txt": "1001 Ada 120.50\n1002 Grace 80.00\n",
}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
FIX = """*** Begin Patch
*** Update File: prices.py
@@
 def total(prices, discount):
-    return sum(prices) - discount
+    return sum(prices) * (1 - discount)
*** End Patch"""

ADA = {"number": 1001, "day": "2026-02-01", "customer": "Ada", "euros": 120.5}
GRACE = {"number": 1002, "day": "2026-02-03", "customer": "Grace", "euros": 80.0}
LONG = (text("I begin with the slow ones."), command("sleep 600"), text("never"))

ANNOUNCE = tool(
    "exec_command",
    {
        "cmd": "echo Fixed. > ../announced",
        "login": False,
        "yield_time_ms": 30_000,
        "sandbox_permissions": "require_escalated",
        "justification": "May I tell everybody?",
    },
)
ASK = tool(
    "request_user_input",
    {
        "questions": [
            {
                "id": "meaning",
                "header": "Discount",
                "question": "Is the discount a share or an amount?",
                "options": [
                    {"label": "Share", "description": "0.1 is a tenth"},
                    {"label": "Amount", "description": "0.1 is ten cents"},
                ],
            }
        ]
    },
)

SCENARIO = [
    turn(
        command("cat prices.py"),
        # Cut where a reader would cut it, too.
        text("It adds up prices and takes off a discount.", chunk=11),
        when=r"^What does prices\.py do\?$",
    ),
    turn(text("It checks a total."), when=r"^What does test_prices\.py do\?$"),
    turn(text("It takes the discount for an amount."), when="Why does test_prices.py fail"),
    turn(patch(FIX), text("Fixed."), when=r"^Fix it\.$"),
    turn(patch(FIX), ANNOUNCE, text("Fixed."), when=r"^Fix it and announce it\.$"),
    turn(ANNOUNCE, text("Announced."), when=r"^Announce it\.$"),
    turn(ASK, text("It is a share of the total."), when="Document the discount"),
    turn(
        tool("is_paid", {"number": 1002}),
        tool("is_paid", {"number": 1003}),
        text("Grace. There is no invoice 1003."),
        when="Who has not paid",
    ),
    turn(
        tool("is_paid", {"number": 1002}),
        patch("*** Begin Patch\n*** Add File: unpaid.txt\n+1002 Grace\n*** End Patch"),
        text("Grace has not."),
        when="Write down who has not paid",
    ),
    turn(text("One of the two in df."), when="How many invoices are open"),
    # Steered before its first step or before its second, it is answered by the next turn.
    turn(pause(1), command("cat test_prices.py"), text("never"), when="Explain the tests"),
    turn(text("It checks a total."), when="^In one sentence"),
    turn(*LONG, when="Run all the tests|Refactor everything"),
    turn(text(ADA), when="Which invoice is the largest"),
    turn(text({"value": [ADA, GRACE]}), when="List the invoices"),
    turn(text({"passes": False, "reason": "test_total fails"}), when="Do the tests pass"),
    turn(
        text({"number": 1003, "customer": "Alan", "euros": "many"}),
        when="Guess an invoice",
    ),
    turn(text("Noted."), when="Remember the number 7"),
    turn(text("It was 7."), when="Which number was it"),
    turn(text("The new discount is never checked."), when="^Review the "),
    turn(text("An assertion that it is between 0 and 1."), when="What would check it"),
    turn(text("A single red pixel."), when=r"^Describe this picture\.$"),
    turn(
        command('echo "[$GREETING] [$CODEX_API_KEY]"'),
        text("Done."),
        when="Print GREETING",
    ),
    turn(command("./migrate"), fail("spent", code="insufficient_quota"), when="migration"),
    turn(text("Done."), when="Fix the failing test|the other one|Go on"),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("template")
    for name, content in FILES.items():
        (project / name).write_text(content.replace(" - discount", ""), encoding="utf-8")
    (project / "screen.png").write_bytes(PIXEL)
    identity = ("user.name=Ada", "user.email=ada@example.org", "commit.gpgsign=false")
    git = ["git", *(word for setting in identity for word in ("-c", setting))]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *arguments], cwd=project, check=True)
    # Not committed, so that there is something to review.
    (project / "prices.py").write_text(FILES["prices.py"], encoding="utf-8")
    return project


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return Path(shutil.copytree(template, tmp_path / "project"))


# ---- the examples of a page ------------------------------------------------------------------


def examples(page: str) -> dict[str, list[str]]:
    """Return the blocks of Python in each section that has some."""
    sections: dict[str, list[str]] = {}
    for block in re.finditer(r"^```(\w*)\n(.*?)^```$|^#+ ([^\n]*)$", page, re.DOTALL | re.M):
        language, source, heading = block.groups()
        if heading is not None:
            title = heading
        elif language == "python":
            sections.setdefault(title, []).append(source)
    return sections


def shown(program: str) -> list[str]:
    """Return the output that a program's comments show."""
    lines = (line.strip() for line in program.splitlines())
    return [line[2:].removeprefix(" ") for line in lines if line.startswith("#>")]


def is_script(program: str) -> bool:
    """Return whether a program awaits nothing outside of a function."""
    try:
        compile(program, "example", "exec")
    except SyntaxError:
        compile(program, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        return False
    return True


# A notebook's way to run a cell: in a loop that runs already.
CELL = """\
import ast, asyncio, pathlib, sys

async def run(path, namespace):
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    awaiting = eval(compile(pathlib.Path(path).read_text("utf-8"), path, "exec", flags), namespace)
    if awaiting is not None:
        await awaiting

asyncio.run(run(sys.argv[1], {"__name__": "__main__"}))
"""


def start(
    program: str, folder: Path, project: Path, model: offline.ScriptedModel, runner: str = CELL
) -> subprocess.Popen[str]:
    """Start a program as its reader would, in their project."""
    file = folder / "example.py"
    file.write_text(program, encoding="utf-8")
    (folder / "cell.py").write_text(runner, encoding="utf-8")
    how = [str(file)] if is_script(program) else [str(folder / "cell.py"), str(file)]
    return subprocess.Popen(
        [sys.executable, "-W", "error", *how],
        cwd=project,
        env={**os.environ, **model.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# The blocks of a section are one program.
EXAMPLES = {title: "".join(blocks) for title, blocks in examples(PAGE).items()}
needs_timeout = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is of 3.11")


@pytest.mark.cli
@pytest.mark.parametrize(
    "title",
    [
        pytest.param(title, marks=[needs_timeout] if "asyncio.timeout" in program else [])
        for title, program in EXAMPLES.items()
    ],
)
def test_the_examples_of_a_section_do_what_the_page_says(
    title: str, model: offline.ScriptedModel, project: Path, tmp_path: Path
) -> None:
    program = EXAMPLES[title]
    with start(program, tmp_path, project, model) as process:
        if "press Ctrl-C" in program:
            assert eventually(lambda: runs("sleep 600", process.pid), 10)
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (out.splitlines(), err, process.returncode) == (shown(program), "", 0)
    assert eventually(lambda: not runs("sleep 600"))


def test_every_example_shows_what_it_prints() -> None:
    assert len(EXAMPLES) > 20
    assert [title for title, program in EXAMPLES.items() if not shown(program)] == []


# As IPython runs a cell, magics and all.
NOTEBOOK_CELL = """\
import asyncio, pathlib, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "codex_notebook")
source = pathlib.Path(sys.argv[1]).read_text("utf-8")
cell = shell.run_cell_async(source, transformed_cell=shell.transform_cell(source))
asyncio.run(cell).raise_error()
"""


@pytest.mark.cli
def test_what_the_readme_says_of_the_sdk_runs_in_a_notebook(
    model: offline.ScriptedModel, project: Path, tmp_path: Path
) -> None:
    blocks = examples(README)
    # `Invoice` is the class of the section before.
    (invoice,) = [block for block in blocks["Objects and dataframes"] if "class Invoice" in block]
    asserted = (
        'assert answer.final_response == "Two files."\n'
        "assert session_of(get_ipython()).codex.options.api_key is not None\n"
        'assert [item.get("status") for item in running.state.items[:2]] == ["completed"] * 2\n'
        'assert running.state.approvals[0].decided_by == "handler"\n'
    )
    program = "".join([invoice, *blocks["The SDK"], *blocks["The live transport"], asserted])
    with start(program, tmp_path, project, model, NOTEBOOK_CELL) as process:
        out, err = process.communicate(timeout=60)
    assert (err, process.returncode) == ("", 0), out
    assert "Grace has not." in out


@pytest.mark.parametrize(
    ("title", "end", "lines"),
    [("## The SDK", "### The live transport", 45), ("### The live transport", "## Safe by", 30)],
)
def test_the_readme_is_short_and_leads_to_the_page(title: str, end: str, lines: int) -> None:
    section = README[README.index(f"\n{title}\n") : README.index(f"\n{end}")]
    assert len(section.strip().splitlines()) <= lines
    assert "(docs/sdk.md" in section


# ---- the tables of the page ------------------------------------------------------------------


def rows(heading: str, page: str = PAGE) -> list[list[str]]:
    """Return the rows of the table whose first line begins so, each as its cells."""
    lines = page.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(heading))
    found = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def section(title: str) -> str:
    """Return what stands under a heading, up to the next of the same or a higher level."""
    _, _, rest = PAGE.partition(f"{title}\n")
    level = title.split()[0]
    return re.split(rf"^#{{2,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def options_of(kind: type[BaseModel]) -> dict[str, list[str]]:
    """Return the row of each option of a model in its table."""
    if kind is ReviewOptions:
        table = rows("| `ReviewOptions`")
    else:
        table = rows("| option", section(f"### {kind.__name__}"))
    return {quoted(name)[0]: rest for name, *rest in table}


OPTIONS: list[type[BaseModel]] = [CodexOptions, ThreadOptions, TurnOptions, ReviewOptions]


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_option_is_in_its_table_with_its_default(kind: type[BaseModel]) -> None:
    table = options_of(kind)
    assert list(table) == list(kind.model_fields)
    for name, field in kind.model_fields.items():
        default = quoted(table[name][0])[0]
        assert ast.literal_eval(default) == field.get_default(call_default_factory=True), name


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_value_of_an_option_is_named_under_its_table(kind: type[BaseModel]) -> None:
    page = section("## Options")
    for name, field in kind.model_fields.items():
        for value in literals(field.annotation):
            assert f"`{value}`" in page, (name, value)


def literals(annotation: Any) -> list[str]:
    found = []
    for part in get_args(annotation):
        found += [part] if isinstance(part, str) else literals(part)
    return found


SAMPLES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (
        CodexOptions,
        {"base_url": "http://a", "config": {"a": {"b": 1}}, "config_overrides": ["a=1"]},
    ),
    (
        ThreadOptions,
        {
            "model": "m",
            "sandbox_mode": "read-only",
            "working_directory": "/w",
            "additional_directories": ["/a"],
            "skip_git_repo_check": True,
            "model_reasoning_effort": "low",
            "network_access_enabled": True,
            "web_search_mode": "live",
            "web_search_enabled": True,
            "approval_policy": "never",
            "thread_source": "s",
            "profile": "p",
            "ephemeral": True,
            "enable": ["e"],
            "disable": ["d"],
            "todo_list": True,
        },
    ),
    (
        ReviewOptions,
        {"uncommitted": True, "base": "b", "commit": "c", "title": "t", "instructions": "i"},
    ),
]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(kind, name, value) for kind, sample in SAMPLES for name, value in sample.items()],
)
def test_an_option_becomes_the_flag_of_its_table(
    kind: type[BaseModel], name: str, value: object
) -> None:
    told = quoted(options_of(kind)[name][-1])[0].partition("…")[0]
    chosen: dict[str, Any] = {name: value, **({"commit": "c"} if name == "title" else {})}
    parts: dict[type[BaseModel], Any] = {CodexOptions: CodexOptions(), ThreadOptions: None}
    parts[kind] = kind(**chosen)
    arguments = exec_arguments(
        parts[CodexOptions],
        parts[ThreadOptions] or ThreadOptions(todo_list=False),
        TurnArguments(review=parts.get(ReviewOptions)),
    )
    assert f" {told}" in f" {' '.join(arguments)}"


def test_every_option_of_a_client_or_thread_that_becomes_a_flag_is_tried() -> None:
    for kind, sample in SAMPLES:
        flags = {name for name, row in options_of(kind).items() if row[-1].startswith("`--")}
        assert flags <= set(sample)


def test_every_error_is_in_the_tree_and_in_the_table_with_what_it_carries() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, CodexError)]
    page = section("## Errors")
    tree = re.findall(r"^[│├└─ ]*(\w+Error)\b", page, flags=re.MULTILINE)
    assert tree == [kind.__name__ for kind in kinds]
    table = {quoted(name)[0]: quoted(carries) for name, _, carries in rows("| error", page)}
    assert list(table) == tree
    for kind in kinds:
        parameters = inspect.signature(kind.__init__).parameters.values()
        carried = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
        assert set(table[kind.__name__]) == carried, kind


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    names: list[str] = []
    for line in section("## Errors").splitlines():
        drawn = re.match(r"([│├└─ ]*)(\w+Error)\s*(?:also an? (\w+))?$", line)
        if drawn:
            depth = len(drawn[1]) // 4
            names[depth:] = [drawn[2]]
            kind = getattr(codex_notebook, drawn[2])
            parent = names[depth - 1] if depth else "Exception"
            assert kind.__bases__[0].__name__ == parent
            assert [base.__name__ for base in kind.__bases__[1:]] == [drawn[3]] * bool(drawn[3])


@pytest.mark.parametrize(
    ("title", "known", "kinds", "shared"),
    [
        ("event", get_args(events.Event), events.KINDS, {"type", "at"}),
        ("item", get_args(items.Item), items.KINDS, {"type", "id"}),
    ],
)
def test_every_event_and_item_is_in_its_table_with_its_fields(
    title: str,
    known: Sequence[type[BaseModel]],
    kinds: Mapping[str, type[BaseModel]],
    shared: set[str],
) -> None:
    table: dict[str, tuple[str, str]] = {}
    name = ""
    for first, type_of, fields, *_ in rows(f"| {title} "):
        # A row without a name goes on with the one above.
        name = quoted(first)[0] if first else name
        begun = table.get(name, ("", ""))
        table[name] = (begun[0] + type_of, begun[1] + fields)
    assert list(table) == [kind.__name__ for kind in known]
    for kind in known:
        named, fields = table[kind.__name__]
        types = [type_of for type_of, one in kinds.items() if one is kind]
        assert quoted(named) == types, kind
        assert types or named == "any other"
        assert set(kind.model_fields) - shared <= set(quoted(fields)), kind


PARTS: list[tuple[str, type[BaseModel]]] = [
    ("## Usage", Usage),
    ("## Items", items.FileUpdateChange),
    ("## Items", items.TodoItem),
    ("## Approvals", Approval),
    ("## Questions", InputRequest),
    ("## Questions", Question),
    ("## Questions", QuestionOption),
    ("## Threads that the CLI keeps", ThreadInfo),
    ("## Models, limits and login", ModelInfo),
    ("## Models, limits and login", Account),
    ("## Models, limits and login", RateLimits),
    ("## Models, limits and login", RateLimitWindow),
]


@pytest.mark.parametrize(("title", "kind"), PARTS)
def test_every_other_value_is_named_in_its_section_with_its_fields(
    title: str, kind: type[BaseModel]
) -> None:
    named = set(quoted(section(title)))
    assert set(kind.model_fields) - named == set()
    for field in kind.model_fields.values():
        assert set(literals(field.annotation)) - named == set()


def test_every_decision_is_in_its_table() -> None:
    assert [quoted(name)[0] for name, _ in rows("| `Decision`")] == list(get_args(Decision))


@pytest.mark.parametrize("kind", [Codex, Thread, RunningTurn, Turn])
def test_everything_that_an_object_has_is_in_its_table(kind: type) -> None:
    found = {
        re.split(r"\W", name.removeprefix("await "))[0]
        for row in rows(f"| `{kind.__name__}` ")
        for name in quoted(row[0])
    }
    public = {name for name in dir(kind) if not name.startswith("_")}
    # How this package runs a turn, and what is told under "Values are mappings".
    assert public - found <= {"pump", "keys", "get"}


def test_every_public_name_is_on_the_page() -> None:
    words = set(re.findall(r"\w+", PAGE))
    extension = {"load_ipython_extension", "unload_ipython_extension"}
    assert set(codex_notebook.__all__) - words - extension == set()


def test_every_link_of_the_page_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
    links = re.findall(r"\]\(#([^)]*)\)", PAGE)
    assert links
    assert [link for link in links if link not in anchors] == []


def test_no_line_of_the_page_is_longer_than_120_characters() -> None:
    assert [line for line in PAGE.splitlines() if len(line) > 120] == []
