"""What came of rehearsals, as a table, a JSON document and JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from gateway.clock import to_iso

if TYPE_CHECKING:
    from gateway.app.rehearsal import Counted
    from simulators.models.contract import Window
    from simulators.scenarios.judging import Judgement, Raised
    from simulators.scenarios.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One rehearsal: what was expected, what was true, what the gateway said."""

    scenario: Scenario
    judgement: Judgement
    windows: Sequence[Window]
    raised: Sequence[Raised]
    counted: Counted
    seconds: float


def print_table(results: Sequence[Rehearsed]) -> None:
    """Print every verdict, and what was false."""
    for result in results:
        passed = "ok    " if result.judgement.is_passed else "FAILED"
        counted = result.counted
        print(f"{passed} {result.scenario.name}  {result.scenario.title}  ({result.seconds:.1f} s)")
        print(f"         {counted.messages:,} messages, {counted.polls:,} polls, {counted.kept:,} readings kept")
        for verdict in result.judgement.verdicts:
            mark = "FAIL" if verdict.fails_the_run else "wait" if verdict.expectation.pending else "ok"
            print(f"  {mark:>4}   {verdict.expectation.sentence}: {verdict.said}")
        for false in result.judgement.false:
            print(f"         without a cause: {false.peak} {false.hazard} on {false.asset}")
    failed = sum(not result.judgement.is_passed for result in results)
    print(f"rehearsals: {len(results) - failed} passed, {failed} failed")


def as_document(result: Rehearsed) -> dict[str, Any]:
    """Return one rehearsal as plain values for `--json`."""
    return {
        "scenario": result.scenario.name,
        "passed": result.judgement.is_passed,
        "expectations": [
            {
                "want": str(verdict.expectation.sentence),
                "met": verdict.is_met,
                "pending": verdict.expectation.pending or None,
                "said": verdict.said,
            }
            for verdict in result.judgement.verdicts
        ],
        "truth": [
            {
                "start": to_iso(window.start_ns),
                "end": to_iso(window.end_ns),
                "kind": window.kind,
                "asset": window.asset,
                "hazard": window.hazard or None,
                **({"detail": dict(window.detail)} if window.detail else {}),
            }
            for window in result.windows
        ],
        "warnings": [
            {
                "hazard": one.hazard,
                "asset": one.asset,
                "climbs": [{"time": to_iso(when), "level": level} for when, level in one.climbs],
            }
            for one in result.raised
        ],
        "false": [f"{one.hazard} on {one.asset}" for one in result.judgement.false],
        "delays_seconds": dict(result.judgement.delays),
        "counted": result.counted._asdict(),
        "seconds": round(result.seconds, 1),
    }


def as_junit(results: Sequence[Rehearsed]) -> str:
    """Return the verdicts as JUnit XML: a suite a scenario, a case an expectation."""
    root = ET.Element("testsuites", name="lifeline rehearse")
    for result in results:
        verdicts = result.judgement.verdicts
        suite = ET.SubElement(
            root,
            "testsuite",
            name=result.scenario.name,
            tests=str(len(verdicts)),
            failures=str(sum(verdict.fails_the_run for verdict in verdicts)),
            skipped=str(sum(bool(one.expectation.pending) and not one.fails_the_run for one in verdicts)),
            time=f"{result.seconds:.1f}",
        )
        for verdict in verdicts:
            sentence = str(verdict.expectation.sentence)
            case = ET.SubElement(suite, "testcase", classname=result.scenario.name, name=sentence)
            if verdict.fails_the_run:
                ET.SubElement(case, "failure", message=verdict.said)
            elif verdict.expectation.pending:
                ET.SubElement(case, "skipped", message=verdict.expectation.pending)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
