"""Stations dial in over real sockets: answered once on disk, refused when strange, cut off when slow or loud."""

from __future__ import annotations

import asyncio
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.model import Attribute, Batch, Flag, Quality, Quarantine
from tests.gateway.collectors.dialling import (
    BEIJING,
    call,
    devices,
    dialled,
    hj212_frame,
    listening,
    settings,
    sl651_crc,
    sl651_frame,
)
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth

COD = {"cod": ("w01018-Rtd",), "ammonia": ("w21003-Rtd",)}
LEVEL = {"level": ("Z",), "rain": ("DRP",), "door": ("ZT", "7")}
AT_EIGHT = "DataTime=20260101080000"
EIGHT_NS = int(datetime(2026, 1, 1, 8, tzinfo=BEIJING).timestamp()) * 1_000_000_000
REPORT = "000C260101080005F1F1001234567848F0F0260101080039230000105538121268"


async def test_data_are_answered_with_9014_once_they_are_on_disk(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    journal.hold()
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=42.5,w01018-Flag=N;w21003-Rtd=,w21003-Flag=D"))
        await journal.until(lambda: journal.calls == 1)
        early = asyncio.create_task(station.hear())
        await asyncio.sleep(0)
        assert not early.done()

        journal.release()

        answer = await early
    assert b"ST=91;CN=9014;" in answer
    assert b"QN=20260101080000123;" in answer
    assert answer[:2] == b"##"
    assert [row for row in journal.rows if row[2] == row[2]] == [(1, EIGHT_NS, 42.5)]


async def test_a_station_that_wants_no_answer_gets_none(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1", flag=4))
        await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=2", flag=5))

        answer = await station.hear()

    assert answer.count(b"##") == 1
    assert len(journal.rows) == 2


async def test_a_resend_is_answered_again_and_not_journaled_again(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    frame = hj212_frame(f"{AT_EIGHT};w01018-Rtd=42.5")
    async with listening(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as collector:
        answers = []
        for _ in range(3):
            async with call(collector) as station:
                await station.say(frame)
                answers.append(await station.hear())

    assert len(set(answers)) == 1
    assert b"CN=9014" in answers[0]
    assert journal.rows == [(1, EIGHT_NS, 42.5)]
    assert health.counted("collector:stations", "dropped", "resend") == 2


async def test_the_packets_of_one_report_share_its_time(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1", flag=7, PNUM="2", PNO="1"))
        await station.hear()
        await station.say(hj212_frame("w21003-Rtd=2", flag=7, PNUM="2", PNO="2"))
        answer = await station.hear()

    assert b"PNUM=2;PNO=2;" in answer
    assert journal.rows == [(1, EIGHT_NS, 1.0), (2, EIGHT_NS, 2.0)]


async def test_a_strange_station_is_told_so_counted_and_hung_up(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1", mn="MN0666"))

        answer, rest = await station.hear(), await station.hear()

    assert b"CN=9011" in answer
    assert b"QnRtn=4" in answer
    assert rest == b""
    assert journal.records == []
    assert health.counted("collector:stations", "failed", "unknown station") == 1


async def test_a_wrong_password_is_refused(journal: RecordingJournal, health: WatchedHealth) -> None:
    made = settings("hj212", "MN0001", password="right")  # noqa: S106 - of a station that does not exist
    async with listening(made, devices("hj212", COD), journal, health) as collector:
        async with call(collector) as station:
            await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1", pw="wrong"))
            refused = await station.hear()
        async with call(collector) as station:
            await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1", pw="right"))
            welcome = await station.hear()

    assert b"QnRtn=3" in refused
    assert b"CN=9014" in welcome
    assert health.counted("collector:stations", "failed", "password") == 1


async def test_a_station_from_a_strange_network_is_not_let_in(journal: RecordingJournal, health: WatchedHealth) -> None:
    made = settings("hj212", "MN0001", allow=(ip_network("10.0.0.0/8"),))
    async with listening(made, devices("hj212", COD), journal, health) as collector, call(collector) as station:
        heard = await station.hear()

    assert heard == b""
    assert health.counted("collector:stations", "failed", "network") == 1


async def test_connections_above_the_cap_are_not_let_in(journal: RecordingJournal, health: WatchedHealth) -> None:
    made = settings("hj212", "MN0001", max_connections=1)
    async with listening(made, devices("hj212", COD), journal, health) as collector, call(collector) as first:
        await first.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1"))
        await first.hear()
        async with call(collector) as second:
            assert await second.hear() == b""

    assert health.counted("collector:stations", "failed", "too many connections") == 1


async def test_a_frame_that_never_ends_is_cut_off(journal: RecordingJournal, health: WatchedHealth) -> None:
    made = settings("hj212", "MN0001", frame_seconds=0.2)
    async with listening(made, devices("hj212", COD), journal, health) as collector, call(collector) as station:
        await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1"))
        await station.hear()
        await station.say(b"##0500QN=")

        assert await station.hear() == b""

    assert health.counted("collector:stations", "dropped", "too slow") == 1


async def test_who_sends_noise_for_ever_is_cut_off(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(b"GET / HTTP/1.1\r\n" * 8_192)

        assert await station.hear() == b""

    assert health.counted("collector:stations", "dropped", "noise") == 1


async def test_a_broken_frame_is_kept_with_its_reason_and_costs_no_neighbour(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    good = hj212_frame(f"{AT_EIGHT};w01018-Rtd=1")
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(good.replace(b"Rtd=1", b"Rtd=7") + good)
        answer = await station.hear()

    kept = [record for record in journal.records if isinstance(record, Quarantine)]
    assert [record.reason for record in kept] == ["CRC"]
    assert b"Rtd=7" in kept[0].payload
    assert answer.count(b"CN=9014") == 1
    assert journal.rows == [(1, EIGHT_NS, 1.0)]


async def test_a_deviant_checksum_is_known_by_its_station_and_answered_in_kind(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    case = Path(__file__).parents[2] / "cases" / "hj212" / "modbus_swapped" / "frame.txt"
    frame = case.read_bytes().splitlines()[1] + b"\r\n"
    made = settings("hj212", "4201003", is_lenient=True)
    async with dialled(made, devices("hj212", {"value": ("112-Rtd",)}), journal, health) as station:
        await station.say(frame)
        await journal.until(lambda: bool(journal.rows))

    told = [record for record in journal.records if isinstance(record, Attribute)]
    assert [(record.point, record.text) for record in told] == [("checksum", "modbus_swapped")]
    assert journal.rows[0][2] == 11.285


async def test_when_the_journal_refuses_the_station_gets_no_answer(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    journal.is_broken = True
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(hj212_frame(f"{AT_EIGHT};w01018-Rtd=1"))

        assert await station.hear() == b""

    assert health.counted("collector:stations", "dropped", "journal") == 1


@pytest.mark.parametrize(("stay", "ending"), [(False, 0x04), (True, 0x1B)])
async def test_an_sl651_report_is_answered_by_eot_or_esc(
    journal: RecordingJournal, health: WatchedHealth, *, stay: bool, ending: int
) -> None:
    made = settings("sl651", "0012345678", stay_online=stay)
    async with listening(made, devices("sl651", LEVEL), journal, health) as collector, call(collector) as station:
        await station.say(sl651_frame(REPORT))
        answer = await station.hear()

    assert answer[:14] == bytes.fromhex("7E7E0012345678011234328008" + "02")
    assert answer[14:16] == b"\x00\x0c"
    assert answer[-3] == ending
    assert answer[-2:] == sl651_crc(answer[:-2])
    assert journal.rows == [(1, EIGHT_NS, 1.055)]


async def test_an_sl651_keep_alive_is_not_answered(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with dialled(settings("sl651", "0012345678"), devices("sl651", LEVEL), journal, health) as station:
        await station.say(sl651_frame("0001260101080005", function=0x2F) + sl651_frame(REPORT))
        answer = await station.hear()

    assert answer.count(b"\x7e\x7e") == 1
    assert answer[14:16] == b"\x00\x0c"


async def test_packets_are_put_together_and_missing_ones_asked_for(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    body = "0014260101090005F1F1001234567848F0F02601010805F4600500000014FFFFFFFFFF0000"
    parts = [sl651_frame(body[:40], packets=3, packet=1, end=0x17), b"", b""]
    parts[1] = sl651_frame(body[40:60], packets=3, packet=2, end=0x17)
    parts[2] = sl651_frame(body[60:], packets=3, packet=3)
    async with dialled(settings("sl651", "0012345678"), devices("sl651", LEVEL), journal, health) as station:
        await station.say(parts[0] + parts[2])
        asked = await station.hear()
        await station.say(parts[1])
        answer = await station.hear()

    assert asked[-3] == 0x15
    assert asked[14:17] == bytes.fromhex("003002")
    assert answer[-3] == 0x04
    assert len([row for row in journal.rows if row[0] == 2]) == 12


async def test_a_status_word_gives_its_bits(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with dialled(settings("sl651", "0012345678"), devices("sl651", LEVEL), journal, health) as station:
        await station.say(sl651_frame("0023260101080000F1F10012345678452000000080", function=0x46))
        await station.hear()

    assert journal.rows == [(3, EIGHT_NS, 1.0)]


async def test_an_sl651_datagram_is_answered_by_a_datagram(journal: RecordingJournal, health: WatchedHealth) -> None:
    answered: asyncio.Queue[bytes] = asyncio.Queue()

    class Sender(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio gives both
            answered.put_nowait(data)

    made = settings("sl651", "0012345678", transport="udp")
    async with listening(made, devices("sl651", LEVEL), journal, health) as collector:
        assert collector.port
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Sender, remote_addr=("127.0.0.1", collector.port)
        )
        transport.sendto(b"\x7e\x7enoise")
        transport.sendto(sl651_frame(REPORT))
        async with asyncio.timeout(60):
            answer = await answered.get()
        transport.close()

    assert answer[-3] == 0x04
    assert journal.rows == [(1, EIGHT_NS, 1.055)]
    assert health.counted("collector:stations", "failed", "noise") == 1


async def test_readings_without_a_time_take_that_of_their_receipt(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    async with dialled(settings("hj212", "MN0001"), devices("hj212", COD), journal, health) as station:
        await station.say(hj212_frame("w01018-Rtd=3,w01018-Flag=C"))
        await station.hear()

    (batch,) = [record for record in journal.records if isinstance(record, Batch)]
    assert int(batch.flags[0]) == Flag.NO_SOURCE_TIME | Flag.MAINTENANCE
    assert int(batch.quality[0]) == Quality.SUSPECT
    assert abs(int(batch.time_ns[0]) - batch.received_ns) < 1_000_000_000


async def test_an_szy206_report_is_confirmed_with_the_time_of_the_centre(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    report = published("szy206", "flow_report")
    behind = devices("szy206", {"flow": ("flow",), "volume": ("volume",), "mains_lost": ("alarms", "0")})
    async with dialled(settings("szy206", "53038100013"), behind, journal, health) as station:
        await station.say(report)
        answer = await station.hear()

    assert answer[:3] == bytes([0x68, len(answer) - 5, 0x68])
    assert answer[3] == 0x30
    assert answer[4:10] == report[4:10]
    assert [(channel, value) for channel, _, value in journal.rows] == [(1, 5.9), (2, 106182.0), (3, 1.0)]


async def test_a_resend_without_a_time_of_its_own_is_dropped_when_it_comes_at_once(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    report = published("szy206", "flow_report")
    behind = devices("szy206", {"flow": ("flow",)})
    async with listening(settings("szy206", "53038100013"), behind, journal, health) as collector:
        for _ in range(2):
            async with call(collector) as station:
                await station.say(report)
                assert await station.hear()

    assert len(journal.rows) == 1


async def test_a_fire_alarm_is_confirmed_and_a_stranger_refused(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    alarm = published("gbt26875_3", "component_alarm")
    behind = devices("gbt26875_3", {"fire": ("1-3-0-393433", "1"), "fault": ("1-3-0-393433", "2")})
    async with dialled(settings("gbt26875_3", "000000000000"), behind, journal, health) as station:
        await station.say(alarm)
        confirmed = await station.hear()
    async with dialled(settings("gbt26875_3", "000000000009"), behind, RecordingJournal(), WatchedHealth()) as station:
        await station.say(alarm)
        refused = await station.hear()

    assert (confirmed[:4], confirmed[26]) == (alarm[:4], 3)
    assert refused[26] == 6
    assert [(channel, value) for channel, _, value in journal.rows] == [(1, 1.0), (2, 0.0)]


def published(codec: str, case: str) -> bytes:
    """A frame of the cases, as it goes over the wire."""
    lines = (Path(__file__).parents[2] / "cases" / codec / case / "frame.txt").read_text().splitlines()
    return bytes.fromhex(lines[1])
