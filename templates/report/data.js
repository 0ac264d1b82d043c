// What the program measured, as it stands in the page, and how it is unpacked. The script is these files one after
// the other: data, text, draw, chart, time, trend, waterfall, distribution, tables, nodes, turns, main.
//
// The contract with the program (schema "sse-perf/page/1"). `null` is "not measured" wherever a value
// may be missing; `null` in place of a whole series, or none of it, is "not available from the files that were read".
// Instants are seconds since the start of the run, unless they say otherwise.
//
// language   "en" or "zh": the run's
// brand      the brand's name, or null for none
// run        version, run_id, label, target, protocol, model, command: texts or null
//            started_at (RFC 3339), started_ms (Unix time in ms), offset_min (local time - UTC)
//            users, ramp_up_s, hold_s, requests: as planned; hold_s or requests is null where it sets no limit
//            duration_s: first start to last end; end_s: the last end
//            host: {name, cores, os}, runs: number of runs merged, files: the files read, for `report`
// warnings   [{en, zh}]
// verdict    {grade, reasons: [{en, zh}]}: how far the figures are the service's and not the client's own; grade:
//            "VALID", "DEGRADED", "CLIENT-LIMITED"; null where it is not known
// summary    requests, ok, failed, cancelled, abandoned, success_rate (0 to 1), chunks, retries, reconnects,
//            output_tokens, token_source ("usage", "estimate", "events", "tokenizer", "mixed"), rps,
//            throughput (tokens/s)
// statistics {metric: [count, mean, std_dev, min, p50, p90, p95, p99, max]} in ms, ms/token, tokens/s, tokens;
//            metrics: ttfb ttfe ttft ttfa tpot itl response tokens_per_s output_tokens connect
// points     a point per request, at its end: {ttft, tpot, ttfb, tokens_per_s, response, output_tokens, failed};
//            `failed` is the time until the request failed. Each is {of, t, n, v}:
//            of: how many there were before the reduction; t: ms, n: number of the request, both as
//            differences to the one before; v: whole thousandths of the unit. In order of t.
// ticks      {step_s, count, <series>}: tick i covers [i, i + 1) * step_s; a series is an array of numbers or nulls
//            rps, throughput, active_users, total_users (at the tick's end), response, tpot, ttft, ttfb,
//            tokens_per_s, output_tokens (means of the requests that succeeded in the tick), response_so_far,
//            tpot_so_far, total, total_ok, total_failed (so far), itl_p50, itl_p90, itl_p99.
//            Where step_s > 1, <series>_min and <series>_max hold the extreme seconds of rps and throughput.
// failures   [{kind, count, first_s, detail, ticks}], by kind; ticks: counts as above
// distributions {ttft, response}: {log, edges, counts}: counts[i] lies in [edges[i], edges[i + 1]), the last
//            closed; edges in ms, evenly spaced or (log) in even ratios
// waterfall  {of, request, user, attempts, outcome, start, sent, connect, first_byte, first_token, last_token,
//            end, stall_at, stall}: arrays, a place per request, ordered by start. outcome: "ok", "cancelled",
//            "abandoned" or the kind of failure; start in ms since the run's start, the other instants in ms since
//            the request's start; connect: duration of DNS, connect and TLS; stall: length of the longest gap where
//            it stands out, and stall_at where that gap began
// spans      {approximate, before_model, left_out, nodes}; null where streams told of no nodes of a workflow, or where
//            the run's JSON is not there. nodes: [{id, kind, title, model, count, failed, unfinished, begun, client,
//            server}] in the order in which they were first seen; model: a model generates text in it; count: how many
//            ended, failed ones included; begun: mean time from the start of the request to that of the node, in ms, of
//            those of `client`; client and server: durations in ms by either clock, failed ones apart, a row as in
//            `statistics` or null. before_model: such a row, the share of TTFT in percent before the first model.
//            left_out: nodes of further ids; approximate: percentiles are at most 0.5% off, as runs were merged
// turns      [{turn, ok, failed, ttft}] by turn of the conversation, ttft: a row as in `statistics`, in ms, or null;
//            empty where requests were no turns of conversations
// breakdowns {key, query, run}: {of, names, figures}: the first 100 of `of` groups; names: arrays of texts
//            (key: [masked key], query: [text], run: [run id, label, host, target, model]); figures: arrays
//            [requests, ok, failed, ttft_p50, ttft_p99, tpot_mean, response_p50, response_p99, tokens_per_s_mean,
//            output_tokens]. `run` is null where there was a single one.

const data = JSON.parse(document.getElementById('data').textContent);

const STATISTICS = ['count', 'mean', 'std_dev', 'min', 'p50', 'p90', 'p95', 'p99', 'max'];
const METRICS = {
  ttfb: 'ms', ttfe: 'ms', ttft: 'ms', ttfa: 'ms', tpot: 'ms/token', itl: 'ms', response: 'ms',
  tokens_per_s: 'tokens/s', output_tokens: 'tokens', connect: 'ms',
};

// The sums of an array of differences.
function undelta(differences) {
  let sum = 0;
  return differences.map((difference) => (sum += difference));
}

// The points of a metric as {of, t in seconds, n, v in the metric's unit}; null where they are not available.
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

// A named figure of a row of statistics, null without the row.
function figureOf(row, name) {
  return row ? row[STATISTICS.indexOf(name)] : null;
}

// A named figure of a metric, null where the metric was not measured.
function statistic(metric, name) {
  return figureOf(data.statistics[metric], name);
}

// Whether there are turns to be compared.
function hasTurns() {
  return data.turns.length > 1;
}
