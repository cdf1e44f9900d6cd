"""Every published frame in `tests/cases` means what its publisher, or the standard, says; its README lists them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from gateway.cli.decode import decode_line
from gateway.codecs.contract import CodecOptions
from gateway.codecs.registry import CODECS

CASES = Path(__file__).parents[2] / "cases"
FRAMES = sorted(path.parent for path in CASES.glob("*/*/frame.txt"))
LENIENT = [folder for folder in FRAMES if (folder / "expected.lenient.csv").exists()]


def frame_of(folder: Path) -> bytes:
    source, frame = (folder / "frame.txt").read_bytes().splitlines()
    assert source.startswith(b"# ")
    return frame


def options_of(folder: Path, *, is_lenient: bool = False) -> CodecOptions:
    """What the decoder is told: the model, where the first line ends with one."""
    source = (folder / "frame.txt").read_text().splitlines()[0]
    return CodecOptions(is_lenient=is_lenient, model=source.partition("; model ")[2])


def expected(path: Path) -> tuple[str, list[dict[str, object]]]:
    station, *lines = path.read_text().splitlines()
    readings = [
        {
            "point": row["point"],
            "time": row["time"] or None,
            "value": float(row["value"]) if row["value"] else None,
            "unit": row["unit"] or None,
            "quality": row["quality"],
        }
        for row in csv.DictReader(lines)
    ]
    return station.removeprefix("# station").strip(), readings


def name_of(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


@pytest.mark.parametrize("folder", FRAMES, ids=name_of)
def test_a_published_frame_means_what_its_publisher_says(folder: Path) -> None:
    decoder = CODECS[folder.parent.name](options_of(folder))

    said = decode_line(decoder, frame_of(folder))

    if (folder / "error.txt").exists():
        assert not said["ok"]
        assert said["error"].startswith((folder / "error.txt").read_text().strip())
    else:
        assert said["ok"], said
        assert (said["station"], said["readings"]) == expected(folder / "expected.csv")


@pytest.mark.parametrize("folder", LENIENT, ids=name_of)
def test_a_known_deviation_is_accepted_in_lenient_mode(folder: Path) -> None:
    decoder = CODECS[folder.parent.name](options_of(folder, is_lenient=True))

    said = decode_line(decoder, frame_of(folder))

    assert said["ok"], said
    assert (said["station"], said["readings"]) == expected(folder / "expected.lenient.csv")


def test_every_codec_has_published_frames() -> None:
    known = {folder.parent.name for folder in FRAMES}

    assert {CODECS[name] for name in known} == set(CODECS.values())


def test_the_readme_counts_the_frames_and_the_values_checked() -> None:
    table = re.findall(
        r"^\| .+ \| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", (CASES / "README.md").read_text(), re.MULTILINE
    )

    counted = {}
    for folder in sorted({path.parent for path in FRAMES}):
        tables = [*folder.glob("*/expected.csv"), *folder.glob("*/expected.lenient.csv")]
        values = sum(len(expected(path)[1]) for path in tables)
        errors, lenient = (len(list(folder.glob(f"*/{name}"))) for name in ("error.txt", "expected.lenient.csv"))
        counted[folder.name] = (len(list(folder.glob("*/frame.txt"))), values, errors, lenient)
    assert {name: tuple(map(int, numbers)) for name, *numbers in table} == counted
