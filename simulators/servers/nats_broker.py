"""nats-server as a durable MQTT 3.1.1 broker: what it acknowledged is on disk, even when it is killed."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

from gateway.errors import Unreachable
from simulators.servers.child import HOST, Child, free_port

_CONFIG = """\
# MQTT needs a server name.
server_name: lifeline
listen: "{host}:-1"
jetstream {{ store_dir: "{folder}", sync_interval: always }}
mqtt {{ listen: "{host}:{port}", ack_wait: "{ack_wait_seconds}s", max_ack_pending: {max_ack_pending} }}
{extra}
"""


class NatsBroker(Child):
    """A broker on an ephemeral port whose sessions and messages lie in the given folder.

    An unacknowledged message comes again after `ack_wait_seconds`, not at reconnect: make it longer than the
    subscriber's longest commit stall. After `stop` or `kill`, `start` continues on the same port with the same
    messages.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ack_wait_seconds: float = 30.0,
        max_ack_pending: int = 1_000,
        port: int | None = None,
        extra: str = "",
    ) -> None:
        port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "nats.conf"
        config.write_text(
            _CONFIG.format(
                host=HOST,
                port=port,
                folder=folder / "jetstream",
                ack_wait_seconds=ack_wait_seconds,
                max_ack_pending=max_ack_pending,
                extra=extra,
            )
        )
        super().__init__([nats_server(), "-c", str(config)], port, folder / "nats.log")


def nats_server() -> str:
    """Return the path of the nats-server program that the extra `demo` installs, or one on the path."""
    found = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    if found is None:
        raise Unreachable("nats-server is not installed: pip install 'lifeline-gateway[demo]'")
    return found
