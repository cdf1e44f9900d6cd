"""The snapshot's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gateway.detection.snapshot import Part, SnapshotFile


def part(rows: int, value: float = 1.0, name: str = "bank 0") -> Part:
    keys = [(f"A{row}.d.p", "stuck", "sensor_fault", f"A{row}") for row in range(rows)]
    state = {"value": np.full(rows, value), "table": np.arange(rows * 4, dtype=np.int64).reshape(rows, 4)}
    return Part(name, 1, keys, ["hash"] * rows, state)


def reopened(folder: Path, file: SnapshotFile) -> SnapshotFile:
    file.close()
    return SnapshotFile.open(folder)


def test_a_new_file_begins_at_the_beginning(tmp_path: Path) -> None:
    file = SnapshotFile.open(tmp_path / "new")

    assert (file.position, file.moment_ns, file.take()) == (0, 0, [])


def test_what_was_saved_comes_back_in_blocks_of_rows(tmp_path: Path) -> None:
    file = SnapshotFile.open(tmp_path)
    saved = part(600)

    file.save(42, 7, [saved])

    again = reopened(tmp_path, file)
    parts = again.take()
    assert (again.position, again.moment_ns) == (42, 7)
    assert [len(one.keys) for one in parts] == [256, 256, 88]
    assert [key for one in parts for key in one.keys] == saved.keys
    for name, array in saved.state.items():
        np.testing.assert_array_equal(np.concatenate([one.state[name] for one in parts]), array)


def test_a_later_snapshot_replaces_the_earlier_one(tmp_path: Path) -> None:
    file = SnapshotFile.open(tmp_path)
    file.save(1, 1, [part(600), part(3, name="bank 1")])
    file.save(2, 2, [part(10, 5.0)])

    parts = reopened(tmp_path, file).take()

    assert [(one.name, len(one.keys), one.state["value"][0]) for one in parts] == [("bank 0", 10, 5.0)]


def test_only_changed_blocks_are_written(tmp_path: Path) -> None:
    file = SnapshotFile.open(tmp_path)
    changed = part(600)
    file.save(1, 1, [changed])
    before = file._connection.total_changes
    changed.state["value"][300] = 9.0

    file.save(2, 2, [changed])

    assert file._connection.total_changes - before == 2  # one block of three, and the place


def test_the_first_save_of_a_process_leaves_no_block_of_an_older_site(tmp_path: Path) -> None:
    file = SnapshotFile.open(tmp_path)
    file.save(1, 1, [part(600, name="bank 9")])
    file = reopened(tmp_path, file)

    file.save(2, 2, [part(3)])

    assert [one.name for one in reopened(tmp_path, file).take()] == ["bank 0"]
