"""A comparison as JSON and as CSV. docs/comparing.md lists the fields."""
import csv
import io
import json
import math
from typing import Any

from base.stats import Estimate
from base.text import csv_field
from compare import trend
from compare.code_verdicts import Change
from compare.comparison import ClaimRow, Comparison, Entry, Group
from compare.gate import Difference, Gate, may_compare
from compare.reduced import BreakEven, ContrastResult

SCHEMA = 1


def number(value: float | None) -> float | None:
    """JSON has no nan."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.10g}")


def estimate(of: Estimate) -> dict[str, Any]:
    return {"value": number(of.value), "lo": number(of.lo), "hi": number(of.hi), "n": of.n}


def difference(of: Difference) -> dict[str, Any]:
    return {"name": of.name, "kind": of.kind, "values": list(of.values), "rules_out": of.rules_out}


def gate(of: Gate, n_runs: int) -> dict[str, Any]:
    return {"allows_code": of.allows_code, "may": may_compare(of, n_runs),
            "differences": [difference(row) for row in of.differences]}


def change(of: Change) -> dict[str, Any]:
    key = of.new.key
    return {"kind": key.kind, "claim": key.claim, "experiment": key.experiment, "cell": key.cell, "name": key.name,
            "metric": key.metric, "unit": of.new.unit, "before": estimate(of.old.estimate),
            "after": estimate(of.new.estimate), "times_better": estimate(of.ratio), "p": number(of.p),
            "p_holm": number(of.p_holm), "delta": number(of.delta), "verdict": of.word, "reason": of.reason}


def trend_line(of: trend.Line, group: Group) -> dict[str, Any]:
    points = [{"run": entry.mark, **estimate(point.estimate)}
              for entry, point in zip(group.by_time, of.points) if point]
    return {"kind": of.key.kind, "claim": of.key.claim, "experiment": of.key.experiment, "cell": of.key.cell,
            "name": of.key.name, "metric": of.key.metric, "unit": of.unit, "points": points}


def group(of: Group) -> dict[str, Any]:
    has_trend = of.is_code and len(of.entries) > 2
    return {"runs": [entry.mark for entry in of.entries], "gate": gate(of.gate, len(of.entries)),
            "same_binary": len(of.entries) > 1 and of.is_same_binary,
            "code": [change(row) for row in of.changes], "only_in_one": list(of.only_in_one),
            "trend": [trend_line(line, of) for line in trend.lines(of)] if has_trend else []}


def contrast(of: ContrastResult) -> dict[str, Any]:
    return {"name": of.name, "metric": of.metric, "unit": of.unit, "times_better": estimate(of.ratio),
            "p_holm": number(of.p_holm), "delta": number(of.delta),
            "a": {"side": of.a_name, **estimate(of.a)}, "b": {"side": of.b_name, **estimate(of.b)}}


def claim(of: ClaimRow, entries: tuple[Entry, ...]) -> dict[str, Any]:
    verdicts = [{"run": entry.mark, "verdict": found.word, "reason": found.reason,
                 "contrasts": [contrast(row) for row in found.contrasts]}
                for entry, found in zip(entries, of.by_entry) if found]
    return {"claim": of.claim, "statement": of.statement, "together": of.summary, "flips": of.flips,
            "verdicts": verdicts}


def break_even(of: BreakEven) -> dict[str, Any]:
    return {"name": of.name, "unit": of.unit, "from": number(of.found.lo), "to": number(of.found.hi)}


def run(of: Entry) -> dict[str, Any]:
    return {"mark": of.mark, "label": of.label, "id": of.run.id, "machine": of.run.machine, "started": of.run.started,
            "commit": of.run.commit, "profile": of.run.profile, "grade": of.run.grade,
            "grade_reasons": list(of.run.grade_reasons), "properties": dict(of.run.properties),
            "break_evens": [break_even(row) for row in of.run.break_evens]}


def document(of: Comparison) -> dict[str, Any]:
    return {"schema": SCHEMA, "exit": int(of.ends), "found": sorted(of.outcomes), "threshold": number(of.threshold),
            "left_out": of.left_out, "runs": [run(entry) for entry in of.entries],
            "gate": gate(of.gate, len(of.entries)),
            "groups": [group(row) for row in of.groups], "claims": [claim(row, of.entries) for row in of.claims]}


def json_text(of: Comparison) -> str:
    return json.dumps(document(of), indent=1, ensure_ascii=False) + "\n"


# CSV: one row for each value, whatever it is of. Empty: it has none.

COLUMNS = ["table", "run", "label", "claim", "experiment", "cell", "name", "metric", "unit", "value", "lo", "hi", "n",
           "p_holm", "delta", "word", "reason"]


def row(table: str, **fields: Any) -> list[str]:
    out = []
    for column in COLUMNS:
        value = table if column == "table" else fields.get(column, "")
        if isinstance(value, float):
            value = "" if math.isnan(value) else f"{value:.10g}"
        out.append(csv_field(value) if isinstance(value, str) and column not in ("value", "lo", "hi") else str(value))
    return out


def of_estimate(of: Estimate) -> dict[str, Any]:
    return {"value": of.value, "lo": of.lo, "hi": of.hi, "n": of.n}


def gate_rows(of: Comparison) -> list[list[str]]:
    return [row("gate", run=entry.mark, label=entry.label, name=found.name, word=value, reason=found.rules_out)
            for found in of.gate.differences for entry, value in zip(of.entries, found.values)]


def code_rows(of: Comparison) -> list[list[str]]:
    out = []
    for of_group in of.groups:
        for found in of_group.changes:
            entry, key = of_group.entries[-1], found.new.key
            where = {"label": entry.label, "claim": key.claim, "experiment": key.experiment, "cell": key.cell,
                     "name": key.name, "metric": key.metric}
            for which, series in ((of_group.entries[0], found.old), (entry, found.new)):
                out.append(row(f"value of {key.kind}", **{**where, "label": which.label}, run=which.mark,
                               unit=series.unit, **of_estimate(series.estimate)))
            out.append(row(f"change of {key.kind}", **where, run=entry.mark, unit="times better",
                           **of_estimate(found.ratio), p_holm=found.p_holm, delta=found.delta, word=found.word,
                           reason=found.reason))
    return out


def claim_csv(of: Comparison) -> list[list[str]]:
    out = []
    for found in of.claims:
        for entry, result in zip(of.entries, found.by_entry):
            if result is None:
                continue
            where = {"run": entry.mark, "label": entry.label, "claim": found.claim, "experiment": result.experiment}
            out.append(row("claim", **where, name=found.statement, word=result.word, reason=result.reason))
            out += [row("contrast", **where, name=each.name, metric=each.metric, unit="times better",
                        **of_estimate(each.ratio), p_holm=each.p_holm, delta=each.delta, word=result.word)
                    for each in result.contrasts]
        out.append(row("together", claim=found.claim, name=found.statement, word=found.summary))
    return out


def entry_rows(of: Comparison) -> list[list[str]]:
    out = []
    for entry in of.entries:
        where = {"run": entry.mark, "label": entry.label}
        out.append(row("run", **where, name=entry.run.id, word=f"grade {entry.run.grade}",
                       reason="; ".join(entry.run.grade_reasons)))
        out += [row("break-even", **where, name=found.name, unit=found.unit,
                    lo="" if found.found.lo is None else found.found.lo,
                    hi="" if found.found.hi is None else found.found.hi) for found in entry.run.break_evens]
        out += [row("property", **where, name=name, word=value) for name, value in entry.run.properties]
    return out


def trend_rows(of: Comparison) -> list[list[str]]:
    return [row("trend", run=entry.mark, label=entry.label, claim=line.key.claim, experiment=line.key.experiment,
                cell=line.key.cell, name=line.key.name, metric=line.key.metric, unit=line.unit,
                **of_estimate(point.estimate))
            for found in of.groups if found.is_code and len(found.entries) > 2
            for line in trend.lines(found) for entry, point in zip(found.by_time, line.points) if point]


def csv_text(of: Comparison) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for part in (entry_rows, gate_rows, code_rows, claim_csv, trend_rows):
        writer.writerows(part(of))
    return out.getvalue()
