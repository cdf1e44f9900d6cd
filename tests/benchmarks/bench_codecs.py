"""Codecs: frames a second of CPU, decoding alone, and HJ 212 from a stream to readings of a profile."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from gateway.codecs.contract import CodecOptions, Message
from gateway.codecs.hj212 import Hj212Decoder
from gateway.codecs.payloads import payload_decoder
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.registry import CODECS
from gateway.profiles import FieldPlace, Point, Profile, read_profile

CASES = Path(__file__).parents[1] / "cases"
SECONDS = 1.0
FRAMES = {
    "hj212, 7 factors with flags": ("hj212", "short_codes"),
    "hj212, 11 factors with flags": ("hj212", "surface_water_2025"),
    "hj212, 31 factors with flags": ("hj212", "modbus_swapped"),
    "sl651, 4 elements": ("sl651", "32h"),
    "sl651, an hour of 5-minute values": ("sl651", "34h"),
    "szy206, flow": ("szy206", "flow_report"),
    "cjt188, reading": ("cjt188", "reading"),
    "dlt645, energy": ("dlt645", "energy"),
    "gbt26875_3, component": ("gbt26875_3", "component_alarm"),
    "sparkplug, 13 metrics": ("sparkplug", "inputs_and_outputs"),
    "milesight, 4 values": ("milesight", "em500_smtc"),
    "senml_cbor, 7 records": ("senml_cbor", "multiple_points"),
}


def run() -> dict[str, str]:
    """Return the figures."""
    figures = {}
    for what, (codec, case) in FRAMES.items():
        frame = _frame(codec, case)
        decoder = CODECS[codec](CodecOptions(is_lenient=True))
        figures[what] = _rate(lambda frame=frame, decoder=decoder: decoder.decode(frame))  # type: ignore[misc] # bound now
    figures |= _json()
    figures["hj212, 11 factors, stream to readings of a profile"] = _streamed()
    return figures


def _json() -> dict[str, str]:
    one = Point("ch4", "combustible_gas", "%", FieldPlace(("ch4",)))
    small = payload_decoder(Profile("gas/bench", "", "gas", "json", "", {"ch4": one}, (), ("ts",)))
    manhole = read_profile("gas/manhole_methane")
    five = payload_decoder(manhole)
    return {
        "json, 1 value": _rate(lambda: small.decode(b'{"ts":1760000000000,"ch4":1.5}')),
        "json, 5 values nested (gas/manhole_methane)": _rate(lambda: five.decode(manhole.frames[0].reply)),
    }


def _frame(codec: str, case: str) -> bytes:
    line = (CASES / codec / case / "frame.txt").read_text().splitlines()[1]
    return f"{line}\r\n".encode() if codec == "hj212" else bytes.fromhex(line)


def _rate(work: Callable[[], object], frames: int = 1) -> str:
    work()
    best = 0.0
    for _ in range(3):
        done, began = 0, time.process_time()
        while time.process_time() - began < SECONDS / 3:
            for _ in range(20):
                work()
            done += 20 * frames
        best = max(best, done / (time.process_time() - began))
    return f"{best:,.0f} frames/s ({1e6 / best:.1f} us each)"


def _streamed() -> str:
    stream = _frame("hj212", "surface_water_2025") * 100
    fields = [reading.field for reading in Hj212Decoder(CodecOptions()).decode(stream[: len(stream) // 100]).readings]
    points = {f"p{at}": Point(f"p{at}", "", "", FieldPlace((field,))) for at, field in enumerate(fields)}
    mapper = FieldMapper(Profile("water/bench", "", "water", "hj212", "", points, ()))

    def work() -> None:
        decoder = Hj212Decoder(CodecOptions())
        for said in decoder.feed(stream):
            if isinstance(said, Message):
                mapper(said)

    return _rate(work, 100)
