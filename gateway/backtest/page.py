"""A back-test as one HTML file that asks no server for anything: figures first, then what went wrong, plot by plot.

Chinese and English stand side by side; a plot is drawn when it is scrolled to.
"""

from __future__ import annotations

import html
import importlib
import json
from collections.abc import Iterable, Mapping, Sequence

from gateway.backtest.drawing import BAND, COLOURS, EVENT, HARMLESS, OTHER, Plot
from gateway.backtest.report import Section, hazard_title, sources
from gateway.backtest.scoring import Judged, Score
from gateway.backtest.spans import written
from gateway.errors import ConfigError, Fault

_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:1.5rem auto;max-width:72rem;
padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem;margin:.2rem 0;overflow-wrap:anywhere}h2{font-size:1.2rem;margin-top:2rem;
border-bottom:1px solid #d0d7de}.about{color:#57606a;margin:.2rem 0 1rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem}
.tile{border:1px solid #d0d7de;border-radius:6px;padding:.5rem .7rem}.tile b{display:block;font-size:1.55rem;
line-height:1.25}.tile small{display:block;color:#57606a}.bad b{color:#b3261e}
nav{margin:.9rem 0 0}nav a{margin-right:1rem;display:inline-block}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.6rem 0}td,th{border:1px solid #d0d7de;
padding:.25rem .6rem;text-align:right;white-space:nowrap}td:first-child,th:first-child,.words td,.words th{
text-align:left}th,.words td{white-space:normal;overflow-wrap:anywhere}th{background:#f6f8fa;font-weight:600}
tr.total td{font-weight:600;border-top:2px solid #8c959f}
figure{margin:1.3rem 0}figcaption b{display:block}figcaption{font-size:.92rem;overflow-wrap:anywhere}
.plot{height:260px}.level{display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.4em}
.key{position:sticky;top:0;background:#fff;padding:.4rem 0;z-index:1;font-size:.85rem;border-bottom:1px solid #eaeef2}
.key span{display:inline-block;padding:0 .45rem;margin:.1rem .4rem .1rem 0}
@media(max-width:40rem){.key{position:static}}@media print{.key{position:static}figure{break-inside:avoid}}
"""
_DRAW = """
const plots=JSON.parse(document.getElementById("plots").textContent);
const draw=(box)=>{const one=plots[+box.dataset.plot];
Plotly.newPlot(box,one.traces,one.layout,{displaylogo:false,responsive:true,displayModeBar:"hover",
modeBarButtonsToRemove:["select2d","lasso2d","autoScale2d"]});};
const seen=new IntersectionObserver((all)=>all.forEach((each)=>{if(each.isIntersecting){
seen.unobserve(each.target);draw(each.target);}}),{rootMargin:"600px"});
document.querySelectorAll(".plot").forEach((box)=>seen.observe(box));
"""
_KEY = (
    '<p class="key">'
    + "".join(
        f'<span style="background:{colour}">{said}</span>'
        for colour, said in (
            (EVENT, "本事件 this event"),
            (OTHER, "其他标注 other labels"),
            (HARMLESS, "良性 harmless"),
            (BAND, "此前 14 天 5–95 % 范围 band of the 14 days before"),
        )
    )
    + "<span>┃ 报警 alarm</span><span>┅ 限值 limit</span></p>"
)


def plotly_js() -> str:
    """Return the drawing code to put into the page; ConfigError when the extra is not installed."""
    try:
        return str(importlib.import_module("plotly.offline").get_plotlyjs())
    except ImportError as error:
        hint = "pip install 'lifeline-gateway[reports]', or leave --out away"
        raise ConfigError([Fault("--out", 1, 1, "an HTML report needs plotly", hint)]) from error


def write_page(
    title: str, about: str, facts: Mapping[str, str], judged: Judged, sections: Sequence[Section], *, code: str
) -> str:
    """Return the page; `about` is the line under its title, `facts` say at its end how it was judged."""
    plots: list[Plot] = []
    parts = [
        f"<h1>回测报告 Back-test · {html.escape(title)}</h1>",
        f'<p class="about">{html.escape(about)}</p>',
        _tiles(judged),
        _links(sections),
        _by_kind(judged),
        _confusion(judged),
        _sources(judged),
        _KEY if any(section.plots for section in sections) else "",
    ]
    for section in sections:
        if not section.total:
            continue
        parts.append(f'<h2 id="{section.id}">{html.escape(section.heading)} · {section.total}</h2>')
        if left_out := section.total - len(section.plots):
            parts.append(f"<p>另有 {left_out} 个未画出。{left_out} more are not drawn; --json has all of them.</p>")
        for plot in section.plots:
            parts.append(_figure(plot, len(plots)))
            plots.append(plot)
    parts.append('<h2 id="terms">怎样评判 How it was judged</h2>' + _table((), list(facts.items()), words=True))
    data = json.dumps(
        [{"traces": one.traces, "layout": one.layout} for one in plots], ensure_ascii=False, separators=(",", ":")
    )
    # "</script>" inside a text must not end the script.
    data = data.replace("<", "\\u003c")
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>回测 Back-test · {html.escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}"
        f'<script type="application/json" id="plots">{data}</script>'
        f"<script>{code}</script><script>{_DRAW}</script></body></html>\n"
    )


def _tiles(judged: Judged) -> str:
    """Return the figures that decide, large."""
    total = judged.total
    recall = "—" if total.recall is None else f"{total.recall:.0%}"
    rate = "—" if total.false_per_sensor_month is None else f"{total.false_per_sensor_month:.3g}"
    worst = "—" if total.false_worst_sensor is None else f"{total.false_worst_sensor:.3g}"
    most = judged.sensor_months
    months = f"{most:,.0f}" if most >= 100.0 else f"{most:.3g}"  # noqa: PLR2004 - three digits are enough
    tiles = [
        (recall, "召回率 recall", f"{total.found} / {total.events} 个事件 events", total.found < total.events),
        (written(total.delay_median_seconds), "延迟中位数 median delay", "从标注开始 from labelled start", False),
        (written(total.delay_90_seconds), "90 % 延迟 delay", "九成不超过 nine in ten within", False),
        (written(total.lead_median_seconds), "提前量 lead time", "到危险线，中位数 to the danger line, median", False),
        (
            rate,
            "误报/测点月 false per sensor-month",
            f"{total.false_alarms} 次 / {months} 测点月；最差测点 worst {worst}",
            False,
        ),
        (
            f"{total.benign_raised} / {total.benign}" if total.benign else "—",
            "良性事件被报 harmless raised",
            "越少越好 fewer is better",
            total.benign_raised > 0,
        ),
    ]
    return '<div class="tiles">' + "".join(_tile(*tile) for tile in tiles) + "</div>"


def _tile(figure: str, name: str, more: str, is_bad: bool) -> str:  # noqa: FBT001 - one call, above
    style = "tile bad" if is_bad else "tile"
    return (
        f'<div class="{style}"><b>{html.escape(figure)}</b>{html.escape(name)}<small>{html.escape(more)}</small></div>'
    )


def _links(sections: Sequence[Section]) -> str:
    links = [f'<a href="#{one.id}">{html.escape(one.heading)} · {one.total}</a>' for one in sections if one.total]
    return f'<nav>{"".join(links)}<a href="#terms">怎样评判 How it was judged</a></nav>'


def _by_kind(judged: Judged) -> str:
    heads = (
        "事件种类 kind",
        "事件 events",
        "发现 found",
        "召回率 recall",
        "延迟中位数 median delay",
        "90 % 延迟 delay",
        "提前量 lead time",
        "良性被报 harmless raised",
    )
    rows = [(kind, *_cells(judged.by_kind[kind])) for kind in _ranked(judged)]
    rows.append(("合计 all", *_cells(judged.total)))
    return f"<h2>按事件种类 By kind of event</h2>{_table(heads, rows, has_total=True)}"


def _ranked(judged: Judged) -> list[str]:
    """Return the kinds of events: real ones, then those of sensors, then harmless ones."""
    return sorted(judged.by_kind, key=lambda kind: (judged.by_kind[kind].events == 0, kind.startswith("sensor_")))


def _cells(score: Score) -> tuple[str, ...]:
    recall = "—" if score.recall is None else f"{score.recall:.0%}"
    raised = f"{score.benign_raised} / {score.benign}" if score.benign else "—"
    counts = (str(score.events), str(score.found)) if score.events else ("—", "—")
    times = (score.delay_median_seconds, score.delay_90_seconds, score.lead_median_seconds)
    return *counts, recall, *map(written, times), raised


def _confusion(judged: Judged) -> str:
    hazards = sorted({hazard for counts in judged.confusion.values() for hazard in counts})
    if not hazards:
        return ""
    sizes = {kind: score.events + score.benign for kind, score in judged.by_kind.items()}
    rows = [
        (kind, str(sizes[kind]), *(str(judged.confusion[kind].get(hazard, 0) or "") for hazard in hazards))
        for kind in _ranked(judged)
        if kind in judged.confusion
    ]
    heads = ("事件种类 kind", "事件 events", *map(hazard_title, hazards))
    said = "每种事件发生时，有多少次报出该险情。At how many events of each kind each hazard was said."
    return f"<h2>混淆 Confusion</h2><p>{said}</p>{_table(heads, rows)}"


def _sources(judged: Judged) -> str:
    """Return which rules the false alarms come from: what to mend first."""
    rows, more = sources(judged.false_alarms)
    if not rows:
        return ""
    heads = ("险情 hazard", "规则 rule", "资产 assets", "次 times")
    rest = f"<p>另有 {more} 条规则 {more} more rules</p>" if more else ""
    return f"<h2>误报来自 Where the false alarms come from</h2>{_table(heads, rows, words=True)}{rest}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False, has_total: bool = False) -> str:
    first = "<tr>" + "".join(f"<th>{html.escape(head)}</th>" for head in heads) + "</tr>" if heads else ""
    written_rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    last = len(written_rows) - 1
    body = "".join(
        ('<tr class="total">' if has_total and place == last else "<tr>") + row
        for place, row in enumerate(written_rows)
    )
    return f'<div class="wide"><table{" class=words" if words else ""}>{first}{body}</table></div>'


def _figure(plot: Plot, number: int) -> str:
    dot = f'<span class="level" style="background:{COLOURS[plot.level]}"></span>' if plot.level in COLOURS else ""
    caption = f"<figcaption><b>{dot}{html.escape(plot.heading)}</b>{html.escape(plot.said)}</figcaption>"
    return f'<figure>{caption}<div class="plot" data-plot="{number}"></div></figure>'
