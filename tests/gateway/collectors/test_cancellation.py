"""A stop that comes in the same moment as an answer is a stop all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.collectors.modbus_client import ModbusConnection
from gateway.collectors.mqtt_connection import MqttConnection
from gateway.settings import ModbusTcpSettings, MqttSettings
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.nats_broker import NatsBroker


async def test_a_stop_that_comes_with_a_modbus_reply_is_not_lost() -> None:
    with ModbusServer() as server:
        server.echo(1)
        async with ModbusConnection(ModbusTcpSettings("line", server.host, server.port)) as connection:
            reading = asyncio.create_task(connection.read(1, "holding", 0, 2))
            parse = connection._parse

            def parse_and_stop() -> None:
                parse()
                reading.cancel()

            connection._parse = parse_and_stop  # type: ignore[method-assign]

            with pytest.raises(asyncio.CancelledError):
                await reading

            assert not connection.is_open


async def test_a_stop_that_comes_with_the_brokers_welcome_is_not_lost(tmp_path: Path) -> None:
    with NatsBroker(tmp_path) as broker:
        connection = MqttConnection(
            MqttSettings("district", broker.host, broker.port, client_id="stopped"), lambda _message: None
        )
        connecting = asyncio.create_task(connection.__aenter__())
        welcome: Any = connection._paho.on_connect

        def welcome_and_stop(*arguments: Any) -> None:
            welcome(*arguments)
            connecting.cancel()

        connection._paho.on_connect = welcome_and_stop

        with pytest.raises(asyncio.CancelledError):
            await connecting

    assert connection._paho.socket() is None
