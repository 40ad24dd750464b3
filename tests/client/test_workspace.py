from __future__ import annotations

from pathlib import Path

import pytest

from codex_notebook.client import workspace as module
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.diff import unified
from codex_notebook.core.items import FileChangeItem, FileUpdateChange


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    space = Workspace(tmp_path)
    space.scan()
    return space


def item(
    space: Workspace, *names: str, kind: str = "update", status: str = "in_progress"
) -> FileChangeItem:
    changes = [FileUpdateChange(path=str(space.root / name), kind=kind) for name in names]
    return FileChangeItem(id="p", changes=tuple(changes), status=status)


def changed(space: Workspace, name: str, kind: str = "update") -> FileUpdateChange:
    (change,) = space.completed(item(space, name, kind=kind, status="completed")).changes
    return change


def test_a_change_read_before_and_after_has_its_diff(space: Workspace) -> None:
    space.started(item(space, "a.txt"))
    (space.root / "a.txt").write_text("one\nTWO\n")
    assert changed(space, "a.txt").diff == "@@ -1,2 +1,2 @@\n one\n-two\n+TWO"


def test_a_change_that_was_made_before_we_could_read_is_compared_with_the_scan(
    space: Workspace,
) -> None:
    (space.root / "a.txt").write_text("one\nTWO\n")
    space.started(item(space, "a.txt"))
    assert changed(space, "a.txt").diff == "@@ -1,2 +1,2 @@\n one\n-two\n+TWO"


def test_what_a_command_changed_before_is_not_in_the_diff(space: Workspace) -> None:
    (space.root / "a.txt").write_text("one\ntwo\nthree\n")
    space.started(item(space, "a.txt"))
    (space.root / "a.txt").write_text("one\nTWO\nthree\n")
    assert changed(space, "a.txt").diff == "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three"


def test_a_second_change_of_a_file_is_compared_with_the_first(space: Workspace) -> None:
    for text in ("1\n", "2\n"):
        (space.root / "a.txt").write_text(text)
        space.started(item(space, "a.txt"))
        last = changed(space, "a.txt")
    assert last.diff == "@@ -1 +1 @@\n-1\n+2"


def test_files_that_come_and_go_are_all_additions_or_deletions(space: Workspace) -> None:
    (space.root / "b.txt").write_text("new\n")
    space.started(item(space, "b.txt", kind="add"))
    assert changed(space, "b.txt", "add").diff == "@@ -0,0 +1 @@\n+new"
    (space.root / "a.txt").unlink()
    space.started(item(space, "a.txt", kind="delete"))
    assert changed(space, "a.txt", "delete").diff == "@@ -1,2 +0,0 @@\n-one\n-two"


def test_a_file_that_was_not_read_says_so_instead_of_showing_half_a_diff(
    space: Workspace,
) -> None:
    skipped = space.root / "node_modules"
    skipped.mkdir()
    (skipped / "x.js").write_text("after\n")
    space.started(item(space, "node_modules/x.js"))
    change = changed(space, "node_modules/x.js")
    assert change.diff is None
    assert "not among those read" in (change.diff_note or "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a\0b", "binary"),
        (b"x" * (module.MAX_FILE + 1), "more than 256 KiB"),
        (b"\n" * 10_001, "10,001 lines, more than 10,000"),
    ],
)
def test_a_file_that_no_diff_can_show_says_why(space: Workspace, data: bytes, said: str) -> None:
    space.started(item(space, "a.txt"))
    (space.root / "a.txt").write_bytes(data)
    change = changed(space, "a.txt")
    assert change.diff is None
    assert said in (change.diff_note or "")


def test_a_change_that_failed_has_no_diff(space: Workspace) -> None:
    failed = item(space, "a.txt", status="failed")
    assert space.completed(failed) is failed


def test_a_diff_that_came_with_the_change_is_kept(space: Workspace) -> None:
    change = FileUpdateChange(path=str(space.root / "a.txt"), diff="@@ theirs @@")
    done = FileChangeItem(id="p", changes=(change,), status="completed")
    assert space.completed(done).changes[0].diff == "@@ theirs @@"


def test_a_scan_reads_only_what_changed_since_the_last(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    original = module._read

    def reading(path: Path) -> object:
        read.append(path)
        return original(path)

    monkeypatch.setattr(module, "_read", reading)
    (space.root / "new.txt").write_text("new\n")
    space.scan()
    assert read == [space.root / "new.txt"]


def test_a_scan_that_reaches_its_bounds_does_not_claim_that_a_file_is_new(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 0)
    space.scan()
    (space.root / "a.txt").write_text("rewritten\n")
    space.started(item(space, "a.txt", kind="add"))
    assert changed(space, "a.txt", "add").diff is None


def test_a_missing_last_newline_is_said_as_git_says_it() -> None:
    assert unified(b"a\n", b"a") == "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file"
    assert unified(b"", b"") == ""
