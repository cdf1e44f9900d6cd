from __future__ import annotations

import asyncio

from gateway.app.tasks import Tasks


async def rest(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def started(tasks: Tasks, ended: list[str], *names: str) -> None:
    for name in names:
        tasks.start(name, rest(ended, name))
    await asyncio.sleep(0)


async def test_some_end_and_the_others_go_on() -> None:
    tasks, ended = Tasks(), list[str]()
    await started(tasks, ended, "one", "two")

    await tasks.end(["one", "never started"])

    assert ended == ["one"]
    assert tasks.running("one") is None
    two = tasks.running("two")
    assert two is not None
    assert not two.done()
    await tasks.stop()


async def test_one_of_the_same_name_takes_the_place_of_the_older() -> None:
    tasks, ended = Tasks(), list[str]()
    await started(tasks, ended, "one")
    older = tasks.running("one")

    await started(tasks, ended, "one")

    assert ended == ["one"]
    assert tasks.running("one") is not older
    await tasks.stop()


async def test_all_end_and_are_waited_for() -> None:
    tasks, ended = Tasks(), list[str]()
    await started(tasks, ended, "one", "two")

    await tasks.stop()

    assert sorted(ended) == ["one", "two"]
    assert tasks.running("two") is None
