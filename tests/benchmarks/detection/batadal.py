"""Recordings of BATADAL: the SCADA of a water network whose sensors and pumps are attacked, hour by hour.

dataset03 (no attack) and the ordinary hours of dataset04 teach; every other pair `NAME_dataset.csv.xz` and
`NAME_attacks.csv` is judged, restarted, by what they taught. Without such a pair dataset04 is judged by what dataset03,
which ended before it, taught. An attack is an interval of hours, both ends in; a flag is an hour with a score of 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.relation_model import Learning, RelationModel, Stretch
from detectors.relations import Departing, Relations
from tests.benchmarks.detection.recordings import columns, numbers, recordings
from tests.benchmarks.detection.scores import Mark, NoRecordings, Progress, Scores

PUBLISHED = tuple(
    (name, {"s": s, "found": found})
    for name, s, found in (
        ("Housh, Ohar (hydraulic model)", 0.970, 7),
        ("Abokifa et al.", 0.949, 7),
        ("Giacomoni et al.", 0.927, 7),
        ("Brentan et al.", 0.894, 6),
        ("Chandy et al.", 0.802, 7),
        ("Pasha et al.", 0.773, 7),
        ("Aghashahi et al.", 0.534, 3),
    )
)
"""On the competition's own test set; Taormina et al., J. Water Resour. Plann. Manage. 144(8), 2018."""
CONFIGURATION = Departing(tau_seconds=6 * 3_600.0, quantile=0.975, quantile_alone=0.995)
"""Attacks last for days, and most of what an attack changes shows within hours: six of them smooth what one hour says.
Of ordinary hours that were held out of the learning one in forty is over the limit."""
RESOLUTION = 0.01
"""Every recording but dataset03 is told in hundredths; dataset03 is rounded to them."""
AFTER_HOURS = 24
"""A network needs a day to come back: the hours after an attack teach nothing."""
_HOUR_NS = 3_600_000_000_000
_TEACH = ("dataset03", "dataset04")
_NOT_SENSORS = ("DATETIME", "ATT_FLAG")
_AT_ONCE = 200


class Record(NamedTuple):
    """One recording: time, and the sensors by name."""

    time_ns: NDArray[np.int64]
    sensors: dict[str, NDArray[np.float64]]

    def table(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the named sensors as columns, NaN where the recording has no such sensor."""
        absent = np.full(len(self.time_ns), np.nan)
        return np.stack([np.round(self.sensors.get(name, absent), 2) for name in names], axis=1)


class Outcome(NamedTuple):
    """What the flags of one recording came to."""

    promptness: list[float]
    """Of each attack 1 - time to detection / duration, 0 when it was missed."""
    attacked: int
    flagged: int
    """Hours under attack, and those flagged among them."""
    calm: int
    silent: int
    """Hours without attack, and those not flagged among them."""


def hour_ns(text: str) -> int:
    """Return a time such as `06/01/14 00`, `06/01/2014 00:00` or ISO as nanoseconds; NoRecordings when it is none.

    >>> hour_ns("02/01/70 01") == hour_ns("02/01/1970 01:00") == hour_ns("1970-01-02 01:00") == 25 * 3_600_000_000_000
    True
    """
    day, _, hour = text.strip().partition(" ")
    try:
        if "/" in day:
            written = f"{day} {hour.partition(':')[0]}"
            year = "%Y" if len(day.rpartition("/")[2]) > 2 else "%y"
            moment = datetime.strptime(written, f"%d/%m/{year} %H")  # noqa: DTZ007 - given its zone below
        else:
            moment = datetime.fromisoformat(text.strip())
    except ValueError as fault:
        raise NoRecordings(f"{text!r:.40} is no hour such as 06/01/14 00") from fault
    return round(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def read(path: Path) -> Record:
    """Read one recording; sensors are known by name."""
    table = {name.strip(): column for name, column in columns(path).items()}
    if not table.get("DATETIME"):
        raise NoRecordings(f"{path} has no column DATETIME with an hour in it")
    time_ns = np.array([hour_ns(text) for text in table["DATETIME"]], np.int64)
    return Record(time_ns, {name: numbers(column) for name, column in table.items() if name not in _NOT_SENSORS})


def attacks(path: Path) -> NDArray[np.int64]:
    """Return the first and last hour of each attack."""
    table = columns(path)
    if not {"start", "end"} <= set(table):
        raise NoRecordings(f"{path} has no columns start and end")
    hours = [[hour_ns(text) for text in table[name]] for name in ("start", "end")]
    return np.array(hours, np.int64).reshape(2, -1).T


def during(time_ns: NDArray[np.int64], spans: NDArray[np.int64], after_hours: int = 0) -> NDArray[np.bool_]:
    """Return which hours lie in an attack, or so many hours after one."""
    late = spans[:, 1] + after_hours * _HOUR_NS
    inside = (time_ns[:, None] >= spans[:, 0]) & (time_ns[:, None] <= late)
    return np.asarray(inside.any(axis=1), np.bool_)


def outcome(time_ns: NDArray[np.int64], spans: NDArray[np.int64], is_flagged: NDArray[np.bool_]) -> Outcome:
    """Return what flags came to; one raised before an attack and still on is prompt."""
    promptness = []
    for start, end in spans.tolist():
        flags = time_ns[is_flagged & (time_ns >= start) & (time_ns <= end)]
        hours = (end - start) // _HOUR_NS + 1
        promptness.append(1.0 - (int(flags[0]) - start) / _HOUR_NS / hours if flags.size else 0.0)
    is_attacked = during(time_ns, spans)
    calm = ~is_attacked
    attacked, flagged = int(is_attacked.sum()), int((is_flagged & is_attacked).sum())
    return Outcome(promptness, attacked, flagged, int(calm.sum()), int((calm & ~is_flagged).sum()))


def scored(outcomes: Sequence[Outcome], lines: Sequence[str]) -> Scores:
    """Return S = half the mean promptness + half the mean of TPR and TNR, over all attacks and hours."""
    promptness = [one for outcome in outcomes for one in outcome.promptness]
    tpr = _share(sum(one.flagged for one in outcomes), sum(one.attacked for one in outcomes))
    tnr = _share(sum(one.silent for one in outcomes), sum(one.calm for one in outcomes))
    prompt = sum(promptness) / len(promptness) if promptness else math.nan
    found = float(sum(one > 0 for one in promptness))
    values = {"s": prompt / 2.0 + (tpr + tnr) / 4.0, "tnr": tnr, "found": found}
    marks = (Mark("s", ">=", 0.93, 0.96), Mark("tnr", ">=", 0.90), Mark("found", ">=", float(len(promptness))))
    beside = {"attacks": float(len(promptness)), "S_TTD": prompt, "TPR": tpr}
    return Scores(values, marks, PUBLISHED, lines, beside)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


class _Judged(NamedTuple):
    time_ns: NDArray[np.int64]
    spans: NDArray[np.int64]
    is_flagged: NDArray[np.bool_]
    told: NDArray[np.float64]


class Training(NamedTuple):
    """What teaches, and the pairs that are judged."""

    calm: list[Path]
    attacked: list[tuple[Path, Path]]
    judged: list[tuple[Path, Path]]


def sorted_out(data: Path) -> Training:
    """Tell the files of a folder apart by their names."""
    files = recordings(data, "*.csv*")
    tables = {path.name.split(".")[0].removesuffix("_attacks"): path for path in files if "_attacks." in path.name}
    rest = [path for path in files if "_attacks." not in path.name]
    calm = [path for path in rest if path.name.startswith("dataset03")]
    attacked = [
        (path, tables["dataset04"]) for path in rest if path.name.startswith("dataset04") and "dataset04" in tables
    ]
    pairs = [(path, path.name.split(".")[0].removesuffix("_dataset")) for path in rest if "_dataset." in path.name]
    judged = [(path, tables[name]) for path, name in pairs if name in tables and name not in _TEACH]
    if not calm:
        raise NoRecordings(f"{data} holds no dataset03*.csv.xz to learn ordinary hours from")
    if not judged and not attacked:
        raise NoRecordings(
            f"{data} holds neither NAME_dataset.csv.xz with NAME_attacks.csv nor dataset04 with its attacks"
        )
    return Training(calm, attacked, judged) if judged else Training(calm, [], attacked)


def learned(training: Training) -> tuple[list[str], RelationModel]:
    """Return the sensors that every teaching recording has, and what they ordinarily say of each other."""
    records = [(read(path), np.empty((0, 2), np.int64)) for path in training.calm]
    records += [(read(path), attacks(table)) for path, table in training.attacked]
    names = [name for name in records[0][0].sensors if all(name in record.sensors for record, _ in records)]
    apart = [(names.index(name), names.index(f"S_{name[2:]}")) for name in names if _has_switch(name, names)]
    history = [
        Stretch(record.time_ns, record.table(names), ~during(record.time_ns, spans, AFTER_HOURS))
        for record, spans in records
    ]
    return names, RelationModel(history, Learning(slot_seconds=3_600.0, resolution=RESOLUTION, apart=apart))


def _has_switch(name: str, names: Sequence[str]) -> bool:
    return name.startswith("F_") and f"S_{name[2:]}" in names


def run(data: Path, progress: Progress) -> Scores:
    """Learn from the training files of the folder and judge every pair in it."""
    training = sorted_out(data)
    progress("learning", 0.0)
    names, model = learned(training)
    outcomes: list[Outcome] = []
    lines = []
    for number, (path, table) in enumerate(training.judged):
        record, spans = read(path), attacks(table)
        relations = Relations(model, CONFIGURATION)
        columns_ = record.table(names)
        score, told = [], []
        cuts = np.array_split(np.arange(len(columns_)), max(len(columns_) // _AT_ONCE, 1))
        for place, cut in enumerate(cuts):
            progress(path.name, (1 + number + place / len(cuts)) / (1 + len(training.judged)))
            for slot in cut:
                score.append(relations.update(record.time_ns[slot : slot + 1], columns_[slot : slot + 1]))
                told.append(np.nan_to_num(relations.contributions()))
        is_flagged = np.nan_to_num(np.concatenate(score)) >= 1.0
        outcomes.append(outcome(record.time_ns, spans, is_flagged))
        lines += _told(path.name, _Judged(record.time_ns, spans, is_flagged, np.array(told)), names)
    progress("done", 1.0)
    return scored(outcomes, lines)


def _told(name: str, judged: _Judged, sensors: Sequence[str]) -> list[str]:
    lines = []
    for start, end in judged.spans.tolist():
        within = (judged.time_ns >= start) & (judged.time_ns <= end)
        first = np.flatnonzero(within & judged.is_flagged)
        when = f"after {(int(judged.time_ns[first[0]]) - start) // _HOUR_NS} h" if first.size else "missed"
        most = (
            [sensors[place] for place in np.argsort(judged.told[within].mean(axis=0))[:-4:-1]] if within.any() else []
        )
        lines.append(
            f"{name}: {np.datetime64(start, 'ns').astype('datetime64[h]')} for {(end - start) // _HOUR_NS + 1} h: "
            f"{when}, {int((within & judged.is_flagged).sum())} h flagged, most off: {', '.join(most)}"
        )
    return lines
