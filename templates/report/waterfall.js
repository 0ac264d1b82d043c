// The waterfall: a row per chosen request, with its phases: connecting, waiting, streaming.

class Waterfall extends TimeChart {
  constructor(rows) {
    super({
      id: 'waterfall', unit: null, wide: true, rows, marginTop: 22,
      series: [
        { id: 'attempts', colour: 11, mark: 'bars' }, { id: 'connecting', colour: 4, mark: 'bars' },
        { id: 'waiting', colour: 5, mark: 'bars' }, { id: 'streaming', colour: 0, mark: 'bars' },
        { id: 'stall', colour: 1, mark: 'bars' }, { id: 'unsuccessful', colour: 3, mark: 'crosses' },
      ],
      note: rows && rows.request.length < rows.of ? text('waterfall.chosen', { shown: number(rows.request.length), all: number(rows.of) }) : null,
    });
    this.detail = element('output', { class: 'detail' });
    this.legend.append(this.detail);
    const count = rows?.request.length ?? 0;
    this.figure.classList.add(count > 40 ? 'many' : count > 8 ? 'some' : 'few');
  }

  resizeForPaper() {
    this.resize(920, Math.max(200, this.stage.clientHeight), 3);
  }

  isAvailable() {
    return this.rows !== null;
  }

  isEmpty() {
    return !this.rows || this.rows.request.length === 0;
  }

  describe() {
    return this.note ?? text(this.isEmpty() ? 'nothing' : 'waterfall.all');
  }

  // The segments of a row, in seconds of the run: {series id: [from, to]}.
  segments(i) {
    const { rows } = this;
    const start = rows.start[i] / 1000;
    const at = (instants) => (instants[i] === null ? null : start + instants[i] / 1000);
    const end = at(rows.end);
    const sent = at(rows.sent);
    const connecting = (rows.connect[i] ?? 0) / 1000;
    const begun = sent === null ? start : Math.max(start, sent - connecting);
    const token = at(rows.first_token);
    const stalled = at(rows.stall_at);
    return {
      whole: [start, end],
      attempts: rows.attempts[i] > 1 && sent !== null ? [start, begun] : null,
      connecting: connecting > 0 ? [rows.attempts[i] > 1 ? begun : start, (rows.attempts[i] > 1 ? begun : start) + connecting] : null,
      waiting: sent === null ? null : [rows.attempts[i] > 1 ? sent : start + connecting, token ?? end],
      streaming: token === null ? null : [token, at(rows.last_token) ?? end],
      stall: stalled === null ? null : [stalled, stalled + rows.stall[i] / 1000],
    };
  }

  paintSeries(ctx) {
    const { rows, area } = this;
    for (const [value] of this.x.ticks) rule(ctx, this.x.at(value), area.top, this.x.at(value), area.bottom, colours.grid);
    rule(ctx, area.left, area.bottom, area.right, area.bottom, colours.axis);
    drawTimeLabels(ctx, area, this.x);
    this.inView = rows.request.map((_, i) => i).filter((i) => (
      rows.start[i] / 1000 <= view.to && (rows.start[i] + rows.end[i]) / 1000 >= view.from
    ));
    this.pitch = Math.min(18, (area.bottom - area.top) / Math.max(1, this.inView.length));
    const every = Math.ceil(14 / this.pitch);
    this.inView.forEach((i, place) => {
      const middle = area.top + (place + 0.5) * this.pitch;
      if (place % every === 0) label(ctx, `#${rows.request[i]}`, area.left - 8, middle, 'right');
      clipped(ctx, area, () => this.paintRow(ctx, i, middle, Math.max(1.5, this.pitch * 0.72)));
    });
  }

  paintRow(ctx, i, middle, thick) {
    const segments = this.segments(i);
    const bar = ([from, to], height) => {
      ctx.fillRect(this.x.at(from), middle - height / 2, Math.max(1, this.x.at(to) - this.x.at(from)), height);
    };
    ctx.fillStyle = colours.axis;
    bar(segments.whole, 1);
    for (const series of this.visible()) {
      if (!segments[series.id]) continue;
      ctx.fillStyle = fillFor(ctx, series.colour);
      bar(segments[series.id], thick);
    }
    if (this.rows.first_byte[i] !== null && thick > 4 && !this.hidden.has('waiting')) {
      ctx.fillStyle = colours.ink;
      bar(Array(2).fill((this.rows.start[i] + this.rows.first_byte[i]) / 1000), thick);
    }
    if (this.rows.outcome[i] !== 'ok' && !this.hidden.has('unsuccessful')) {
      drawPoints(ctx, [this.x.at(segments.whole[1])], [middle], colours.series[3], true);
    }
  }

  // Marks the row under the cursor, and returns the lengths of its phases as text.
  read(ctx) {
    this.detail.textContent = '';
    if (view.chart !== this || view.y === null) return {};
    const place = Math.floor((view.y - this.area.top) / this.pitch);
    const i = this.inView[place];
    if (i === undefined) return {};
    ctx.fillStyle = colours.shade;
    ctx.fillRect(this.area.left, this.area.top + place * this.pitch, this.area.right - this.area.left, this.pitch);
    const { rows } = this;
    const outcome = rows.outcome[i] === 'ok' ? text('outcome.ok') : rows.outcome[i];
    this.detail.textContent = text('waterfall.row', {
      request: rows.request[i], user: rows.user[i], outcome, start: clock(rows.start[i] / 1000, 3), ms: measured(rows.end[i], 'ms'),
    });
    const segments = this.segments(i);
    const readings = {};
    for (const { id } of this.series) {
      if (segments[id]) readings[id] = measured((segments[id][1] - segments[id][0]) * 1000, 'ms');
    }
    return readings;
  }

  table() {
    const names = ['request', 'user', 'attempts', 'outcome', 'start', 'sent', 'connect', 'first_byte', 'first_token', 'last_token', 'end', 'stall_at', 'stall'];
    const header = names.map((name, i) => (i < 4 ? name : `${name}_ms`));
    return [header, ...this.rows ? this.rows.request.map((_, i) => names.map((name) => this.rows[name][i])) : []];
  }
}
