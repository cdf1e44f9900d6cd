"""One gateway among real servers on loopback, each behind a line that can be made bad; in the end all is counted.

publisher ─► broker ◄─ broker_link ◄─ GATEWAY ─► database_link ─► database
                     units ◄─ unit_link ◄─┘
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from gateway.errors import Unreachable
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from simulators.servers.tcp_proxy import TcpProxy
from simulators.servers.victoria_metrics import VictoriaMetrics
from tests.faults.counting import against_answers, against_published, in_history, in_sink
from tests.faults.line import Answer, Line
from tests.faults.publisher import Points, Publisher
from tests.faults.score import Score, Setting
from tests.processes import GatewayProcess, wait_until

_IN_MEMORY = "autosave_on_changes false\nautosave_interval 0"

STOP_SECONDS = 5.0
"""SIGTERM drains and commits within this."""
_SETTLE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What stands on the stage."""

    broker: str = ""
    """nats, mosquitto, or none."""
    devices: int = 10
    rounds_per_second: float = 20.0
    """Of the publisher that stands there from the beginning; 0: the scenario adds its own."""
    has_database: bool = False
    units: int = 0
    poll_seconds: float = 0.2
    timeout_seconds: float = 1.0
    in_flight: int = 200
    saves_nothing: bool = False
    """Mosquitto keeps its sessions in memory: a broker that syncs each message to disk takes some hundreds a second."""
    launcher: Sequence[str] = ("-m", "gateway.cli")
    collector: dict[str, Any] | None = None
    stores: dict[str, Any] | None = None
    channels: dict[str, Any] | None = None
    ladders: dict[str, Any] | None = None
    device: dict[str, Any] | None = None
    """What every MQTT device has besides its profile."""


def program(name: str) -> str:
    """Return the path of a program; raise Unreachable with what to install."""
    found = _found(name)
    if found is None:
        raise Unreachable(f"{name} is not installed (Debian: apt install {name})")
    return found


def is_installed(name: str) -> bool:
    """Tell whether a program is there."""
    return _found(name) is not None


def _found(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


class Stage:
    """Everything that takes part in one scenario."""

    def __init__(self, name: str, setting: Setting, plan: Plan) -> None:
        self.name = name
        self.setting = setting
        self.plan = plan
        self.folder = setting.folder
        self.failures: list[str] = []
        self.notes: list[str] = []
        self._stack = ExitStack()
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self, stack: ExitStack) -> None:
        plan = self.plan
        self.broker: NatsBroker | MosquittoBroker | None = None
        if plan.broker == "mosquitto":
            self.broker = MosquittoBroker(
                program("mosquitto"), self.folder / "broker", extra=_IN_MEMORY if plan.saves_nothing else ""
            )
        elif plan.broker:
            self.broker = NatsBroker(self.folder / "broker", ack_wait_seconds=2)
        if self.broker is not None:
            stack.enter_context(self.broker)
        self.broker_link = stack.enter_context(TcpProxy(self.broker.port if self.broker else 0))
        self.database = VictoriaMetrics(
            program("victoria-metrics") if plan.has_database else "", self.folder / "database"
        )
        if plan.has_database:
            stack.enter_context(self.database)
        self.database_link = stack.enter_context(TcpProxy(self.database.port))
        self.line = Line(plan.units)
        if plan.units:
            stack.enter_context(self.line.server)
        self.unit_link = stack.enter_context(TcpProxy(self.line.server.port))
        self.gateway = GatewayProcess(
            self._write_site(),
            self.folder / "state",
            log=self.folder / "gateway.log",
            launcher=plan.launcher,
            groups=self.setting.groups,
        )
        stack.callback(self.gateway.kill)
        self.publishers: list[Publisher] = []
        if self.broker is not None and plan.rounds_per_second:
            self.add_publisher(devices=plan.devices, rounds_per_second=plan.rounds_per_second)

    def add_publisher(self, **how: Any) -> Publisher:
        """Add a client that publishes to the broker."""
        assert self.broker is not None
        publisher = Publisher(self.broker.port, name=f"publisher-{len(self.publishers)}", **how)
        self._stack.callback(publisher.close)
        self.publishers.append(publisher)
        return publisher

    @property
    def publisher(self) -> Publisher:
        """The first client that publishes."""
        return self.publishers[0]

    def start(self) -> float:
        """Start the gateway; return when its page is up, with the seconds that took."""
        self.line.speak()
        self.gateway.start()
        return self.gateway.wait_ready(60)

    def let_run(self, seconds: float) -> None:
        """Let real processes run."""
        threading.Event().wait(seconds)

    def expect(self, what: str, *, holds: bool) -> None:
        """Note what was asked of the gateway and not met."""
        if not holds:
            self.failures.append(what)

    def says(self, condition: str, seconds: float = 20.0) -> str:
        """Wait until /readyz shows a condition that does not stand; return the reason. Never shown is a failure."""
        found: list[str] = []

        def is_shown() -> bool:
            conditions = self.gateway.readiness()["conditions"]
            found.extend(one["reason"] for one in conditions if condition in one["name"] and not one["ok"])
            return bool(found)

        try:
            wait_until(is_shown, seconds, condition)
        except TimeoutError:
            self.failures.append(f"/readyz did not name {condition!r}")
            return ""
        self.expect(f"/readyz gives a reason for {condition!r}", holds=bool(found[-1]))
        return found[-1]

    def kept(self) -> int:
        """Return how many messages are in the history."""
        return self.gateway.kept("ch4")

    def recovered(self) -> float:
        """Return the seconds until everything that was acknowledged by now is in the history and in the database."""
        began = time.monotonic()
        acked = sum(len(publisher.acked) for publisher in self.publishers)
        wait_until(lambda: self.kept() >= acked, _SETTLE_SECONDS, "the history to catch up", every=0.25)
        if self.plan.has_database:
            appended = self.gateway.metric("lifeline_influxdb_behind_records")
            written = self.gateway.count("influxdb", "sent")
            wait_until(
                lambda: (
                    self.gateway.metric("lifeline_influxdb_behind_records") == 0
                    or self.gateway.count("influxdb", "sent") - written >= appended
                ),
                _SETTLE_SECONDS,
                "the database to catch up",
                every=0.25,
            )
        return time.monotonic() - began

    def wait_settled(self, gateway: GatewayProcess) -> None:
        """Wait until a gateway has read everything and its detectors have waited for the late."""
        acked = sum(len(publisher.acked) for publisher in self.publishers)
        wait_until(lambda: gateway.kept("ch4") >= acked, _SETTLE_SECONDS, "the broker to deliver", every=0.25)
        gateway.wait_drained()
        wait_until(
            lambda: gateway.metric("lifeline_detection_waiting_rows") == 0,
            _SETTLE_SECONDS,
            "the detectors to catch up",
            every=0.25,
        )

    def settle(self) -> None:
        """Stop sending, wait until everything is where it belongs, and stop the gateway in order."""
        for publisher in self.publishers:
            publisher.pause()
        acked = sum(len(publisher.acked) for publisher in self.publishers)
        if self.publishers:
            wait_until(lambda: self.kept() >= acked, _SETTLE_SECONDS, "the broker to deliver", every=0.25)
        self.line.fall_silent()
        self.gateway.wait_drained()
        if self.plan.has_database:
            wait_until(
                lambda: self.gateway.metric("lifeline_influxdb_behind_records") == 0,
                _SETTLE_SECONDS,
                "the database to catch up",
                every=0.25,
            )
        self.stop()

    def stop(self) -> None:
        """Stop the gateway with SIGTERM; slower than promised, or another exit code than 0, is a failure.

        The units fall silent first: what they answer to a gateway that is going was never collected.
        """
        if not self.line.table.is_silent:
            self.line.fall_silent()
        began = time.monotonic()
        code = self.gateway.stop(60)
        took = time.monotonic() - began
        self.expect(f"SIGTERM ends with 0, got {code}", holds=code == 0)
        self.expect(f"SIGTERM drains within {STOP_SECONDS:g} s, took {took:.1f} s", holds=took <= STOP_SECONDS)

    def score(
        self,
        recovery_s: float,
        *,
        required: Callable[[Answer], bool] = lambda _answer: True,
        allowed: Callable[[Answer], bool] = lambda _answer: True,
        slack_seconds: float = 1.0,
        recovery_limit_s: float = 30.0,
    ) -> Score:
        """Settle, count, return the outcome; `required` tells which answers had to be kept, `allowed` which may be."""
        self.settle()
        total = Score(self.name, 0)
        state = self.folder / "state"
        if self.publishers:
            acked: Points = {}
            published: Points = {}
            for publisher in self.publishers:
                acked |= publisher.acked
                published |= publisher.published
            total = total.plus(against_published(self.name, in_history(state, "ch4"), acked, published))
            if self.plan.has_database:
                rows = in_sink(self.database, "combustible_gas_value", len(acked))
                total = total.plus(replace(against_published(self.name, rows, acked, published), sent=0))
        if self.plan.units:
            answers = [answer for answer in self.line.answers() if allowed(answer)]
            rows = in_history(state, "pressure")
            had_to = [answer for answer in answers if required(answer)]
            total = total.plus(against_answers(self.name, rows, answers, required=had_to, slack_seconds=slack_seconds))
            if self.plan.has_database:
                stored = in_sink(self.database, "water_pressure_value", len(had_to))
                kept = against_answers(self.name, stored, answers, required=had_to, slack_seconds=slack_seconds)
                total = total.plus(replace(kept, sent=0))
        return replace(
            total,
            recovery_s=round(recovery_s, 2),
            recovery_limit_s=recovery_limit_s,
            peak_rss_mb=round(self.gateway.peak_rss_mb, 1),
            seconds=round(time.monotonic() - self._started, 1),
            notes=tuple(self.notes),
            failures=tuple(self.failures),
        )

    def _write_site(self) -> Path:
        plan = self.plan
        collectors: dict[str, Any] = {}
        if self.broker is not None:
            collectors["broker"] = {
                "kind": "mqtt",
                "host": "127.0.0.1",
                "port": self.broker_link.port,
                "topics": ["city/{device}/up"],
                "in_flight": plan.in_flight,
                "keepalive_seconds": 5,
                **(plan.collector or {}),
            }
        if plan.units:
            collectors["line"] = {
                "kind": "modbus_tcp",
                "host": "127.0.0.1",
                "port": self.unit_link.port,
                "poll_seconds": plan.poll_seconds,
                "timeout_seconds": plan.timeout_seconds,
            }
        gas = range(plan.devices if self.broker is not None else 0)
        site: dict[str, Any] = {
            "site": {"id": "faults", "name": "faults"},
            "collectors": collectors,
            "assets": {f"MH-{i}": {"kind": "manhole", "lifeline": "gas"} for i in gas}
            | {f"P-{unit}": {"kind": "pipe", "lifeline": "water"} for unit in self.line.units},
            "devices": {
                f"gas-{i}": {
                    "profile": "gas/manhole_methane",
                    "collector": "broker",
                    "asset": f"MH-{i}",
                    **(plan.device or {}),
                }
                for i in gas
            }
            | {
                f"unit-{unit}": {
                    "profile": "water/keller_36xw",
                    "collector": "line",
                    "unit": unit,
                    "asset": f"P-{unit}",
                }
                for unit in self.line.units
            },
        }
        for key in ("channels", "ladders"):
            if chosen := getattr(plan, key):
                site[key] = chosen
        stores = dict(plan.stores or {})
        if plan.has_database:
            influxdb = {"url": f"http://127.0.0.1:{self.database_link.port}", "org": "city", "bucket": "lifeline"}
            stores["influxdb"] = influxdb | {"timeout_seconds": 2} | stores.get("influxdb", {})
        if stores:
            site["stores"] = stores
        path = self.folder / "site.yaml"
        path.write_text(yaml.safe_dump(site, sort_keys=False))
        return path
