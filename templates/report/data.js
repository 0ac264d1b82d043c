// The program's data in the page, and its unpacking. The script is made of these files, in this order: data, text,
// draw, chart, time, trend, waterfall, distribution, tables, nodes, turns, main.
//
// The form of the data (schema "sse-perf/page/1"). A value that was not measured is `null`. A whole series that the
// files of the run do not have is `null` or missing. Instants are seconds since the start of the run, unless stated
// otherwise.
//
// language   the language in which the page opens: "en" or "zh"
// brand      the brand's name, or null for none
// run        version, run_id, label, target, protocol, model, command: texts or null
//            started_at (RFC 3339), started_ms (Unix time in ms), offset_min (local time - UTC)
//            users, ramp_up_s, hold_s, requests: as planned; hold_s or requests is null where it sets no limit
//            duration_s: first start to last end; end_s: the last end
//            host: {name, cores, os}, runs: number of runs merged, files: the files read, for `report`
// warnings   [{en, zh}]
// verdict    {grade, reasons: [{en, zh}]}: whether the client itself falsified the figures; grade: "VALID",
//            "DEGRADED", "CLIENT-LIMITED"; null if unknown
// summary    the run's figures by their identifiers in src/stats/figures.rs, the sums of metrics with "count", retries,
//            output_tokens, token_source ("usage", "estimate", "events", "tokenizer", "mixed")
// metrics    [{id, unit, flags}]: the program's table of metrics; flags are those of src/metrics/unit.rs
// statistics {metric: [count, mean, std_dev, min, p50, p90, p95, p99, max]} in the metric's unit, of metrics with the
//            flag "statistics"
// points     a point per request, at the request's end, of metrics with "series", and of `failed`, the time until a
//            request failed. Each is {of, t, n, v}: of: number of points before the reduction; t: ms, and n: number
//            of the request, both as differences from the point before; v: whole thousandths of the unit. Ascending
//            by t.
// ticks      {step_s, count, <series>}: tick i covers [i, i + 1) * step_s; a series is an array of numbers or nulls
//            rps, throughput, active_users, total_users (at the tick's end), total, total_ok, total_failed (so far),
//            itl_p50, itl_p90, itl_p99; <metric> with "series": the mean of the requests that succeeded in the tick;
//            <metric>_so_far with "so_far".
//            If step_s > 1, rps_min, rps_max, throughput_min and throughput_max are those of single seconds in a tick.
// failures   [{kind, count, first_s, detail, ticks}], by kind; ticks: counts as above
// failure_groups [{kind, count, first_s, detail: {en, zh}, hint: {en, zh}}] by kind, HTTP status and message, the largest first
// distributions {metric with "histogram"}: {log, edges, counts}: counts[i] values lie in [edges[i], edges[i + 1]); the
//            last bin includes its upper edge; edges in ms, at even distances or (log) in even ratios
// waterfall  {of, request, user, attempts, outcome, start, sent, connect, first_byte, first_token, last_token,
//            end, stall_at, stall}: arrays, a place per request, ordered by start. outcome: "ok", "cancelled",
//            "abandoned" or the kind of failure; start in ms since the run's start, the other instants in ms since
//            the request's start; connect: duration of DNS, connect and TLS; stall: length of the longest gap, if it
//            stands out, and stall_at: the start of this gap
// spans      {approximate, before_model, left_out, nodes}; null if streams told of no nodes of a workflow, or without
//            the run JSON. nodes: [{id, kind, title, model, count, failed, unfinished, begun, client, server}] in the
//            order in which they were first seen; model: whether a model generates text in the node; count: nodes that
//            ended, failed nodes included; begun: mean time from the start of the request to the start of the node, in
//            ms, over the nodes in `client`; client and server: durations in ms by each clock, without failed nodes, a
//            row as in `statistics` or null. before_model: such a row of the share of TTFT, in percent, before the
//            first model begins. left_out: nodes of further ids; approximate: percentiles are at most 0.5% off,
//            because runs were merged
// turns      [{turn, ok, failed, ttft}] by turn of the conversation, ttft: a row as in `statistics`, in ms, or null;
//            empty where requests were no turns of conversations
// breakdowns {key, query, run}: {of, names, figures}: the first 100 of `of` groups; names: arrays of texts
//            (key: [masked key], query: [text], run: [run id, label, host, target, model]); figures: arrays
//            [requests, ok, failed, then of metrics with "group_percentiles" P50 and P99, with "group_mean" the mean,
//            with "group_sum" the sum, in the table's order]. `run` is null where there was a single one.

const data = JSON.parse(document.getElementById('data').textContent);

const STATISTICS = ['count', 'mean', 'std_dev', 'min', 'p50', 'p90', 'p95', 'p99', 'max'];
// The metrics with a flag, in the table's order.
const metricsWith = (flag) => data.metrics.filter(({ flags }) => flags.includes(flag));

// The numbers whose differences are in an array.
function undelta(differences) {
  let sum = 0;
  return differences.map((difference) => (sum += difference));
}

// The points of a metric as {of, t in seconds, n, v in the metric's unit}; null if the files do not have them.
function unpackPoints(metric) {
  const packed = data.points[metric];
  if (!packed) return null;
  return {
    of: packed.of,
    t: undelta(packed.t).map((ms) => ms / 1000),
    n: undelta(packed.n),
    v: packed.v.map((thousandths) => thousandths / 1000),
  };
}

// A figure in a row of statistics, by its name; null without a row.
function figureOf(row, name) {
  return row ? row[STATISTICS.indexOf(name)] : null;
}

// A figure of a metric, by its name; null if the metric was not measured.
function statistic(metric, name) {
  return figureOf(data.statistics[metric], name);
}

// Whether the page compares turns.
function hasTurns() {
  return data.turns.length > 1;
}
