"""What a fleet sends over real sockets is read by the gateway's own collectors: every protocol of messages."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from gateway.clock import SystemClock
from gateway.collectors.mqtt import MqttCollector
from gateway.collectors.stations import StationsCollector
from gateway.inventory import Device
from gateway.model import SECOND, Batch, Quality
from gateway.profiles import FieldPlace, Point, Profile, ProtocolName, read_profile
from gateway.settings import Hj212Settings, MqttSettings, Sl651Settings, Station, StationsSettings
from gateway.settings.collectors.mqtt import Envelope
from simulators.fleet import LiveFleet, MqttTarget
from simulators.instruments import Fault
from simulators.servers.nats_broker import NatsBroker
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting
from tests.simulators.fleet.collected import Played, device, site

BEIJING = ZoneInfo("Asia/Shanghai")
GROUP = "city"
MN = "010000A8900016F000169DC0"

pytestmark = pytest.mark.slow


def _profile(protocol: ProtocolName, *fields: tuple[str, str, str, str]) -> Profile:
    points = {name: Point(name, quantity, unit, FieldPlace((path,))) for name, quantity, unit, path in fields}
    return Profile(f"water/{protocol}", "", "water", protocol, "made up", points, ())


LEVEL = ("level", "water_level", "m", "level")
BATTERY = ("battery", "battery_voltage", "V", "bat")


class Row(NamedTuple):
    profile: Profile
    values: dict[str, float]
    station: str | None = None
    envelope: Envelope = "none"


ROWS = {
    "json": Row(
        read_profile("gas/manhole_methane"),
        {"ch4": 1.25, "temperature": 17.5, "battery": 3.612, "tilt": 0.6, "immersion": 0.0},
    ),
    "senml": Row(_profile("senml", LEVEL, BATTERY), {"level": 1.234, "battery": 3.6}, "urn:dev:mac:0024befffe804ff1"),
    "senml_cbor": Row(_profile("senml_cbor", LEVEL, BATTERY), {"level": -4.5, "battery": 3.6}),
    "sparkplug": Row(_profile("sparkplug", LEVEL, BATTERY), {"level": 2.75, "battery": 3.6}, "edge-7"),
    "chirpstack milesight": Row(
        read_profile("drainage/em500_swl"), {"water_level": 1.23, "battery": 87.0}, "24e124136b502217", "chirpstack"
    ),
    "chirpstack decentlab": Row(
        read_profile("drainage/decentlab_mbx"),
        {"air_gap": 1.234, "valid_samples": 1.0, "battery": 2.993},
        "70b3d57ba0000001",
        "chirpstack",
    ),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsBroker]:
    with NatsBroker(tmp_path_factory.mktemp("nats")) as running:
        yield running


@pytest.fixture
async def journal() -> RecordingJournal:
    return RecordingJournal()


def _mqtt(broker: NatsBroker, name: str, row: Row) -> MqttSettings:
    is_sparkplug = row.profile.protocol == "sparkplug"
    return MqttSettings(
        "air",
        broker.host,
        broker.port,
        client_id=f"reader-{name.replace(' ', '-')}",
        topics=() if is_sparkplug else (f"{row.profile.protocol}/{{device}}/up",),
        envelope=row.envelope,
        sparkplug_group=GROUP if is_sparkplug else "",
    )


def _played(row: Row, *faults: Fault) -> Played:
    devices: list[Device] = [device("node", row.profile, "air", station=row.station)]
    values = {"node": row.values}
    wrapped = ["node"] if row.envelope == "chirpstack" else []
    return Played(site(devices, values), values, *faults, chirpstack=wrapped)


def _target(broker: NatsBroker, settings: MqttSettings) -> MqttTarget:
    topic = settings.topics[0] if settings.topics else ""
    return MqttTarget(broker.host, broker.port, topic, settings.sparkplug_group)


@pytest.mark.parametrize("name", ROWS)
async def test_a_protocol_over_mqtt_is_read_with_value_and_time(
    name: str, broker: NatsBroker, journal: RecordingJournal
) -> None:
    row, health = ROWS[name], WatchedHealth()
    settings = _mqtt(broker, name, row)
    played = _played(row)
    collector = MqttCollector(settings, played.collected("air"), clock=SystemClock(), health=health)

    async with collecting(collector, journal):
        await health.until_ok("collector:air")
        before_ns = time.time_ns()
        async with played.live(brokers={"air": _target(broker, settings)}):
            told = await played.until_all_told(journal, times=2)

    assert told == pytest.approx(played.wanted)
    assert journal.quarantine == []
    # A Sparkplug or ChirpStack clock has milliseconds.
    assert all(before_ns - SECOND // 1000 <= time_ns <= time.time_ns() for _, time_ns, _ in journal.rows)


async def test_a_sparkplug_node_is_born_again_for_a_host_that_comes_late(
    broker: NatsBroker, journal: RecordingJournal
) -> None:
    row, health = ROWS["sparkplug"]._replace(station="edge-8"), WatchedHealth()
    settings = _mqtt(broker, "late", row)
    played = _played(row)
    collector = MqttCollector(settings, played.collected("air"), clock=SystemClock(), health=health)

    async with played.live(brokers={"air": _target(broker, settings)}) as fleet:
        await asyncio.to_thread(_wait_for_births, fleet)
        async with collecting(collector, journal):
            told = await played.until_all_told(journal, times=2)

    assert told == pytest.approx(played.wanted)


def _wait_for_births(fleet: LiveFleet) -> None:
    deadline = time.monotonic() + 60.0
    while fleet.counted().acknowledged < 2:
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


async def test_a_node_that_was_offline_floods_the_gateway_with_its_old_times(
    broker: NatsBroker, journal: RecordingJournal
) -> None:
    row, health = ROWS["json"], WatchedHealth()
    settings = _mqtt(broker, "flood", row)
    begins_ns = time.time_ns()
    played = _played(row, Fault(begins_ns, "offline", "node", seconds=4.2))
    collector = MqttCollector(settings, played.collected("air"), clock=SystemClock(), health=health)

    async with collecting(collector, journal):
        await health.until_ok("collector:air")
        async with played.live(brokers={"air": _target(broker, settings)}):
            await played.until_all_told(journal, times=3)
            heard_ns = time.time_ns()

    times = sorted({time_ns for _, time_ns, _ in journal.rows})
    assert heard_ns >= begins_ns + 4 * SECOND
    assert len([time_ns for time_ns in times if time_ns < begins_ns + 4.2 * SECOND]) >= 3
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx(
        [SECOND] * (len(times) - 1), abs=SECOND // 500
    )


STATIONS: dict[str, tuple[type[StationsSettings], Profile, str, dict[str, float]]] = {
    "hj212": (
        Hj212Settings,
        read_profile("drainage/hj212_outfall"),
        MN,
        {"cod": 231.5, "acidity": 7.21, "ammonia_nitrogen": 18.25},
    ),
    "sl651": (
        Sl651Settings,
        read_profile("drainage/sl651_station"),
        "0012345678",
        {"water_level": 12.345, "rain_today": 3.5, "battery": 12.6},
    ),
}


def _listener(name: str) -> StationsSettings:
    kind, _, station, _ = STATIONS[name]
    return kind(
        id="dialled",
        listen_host="127.0.0.1",
        listen_port=0,
        allow=(ip_network("127.0.0.0/8"),),
        stations={station.upper(): Station("outfall", station, BEIJING)},
        zone=BEIJING,
    )


def _station(name: str, *faults: Fault) -> Played:
    _, profile, station, values = STATIONS[name]
    told = {"outfall": values}
    return Played(site([device("outfall", profile, "dialled")], told), told, *faults, stations={"outfall": station})


@pytest.mark.parametrize("name", STATIONS)
async def test_a_station_dials_in_and_is_read_and_answered(name: str, journal: RecordingJournal) -> None:
    played, health = _station(name), WatchedHealth()
    collector = StationsCollector(_listener(name), played.collected("dialled"), clock=SystemClock(), health=health)

    async with collecting(collector, journal):
        await health.until_ok("collector:dialled")
        assert collector.port is not None
        async with played.live(listeners={"dialled": ("127.0.0.1", collector.port)}) as fleet:
            told = await played.until_all_told(journal)
            sent = fleet.counted().messages

    assert told == pytest.approx(played.wanted)
    assert journal.quarantine == []
    assert sent >= 1


async def test_an_analyser_under_calibration_says_so_and_is_not_believed(journal: RecordingJournal) -> None:
    fault = Fault(0, "calibration", "outfall", "acidity", amount=4.01)
    played, health = _station("hj212", fault), WatchedHealth()
    collector = StationsCollector(_listener("hj212"), played.collected("dialled"), clock=SystemClock(), health=health)

    async with collecting(collector, journal):
        await health.until_ok("collector:dialled")
        assert collector.port is not None
        async with played.live(listeners={"dialled": ("127.0.0.1", collector.port)}):
            await played.until_all_told(journal)

    batches = [record for record in journal.records if isinstance(record, Batch)]
    names = {number: name.rpartition(".")[2] for name, number in played.numbers.items()}
    qualities = {
        (names[number], quality)
        for batch in batches
        for number, quality in zip(batch.channel.tolist(), batch.quality.tolist(), strict=True)
    }
    assert qualities == {
        ("cod", Quality.GOOD),
        ("acidity", Quality.SUSPECT),
        ("ammonia_nitrogen", Quality.GOOD),
    }
