"""mosquitto with a configuration of its own; the program is Debian's and its path is given."""

from __future__ import annotations

from pathlib import Path

from simulators.servers.child import HOST, Child, free_port

# `user root`: a mosquitto started by root would otherwise drop to an account that cannot write in the folder.
_CONFIG = """\
user root
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_on_changes true
autosave_interval 1
max_queued_messages {max_queued_messages}
max_inflight_messages {max_inflight_messages}
log_dest stderr
log_type error
log_type warning
log_type notice
{extra}
"""


class MosquittoBroker(Child):
    """A broker on an ephemeral port whose sessions lie in the given folder.

    Every change is saved at once, yet a kill may lose what was acknowledged a moment before: mosquitto does not sync.
    The queue and the window are raised; with its defaults (1,000 and 20) it drops acknowledged messages.
    """

    def __init__(
        self,
        program: str | Path,
        folder: Path,
        *,
        max_queued_messages: int = 1_000_000,
        max_inflight_messages: int = 1_000,
        port: int | None = None,
        extra: str = "",
    ) -> None:
        port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "mosquitto.conf"
        config.write_text(
            _CONFIG.format(
                host=HOST,
                port=port,
                folder=folder,
                max_queued_messages=max_queued_messages,
                max_inflight_messages=max_inflight_messages,
                extra=extra,
            )
        )
        super().__init__([str(program), "-c", str(config)], port, folder / "mosquitto.log")
