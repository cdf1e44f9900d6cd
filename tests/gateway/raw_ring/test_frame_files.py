from __future__ import annotations

from pathlib import Path

from gateway.model import RawFrame, RawFrames
from gateway.raw_ring import FrameFiles, read_frames


def frames(number: int, size: int = 10) -> RawFrames:
    return RawFrames("broker", number, (RawFrame("m-1", "city/m-1/up", bytes([number % 256]) * size, number),))


def received(folder: Path) -> list[int]:
    return [one.received_ns for one in read_frames(folder)]


def test_frames_come_back_as_they_came(tmp_path: Path) -> None:
    files = FrameFiles(tmp_path, 1_000_000)
    for number in range(3):
        files.add(frames(number))
    files.close()

    assert list(read_frames(tmp_path)) == [frames(0), frames(1), frames(2)]


def test_the_ring_stays_within_its_cap_and_keeps_the_newest(tmp_path: Path) -> None:
    files = FrameFiles(tmp_path, 80_000)
    for number in range(500):
        files.add(frames(number, 1_000))
    files.close()

    held = received(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 80_000
    assert held == list(range(held[0], 500))
    assert len(held) > 55


def test_a_ring_goes_on_behind_what_an_earlier_run_wrote(tmp_path: Path) -> None:
    for run in range(30):
        files = FrameFiles(tmp_path, 16_000)
        for number in range(2):
            files.add(frames(10 * run + number, 1_000))
        files.close()

    assert received(tmp_path)[-2:] == [290, 291]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 16_000


def test_a_torn_end_costs_only_itself(tmp_path: Path) -> None:
    files = FrameFiles(tmp_path, 1_000_000)
    for number in range(3):
        files.add(frames(number))
    files.close()
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()

    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert received(tmp_path) == list(range(3 * cut // len(whole)))
    path.write_bytes(whole[:-1] + b"\x00" if whole[-1] else whole[:-1] + b"\x01")
    assert received(tmp_path) == [0, 1]


def test_one_message_larger_than_a_file_is_not_kept(tmp_path: Path) -> None:
    files = FrameFiles(tmp_path, 8_000)
    files.add(frames(1, 2_000))
    files.add(frames(2))
    files.close()

    assert received(tmp_path) == [2]
