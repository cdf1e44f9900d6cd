"""A back-test as one HTML file that asks no server for anything: tables, then a plot of each hit, miss, false alarm.

Chinese and English stand side by side; a plot is drawn when it is scrolled to.
"""

from __future__ import annotations

import html
import importlib
import json
from collections.abc import Mapping, Sequence

from gateway.backtest.drawing import Plot
from gateway.backtest.scoring import Judged, Score
from gateway.backtest.spans import written
from gateway.errors import ConfigError, Fault

_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:72rem;
padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #d0d7de}
table{border-collapse:collapse;margin:.6rem 0}td,th{border:1px solid #d0d7de;padding:.25rem .6rem;text-align:right}
td:first-child,th:first-child{text-align:left}th{background:#f6f8fa}
figure{margin:1.2rem 0}figcaption b{display:block}figcaption{font-size:.92rem}.plot{height:260px}
.key span{display:inline-block;padding:0 .5rem;margin-right:.5rem}
"""
_DRAW = """
const plots=JSON.parse(document.getElementById("plots").textContent);
const draw=(box)=>{const one=plots[+box.dataset.plot];
Plotly.newPlot(box,one.traces,one.layout,{displaylogo:false,responsive:true,staticPlot:false});};
const seen=new IntersectionObserver((all)=>all.forEach((each)=>{if(each.isIntersecting){
seen.unobserve(each.target);draw(each.target);}}),{rootMargin:"600px"});
document.querySelectorAll(".plot").forEach((box)=>seen.observe(box));
"""
_KEY = (
    '<p class="key"><span style="background:rgba(196,23,27,.2)">标注事件 labelled event</span>'
    '<span style="background:rgba(46,125,50,.2)">良性事件 harmless event</span>'
    '<span style="background:rgba(120,120,120,.25)">此前 14 天的 5–95 % 范围 5–95 % band of the 14 days before</span>'
    "<span>┃ 报警 alarm</span><span>┅ 限值 limit</span></p>"
)


def plotly_js() -> str:
    """Return the drawing code to put into the page; ConfigError when the extra is not installed."""
    try:
        return str(importlib.import_module("plotly.offline").get_plotlyjs())
    except ImportError as error:
        hint = "pip install 'lifeline-gateway[reports]', or leave --out away"
        raise ConfigError([Fault("--out", 1, 1, "an HTML report needs plotly", hint)]) from error


def write_page(
    title: str, facts: Mapping[str, str], judged: Judged, sections: Sequence[tuple[str, Sequence[Plot], int]], code: str
) -> str:
    """Return the page; a section is its heading, its plots, and how many more there would be."""
    plots: list[Plot] = []
    parts = [f"<h1>回测报告 Back-test · {html.escape(title)}</h1>", _facts(facts), _summary(judged), _confusion(judged)]
    parts.append(_KEY)
    for heading, drawn, left_out in sections:
        parts.append(f"<h2>{html.escape(heading)} · {len(drawn) + left_out}</h2>")
        if left_out:
            parts.append(f"<p>另有 {left_out} 个未画出。{left_out} more are not drawn; --json has all of them.</p>")
        for plot in drawn:
            parts.append(_figure(plot, len(plots)))
            plots.append(plot)
    data = json.dumps([{"traces": one.traces, "layout": one.layout} for one in plots], ensure_ascii=False)
    # "</script>" inside a text must not end the script.
    data = data.replace("<", "\\u003c")
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>回测 Back-test · {html.escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}"
        f'<script type="application/json" id="plots">{data}</script>'
        f"<script>{code}</script><script>{_DRAW}</script></body></html>\n"
    )


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(said)}</td></tr>" for name, said in facts.items())
    return f"<table>{rows}</table>"


def _summary(judged: Judged) -> str:
    heads = (
        "事件种类 kind",
        "事件 events",
        "发现 found",
        "召回率 recall",
        "延迟中位数 median delay",
        "90 % 延迟 90 % delay",
        "提前量 lead time",
        "良性被报 harmless raised",
    )
    rows = [(kind, *_cells(score)) for kind, score in judged.by_kind.items()]
    rows.append(("合计 all", *_cells(judged.total)))
    total = judged.total
    per_month = "—" if total.false_per_sensor_month is None else f"{total.false_per_sensor_month:.3g}"
    worst = "—" if total.false_worst_sensor is None else f"{total.false_worst_sensor:.3g}"
    said = (
        f"<p>误报 {total.false_alarms} 次；每测点月 {per_month}，最差测点 {worst}（共 {judged.sensor_months:.3g}）。"
        f"{total.false_alarms} false alarms: {per_month} per sensor-month, worst sensor {worst} "
        f"({judged.sensor_months:.3g} sensor-months).</p>"
    )
    return f"<h2>结果 Result</h2>{_table(heads, rows)}{said}"


def _cells(score: Score) -> tuple[str, ...]:
    recall = "—" if score.recall is None else f"{score.recall:.0%}"
    raised = f"{score.benign_raised} / {score.benign}" if score.benign else "—"
    times = (score.delay_median_seconds, score.delay_90_seconds, score.lead_median_seconds)
    return str(score.events), str(score.found), recall, *map(written, times), raised


def _confusion(judged: Judged) -> str:
    hazards = sorted({hazard for counts in judged.confusion.values() for hazard in counts})
    if not hazards:
        return ""
    rows = [
        (kind, *(str(counts.get(hazard, 0) or "") for hazard in hazards)) for kind, counts in judged.confusion.items()
    ]
    head = "<h2>混淆 What was said at each kind of event</h2>"
    return head + _table(("事件种类 kind", *hazards), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    rest = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{rest}</table>"


def _figure(plot: Plot, number: int) -> str:
    caption = f"<figcaption><b>{html.escape(plot.heading)}</b>{html.escape(plot.said)}</figcaption>"
    return f'<figure>{caption}<div class="plot" data-plot="{number}"></div></figure>'
