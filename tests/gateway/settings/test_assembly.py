"""Profiles, devices and overrides become channels; what is wrong anywhere is a fault with its place."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.inventory import Channel
from gateway.settings import Checked


def test_a_channel_is_a_point_of_a_device_on_an_asset(right: str, check: Callable[[str], Checked]) -> None:
    site = check(right).site

    assert site is not None
    battery = site.inventory.channels["MH-1.gas-1.battery"]
    assert (battery.asset, battery.device, battery.point) == ("MH-1", "gas-1", "battery")
    assert (battery.quantity, battery.unit) == ("battery_voltage", "V")
    assert len(site.inventory.channels) == 10


def test_a_device_says_how_often_it_reports_and_three_times_that_is_fresh(
    right: str, check: Callable[[str], Checked]
) -> None:
    site = check(right).site

    assert site is not None
    channel = site.inventory.channels["MH-1.gas-1.ch4"]
    assert (channel.report_seconds, channel.fresh_seconds, channel.reorder_seconds) == (300, 900, 0)
    assert channel.stuck_seconds == 172_800


def test_a_fast_channel_is_fresh_for_longer_than_clocks_are_off(right: str, check: Callable[[str], Checked]) -> None:
    site = check(right.replace("report_seconds: 300", "report_seconds: 1")).site

    assert site is not None
    assert site.inventory.channels["MH-1.gas-1.ch4"].fresh_seconds == 30


def test_an_override_changes_one_channel(right: str, check: Callable[[str], Checked]) -> None:
    site = check(right).site

    assert site is not None
    channel = site.inventory.channels["P-1.flow-1.flow"]
    assert (channel.span, channel.fresh_seconds, channel.reorder_seconds) == ((0, 500), 90, 5)
    assert (channel.stuck_seconds, channel.title) == (None, "进水")
    assert site.inventory.channels["P-1.flow-1.velocity"].span == (-32, 32)


def test_a_main_knows_its_wave_speed_and_a_logger_its_place_along_it(
    right: str, check: Callable[[str], Checked]
) -> None:
    more = right.replace(
        "assets:\n",
        "assets:\n  TM-1: {kind: main, lifeline: water, wave_m_s: 1080}\n"
        "  TL-1: {kind: node, lifeline: water, along_metres: 70, relations: {part_of: [TM-1]}}\n",
    )

    site, wrong = check(more).site, check(more.replace("wave_m_s: 1080", "wave_m_s: 0"))

    assert site is not None
    assert (site.inventory.assets["TM-1"].wave_m_s, site.inventory.assets["TL-1"].along_metres) == (1_080.0, 70.0)
    assert ["assets.TM-1.wave_m_s" in fault.message for fault in wrong.faults] == [True]


def test_devices_of_one_model_share_its_profile(right: str, check: Callable[[str], Checked]) -> None:
    more = right.replace(
        "  flow-1: {", "  flow-2: {profile: water/tuf2000m, collector: line, unit: 2, asset: P-1}\n  flow-1: {"
    )

    site = check(more).site

    assert site is not None
    assert site.inventory.devices["flow-1"].profile is site.inventory.devices["flow-2"].profile


FAULTS = [
    ("site: {id: box", "site: {id: b.x", "1:12: error: 'b.x' is no id"),
    ("name: 站点", "timezone: Asia/Hefei", "site.timezone 'Asia/Hefei' is not a time zone (e.g. Asia/Shanghai)"),
    ("name: 站点", "http_port: 65536", "site.http_port must be at most 65535, got 65536"),
    ("site: {id: box, name: 站点}\n", "", "1:1: error: 'site' is missing"),
    ("kind: mqtt", "kind: mqttt", "collectors.broker.kind must be a kind of collector, got 'mqttt'"),
    ("kind: mqtt, ", "", "collectors.broker.kind must be a kind of collector, but is missing"),
    ("10.0.0.1", "mqtt://u:hunter2@h", "collectors.broker.host is no host name"),
    ("a/{device}/up", "a/up", "collectors.broker.topics.0 must hold exactly one level {device}"),
    ("a/{device}/up", "a/x{device}/up", "collectors.broker.topics.0 must hold exactly one level {device}"),
    ("a/{device}/up", "{device}/#", "collectors.broker.topics.0 must not hold + or #"),
    ('["a/{device}/up"]', '["a/{device}", "a/{device}"]', "collectors.broker.topics holds 'a/{device}' twice"),
    ("kind: mqtt", "kind: mqtt, password_env: A", "collectors.broker has a password but no username"),
    (
        "kind: mqtt",
        f"kind: mqtt, client_id: {'x' * 65}",
        "collectors.broker.client_id is too long: 65 bytes, at most 64",
    ),
    (
        "kind: modbus_tcp",
        "kind: modbus_tcp, poll_seconds: 0",
        "collectors.line.poll_seconds must be at least 0.05, got 0",
    ),
    ("assets:\n", "  l2: {kind: modbus_tcp, host: 10.0.0.2}\nassets:\n", "l2 is the same endpoint as collectors.line"),
    ("location: [117.2, 31.8]", "location: [31.8, 117.2]", "MH-1.location must be [longitude, latitude] in degrees"),
    ("location: [117.2, 31.8]", "location: [117.2]", "assets.MH-1.location"),
    (
        "near: [P-1]",
        "near: [P-2]",
        "6:95: error: assets.MH-1.relations.near.0: there is no 'P-2' (did you mean 'P-1'?)",
    ),
    ("near: [P-1]", "near: [MH-1]", "assets.MH-1.relations.near names the asset itself"),
    ("lifeline: water", "lifeline: waters", "assets.P-1.lifeline must be 'gas', 'water'"),
    ("gas/manhole_methane", "gas/manhole", "there is no profile 'gas/manhole' (did you mean 'gas/manhole_methane'?)"),
    ("collector: broker", "collector: brok", "devices.gas-1.collector: there is no 'brok' (did you mean 'broker'?)"),
    ("collector: broker", "collector: line", "kind mqtt or opcua or http_push or udp or box, line is modbus_tcp"),
    ("asset: MH-1,", "asset: MH-9,", "devices.gas-1.asset: there is no 'MH-9' (did you mean 'MH-1'?)"),
    ("unit: 1, ", "", "10:3: error: devices.flow-1: 'unit' is missing (the Modbus address of the device, 1-255)"),
    ("unit: 1,", "unit: 256,", "devices.flow-1.unit must be at most 255, got 256"),
    ("asset: MH-1,", "asset: MH-1, unit: 3,", "devices.gas-1: 'unit' is for Modbus"),
    (
        "channels:",
        "  flow-2: {profile: water/tuf2000m, collector: line, unit: 1, asset: P-1}\nchannels:",
        "devices.flow-2.unit 1 is also that of flow-1 on line",
    ),
    ("P-1.flow-1.flow:", "P-1.flow-1.flwo:", "12:3: error: there is no channel 'P-1.flow-1.flwo' (did you mean"),
    ("P-1.flow-1.flow:", "flow:", "12:3: error: there is no channel 'flow'"),
    ("span: [0, 500]", "span: [500, 0]", "channels.P-1.flow-1.flow.span must go from low to high, got [500, 0]"),
    ("fresh_seconds: 90", "fresh_seconds: 30", "fresh_seconds must not be below report_seconds 60"),
    ("basis: B}\n", "basis: B}\nstores: {journal: {segment_bytes: 600000000}}\n", "at most half of cap_bytes"),
    ("basis: B}\n", "basis: B}\nstores: {journal: {readers: [history, history]}}\n", "names a reader twice"),
]


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS, ids=[fault[:60] for _, _, fault in FAULTS])
def test_one_mistake_is_one_fault(right: str, check: Callable[[str], Checked], old: str, new: str, fault: str) -> None:
    assert old in right
    head, tail = right.rsplit(old, 1) if old == "basis: B}\n" else right.split(old, 1)

    checked = check(head + new + tail)

    assert checked.site is None
    assert fault in str(checked.faults[0])
    assert len(checked.faults) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_to_a_file_gives_faults_and_no_exception(
    right: str, check: Callable[[str], Checked], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(right)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.text("ab:-[]{},'\"# \n0.~", max_size=6))

    checked = check(right[:start] + put + right[start + cut :])

    assert (checked.site is None) == bool(checked.faults)
    assert all(fault.line >= 1 and fault.column >= 1 and fault.message for fault in checked.faults)


@pytest.mark.slow
def test_a_large_site_is_read_at_once_right_or_wrong(check: Callable[[str], Checked]) -> None:
    count = 400
    assets = "".join(f"  A-{number}: {{kind: manhole, lifeline: gas}}\n" for number in range(count))
    devices = "".join(
        f"  gas-{number}: {{profile: gas/manhole_methane, collector: broker, asset: A-{number}}}\n"
        for number in range(count)
    )
    head = "site: {id: box}\ncollectors: {broker: {kind: mqtt, host: h, topics: ['{device}']}}\nassets:\n"

    begun = time.perf_counter()
    good = check(f"{head}{assets}devices:\n{devices}")
    bad = check(f"{head}{assets}devices:\n{devices}".replace("asset: A-", "asset: B-"))
    seconds = time.perf_counter() - begun

    assert good.site is not None
    assert len(good.site.inventory.channels) == 5 * count
    assert len(bad.faults) == count
    # Measured: 0.06 s and 0.2 s; the bound only catches what grows with the square of the site.
    assert seconds < 5


def test_channel_ids_are_unique_and_name_their_parts(right: str, check: Callable[[str], Checked]) -> None:
    site = check(right).site

    assert site is not None
    channels: list[Channel] = list(site.inventory.channels.values())
    assert all(channel.id == f"{channel.asset}.{channel.device}.{channel.point}" for channel in channels)
