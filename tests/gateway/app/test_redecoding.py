"""Registers of one poll read by another profile, whatever requests they came in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.app.redecoding import redecode
from gateway.clock import FakeClock
from gateway.early_warning import Redecoded
from gateway.health import Health
from gateway.history import History
from gateway.journal import ChannelKey, Entry, Journal
from gateway.ledger import Ledger
from gateway.model import SECOND, RawFrame, RawFrames, batch_of
from gateway.profiles import ByteOrder, Profile, RegisterPlace, read_profile
from gateway.raw_ring import FrameFiles
from gateway.settings import HistorySettings, JournalSettings

_OTHER: dict[ByteOrder, ByteOrder] = {"ABCD": "CDAB", "CDAB": "ABCD", "BADC": "DCBA", "DCBA": "BADC"}
NOON = 1_700_000_000 * SECOND


def swapped(profile: Profile) -> Profile:
    """Return the profile with another order of words in every register value of two words."""
    points = {
        name: replace(
            point, place=replace(point.place, byte_order="CDAB" if point.place.byte_order == "ABCD" else "ABCD")
        )
        for name, point in profile.points.items()
        if isinstance(point.place, RegisterPlace) and point.place.type == "float32"
    }
    return replace(profile, points=points)


def test_a_word_order_set_right_gives_the_values_that_were_sent(tmp_path: Path) -> None:
    right = swapped(read_profile("water/tuf2000m"))
    name, point = next(iter(right.points.items()))
    place = point.place
    assert isinstance(place, RegisterPlace)
    words = [b"\x42\x12", b"\x80\x6b"]
    payload = b"".join(words if place.byte_order == "ABCD" else reversed(words))
    clock = FakeClock(NOON)
    with Journal.open(
        tmp_path / "journal", settings=JournalSettings(), clock=clock, health=Health(), ticks=False
    ) as journal:
        number = journal.number([ChannelKey(f"P-12.flow.{name}", "m3/h")])[f"P-12.flow.{name}"].number
    history = History.open(tmp_path / "history", settings=HistorySettings(), health=Health())
    history.apply([Entry(1, batch_of([(number, NOON, 5.0, 1, 0)], clock.now()), NOON)])
    history.close()
    files = FrameFiles(tmp_path / "raw", 1_000_000)
    halves = [
        RawFrame("flow", f"{place.kind} {place.address} 1", payload[:2], NOON),
        RawFrame("flow", f"{place.kind} {place.address + 1} 1", payload[2:], NOON + 1),
    ]
    files.add(RawFrames("line", NOON, (*halves, RawFrame("other", f"{place.kind} 0 1", b"\0\0", NOON))))
    files.close()

    found = redecode(tmp_path, right, {"flow"})

    (meant,) = found.meant
    assert (found.frames, found.unread) == (2, 0)
    assert (meant.point, meant.time_ns, meant.old) == (name, NOON, 5.0)
    assert abs(meant.value - (36.6254 * point.scale + point.offset) * point.factor - point.shift) < 1e-3 * point.factor


def test_the_step_is_filed_once_in_the_ledgers_chain(tmp_path: Path) -> None:
    step = Redecoded("Li Wei", NOON, "water/tuf2000m", "ab12", ("flow",), 10, 10, NOON, NOON + SECOND)
    ledger = Ledger.open(tmp_path, site="d", clock=FakeClock(NOON), health=Health())

    for _ in range(2):
        ledger.record_redecoding(replace(step, time_ns=step.time_ns + 5)).result(10)

    assert ledger.verify() is None
    assert ledger.redecodings() == [replace(step, time_ns=step.time_ns + 5)]
    ledger.close()
