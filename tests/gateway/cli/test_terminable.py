from __future__ import annotations

import os
import signal
import threading

import pytest

from gateway.cli.terminable import terminable


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_the_block_and_cleans_up(how: signal.Signals, code: int) -> None:
    cleaned = []

    def work() -> None:
        with terminable():
            try:
                os.kill(os.getpid(), how)
            finally:
                # A second one must not cut this short.
                os.kill(os.getpid(), how)
                cleaned.append(True)

    with pytest.raises(SystemExit) as ending:
        work()

    assert ending.value.code == code
    assert cleaned == [True]


def test_a_command_may_end_in_its_own_way() -> None:
    stopped = []

    with terminable() as stopping:
        stopping.by(lambda: stopped.append(True))
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

    assert stopped == [True]


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    with terminable():
        within = signal.getsignal(signal.SIGTERM)

    assert within != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_thread_that_may_handle_no_signals_runs_its_block_all_the_same() -> None:
    ran = []

    def work() -> None:
        with terminable() as stopping:
            ran.append(stopping.is_wanted)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert ran == [False]
