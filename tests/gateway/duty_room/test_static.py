"""The page's files, read as text: words in both languages, nothing from elsewhere, no markup made of text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from gateway.detection.ladders import MADE
from gateway.duty_room.application import STATIC
from gateway.duty_room.documents import LevelName, StateName
from gateway.early_warning import StepKind
from gateway.hazards import SIGNS
from gateway.hazards.road import HAZARDS as CAUSES
from gateway.model import Quality
from gateway.settings.ladder_kinds import LADDER_KINDS

SCRIPTS = sorted(STATIC.glob("*.js"))
HAZARDS = [
    "gas_leak",
    "pressure_abnormal",
    "pipe_burst",
    "pipe_leak",
    "water_quality",
    "waterlogging",
    "sewer_overflow",
    "sewer_blockage",
    "pump_failure",
    "cover_displaced",
    "heat_leak",
    "supply_abnormal",
    "overload",
    "structural_change",
    "strike",
    "scour_or_settlement",
    "deformation",
    "air_hazard",
    "flooding",
    "fire",
    "slope_failure",
    "road_collapse",
    "sensor_fault",
    "sensor_silent",
]
TERMS = [
    *("night_flow", "night_flow_expected", "excess_flow", "excess_flow_night_before", "flow_scatters"),
    *("pressures_fallen", "level_now", "bias", "level_trend", "level"),
    *("rain_15min", "rain_60min", "rain_180min", "rain_nowcast", "prior"),
    *(cause.name for cause in [*CAUSES.values(), *SIGNS.values()]),
]
MEASURED = [made.term for made in MADE.values() if made.term]
HELD = ["no_rules", "no_readings", "silent", "bad_quality", "late", "warm_up", "hold_time", "votes", "deadband"]
LIFELINES = ["gas", "water", "drainage", "heating", "bridge", "tunnel", "utility_tunnel", "slope", "road"]


def catalogue(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((STATIC / "i18n" / f"{language}.json").read_text())
    return words


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    zh, en = catalogue("zh"), catalogue("en")

    assert list(zh) == list(en) == sorted(zh)
    for key, text in zh.items():
        assert set(re.findall(r"{(\w+)}", text)) <= set(re.findall(r"{(\w+)}", en[key])), key


def test_every_word_that_the_page_says_is_in_the_catalogue() -> None:
    text = "".join(path.read_text() for path in [*SCRIPTS, STATIC / "index.html"])
    said = set(re.findall(r"""say\("([\w.]+)"|data-t(?:-\w+)?="([\w.]+)"|\["((?:evidence)\.\w+)",""", text))
    keys = {key for found in said for key in found if key}

    assert len(keys) > 30
    assert keys <= catalogue("zh").keys()


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("hazard", HAZARDS),
        ("term", MEASURED),
        ("of", list(LADDER_KINDS)),
        ("whynot.held", HELD),
        ("lifeline", LIFELINES),
        ("level", get_args(LevelName)),
        ("sound", ["on", "off", "blocked"]),
        ("state", get_args(StateName)),
        ("term", TERMS),
        ("step", [kind.value for kind in StepKind]),
        ("quality", [str(int(quality)) for quality in Quality]),
    ],
)
def test_everything_that_can_happen_has_a_name(prefix: str, names: list[str]) -> None:
    assert {f"{prefix}.{name}" for name in names} <= catalogue("en").keys()


def test_no_word_is_left_over() -> None:
    text = "".join(path.read_text() for path in [*SCRIPTS, STATIC / "index.html"])
    families = (
        "hazard.",
        "lifeline.",
        "level.",
        "state.",
        "step.",
        "quality.",
        "range.",
        "value.",
        "trust.",
        "term.",
        "sound.",
        "stages.",
        "gateway.filling.",
        "of.",
        "whynot.held.",
    )

    left = [key for key in catalogue("zh") if key not in text and not key.startswith(families)]

    assert left == []


@pytest.mark.parametrize("path", [*SCRIPTS, *STATIC.glob("*.css"), STATIC / "index.html"], ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere_and_no_text_becomes_markup(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"https?://|//cdn|@import|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|style=", text) or path.suffix == ".js"


def test_every_module_that_is_imported_is_there() -> None:
    loaded = r'(?:from |SharedWorker\()"/static/([\w.]+)"'
    imported = {name for path in SCRIPTS for name in re.findall(loaded, path.read_text())}

    assert imported <= {path.name for path in SCRIPTS}
    assert imported | {"main.js"} == {path.name for path in SCRIPTS}
