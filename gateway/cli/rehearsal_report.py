"""Rehearsals as one HTML page: the truth, the warnings and the verdicts on one axis of time, a figure a scenario.

The page holds all it needs, the plotting library too, and asks no server for anything.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go
import plotly.io

from gateway.cli.rehearsed import Rehearsed
from gateway.model import SECOND

_COLOURS = {"blue": "#2f6fde", "yellow": "#e3b505", "orange": "#e8710a", "red": "#c5221f"}
_TRUTH, _DECOY = "#8a8f98", "#c9cdd3"
_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:#1f2328}
body{margin:2rem auto;max-width:70rem;padding:0 1rem}
h1{font-size:1.5rem} h2{font-size:1.15rem;margin:2rem 0 .3rem} ul{list-style:none;padding:0} li{padding:.1rem 0}
.ok{color:#1a7f37}.failed{color:#c5221f;font-weight:600}.wait{color:#6e7781}
"""


def as_html(results: Sequence[Rehearsed]) -> str:
    """Return the report as one self-contained page."""
    failed = sum(not result.judgement.is_passed for result in results)
    parts = [_scenario(result, is_first=number == 0) for number, result in enumerate(results)]
    return (
        "<!doctype html><html lang='zh'><head><meta charset='utf-8'><title>演练报告 · Rehearsals</title>"
        f"<style>{_STYLE}</style></head><body><h1>演练报告 · Rehearsals</h1>"
        f"<p>{len(results) - failed} 通过 passed, {failed} 未通过 failed</p>{''.join(parts)}</body></html>\n"
    )


def _scenario(result: Rehearsed, *, is_first: bool) -> str:
    scenario = result.scenario
    rows = []
    for verdict in result.judgement.verdicts:
        mark = "failed" if verdict.fails_the_run else "wait" if verdict.expectation.pending else "ok"
        rows.append(f"<li class='{mark}'>{html.escape(f'{verdict.expectation.sentence}: {verdict.said}')}</li>")
    false = "".join(
        f"<li class='failed'>无因由 without a cause: {html.escape(f'{one.hazard} on {one.asset}')}</li>"
        for one in result.judgement.false
    )
    figure = plotly.io.to_html(_figure(result), full_html=False, include_plotlyjs=is_first)
    title = f"{scenario.title} · {scenario.name}"
    return f"<h2>{html.escape(title)}</h2><ul>{''.join(rows)}{false}</ul>{figure}"


def _figure(result: Rehearsed) -> Any:
    figure = go.Figure()
    for window in result.windows:
        label = f"真实 truth: {window.kind} {window.asset}"
        figure.add_trace(
            go.Scatter(
                x=[_time(window.start_ns), _time(window.end_ns)],
                y=[label, label],
                mode="lines",
                line={"width": 12, "color": _TRUTH if window.hazard else _DECOY},
                name=window.hazard or "decoy",
                hovertext=window.hazard or "no hazard",
            )
        )
    for one in result.raised:
        label = f"预警 warning: {one.hazard} {one.asset}"
        ends = [*(when for when, _ in one.climbs[1:]), result.scenario.end_ns]
        for (when, level), end in zip(one.climbs, ends, strict=True):
            figure.add_trace(
                go.Scatter(
                    x=[_time(when), _time(end)],
                    y=[label, label],
                    mode="lines+markers",
                    line={"width": 8, "color": _COLOURS[level]},
                    name=level,
                )
            )
    figure.add_vline(x=_time(result.scenario.start_ns), line={"dash": "dot", "color": "#6e7781"})
    rows = len(result.windows) + len(result.raised)
    figure.update_layout(
        height=max(180, 60 + 34 * rows),
        margin={"l": 10, "r": 10, "t": 10, "b": 30},
        showlegend=False,
        plot_bgcolor="#fff",
        xaxis={"gridcolor": "#eceef1"},
        yaxis={"autorange": "reversed", "automargin": True},
    )
    return figure


def _time(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / SECOND, UTC)
