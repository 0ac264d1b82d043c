// Points, lines, bands and stacked bars over the run's time.

// A series has `points` (see unpackPoints), or a value per tick in `values`; `lows` and `highs` are the band around it.
class Trend extends TimeChart {
  isAvailable() {
    return this.series.some((series) => series.points || series.values);
  }

  isEmpty() {
    return !this.series.some((series) => series.points?.v.length || series.values?.some((value) => value !== null));
  }

  describe() {
    const all = this.series.flatMap((series) => series.points?.v ?? series.values ?? []).filter((value) => value !== null);
    return all.length ? text('described', { count: all.length, max: this.show(all.reduce((a, b) => Math.max(a, b))) }) : text('nothing');
  }

  show(value) {
    return measured(value, this.unit);
  }

  // The shown ticks and one more on each side, as [first, last].
  ticksInView() {
    const { step_s: step, count } = data.ticks;
    return [Math.max(0, Math.floor(view.from / step) - 1), Math.min(count - 1, Math.ceil(view.to / step))];
  }

  // The shown points, as [first, end).
  pointsInView({ t }) {
    return [lowerBound(t, view.from), lowerBound(t, view.to + 1e-9)];
  }

  // Calls `visit` with each value that the axis of values must reach.
  eachInView(visible, visit) {
    const stacked = [];
    for (const series of visible) {
      if (series.points) {
        const [first, end] = this.pointsInView(series.points);
        for (let i = first; i < end; i += 1) visit(series.points.v[i]);
      } else if (series.values) {
        const [first, last] = this.ticksInView();
        for (let i = first; i <= last; i += 1) {
          const value = (series.highs ?? series.values)[i];
          if (series.mark === 'bars') stacked[i] = (stacked[i] ?? 0) + value;
          else if (value !== null) visit(value);
        }
      }
    }
    stacked.forEach(visit);
  }

  paintSeries(ctx) {
    const visible = this.visible();
    let largest = 0;
    let smallest = Infinity;
    this.eachInView(visible, (value) => {
      if (value > largest) largest = value;
      if (value > 0 && value < smallest) smallest = value;
    });
    this.y = valueScale(smallest, largest, this.area.top, this.area.bottom, page.log && this.log, COUNTED.includes(this.unit));
    drawAxes(ctx, this.area, this.x, this.y);
    clipped(ctx, this.area, () => {
      this.bars = [];
      for (const series of visible) {
        if (series.points) this.paintPoints(ctx, series);
        else if (series.mark === 'bars') this.paintBars(ctx, series);
        else if (series.values) this.paintLine(ctx, series);
      }
    });
  }

  paintPoints(ctx, series) {
    const { t, v } = series.points;
    const [first, end] = this.pointsInView(series.points);
    const xs = t.slice(first, end).map(this.x.at);
    drawPoints(ctx, xs, v.slice(first, end).map(this.y.at), colours.series[series.colour], series.mark === 'crosses');
  }

  paintLine(ctx, series) {
    const [first, last] = this.ticksInView();
    const xs = [];
    for (let i = first; i <= last; i += 1) xs.push(this.x.at(middleOf(i)));
    const ys = (values) => values.slice(first, last + 1).map((value) => (value === null ? null : this.y.at(value)));
    const colour = colours.series[series.colour];
    if (series.lows) drawBand(ctx, xs, ys(series.lows), ys(series.highs), colour);
    drawLine(ctx, xs, ys(series.values), colour, DASHES[series.dash ?? 0]);
  }

  paintBars(ctx, series) {
    const [first, last] = this.ticksInView();
    const { step_s: step } = data.ticks;
    const wide = this.x.at(step) - this.x.at(0);
    ctx.fillStyle = fillFor(ctx, series.colour);
    for (let i = first; i <= last; i += 1) {
      const below = this.bars[i] ?? 0;
      const above = below + series.values[i];
      this.bars[i] = above;
      if (above > below) ctx.fillRect(this.x.at(i * step), this.y.at(above), Math.max(1, wide - (wide > 4 ? 1 : 0)), this.y.at(below) - this.y.at(above));
    }
  }

  // Marks the values under the cursor, and returns them as text.
  read(ctx) {
    const readings = {};
    for (const series of this.visible()) {
      if (series.points) {
        const i = this.nearest(series.points);
        if (i === null) continue;
        readings[series.id] = `${this.show(series.points.v[i])} #${series.points.n[i]}`;
        this.markValue(ctx, series.points.t[i], series.points.v[i], series);
      } else if (series.values) {
        const i = Math.min(Math.floor(view.at / data.ticks.step_s), data.ticks.count - 1);
        readings[series.id] = this.show(series.values[i]);
        if (series.values[i] !== null && series.mark !== 'bars') this.markValue(ctx, middleOf(i), series.values[i], series);
      }
    }
    return readings;
  }

  markValue(ctx, t, value, series) {
    if (t < view.from || t > view.to) return;
    ctx.beginPath();
    ctx.arc(this.x.at(t), this.y.at(value), 4, 0, 2 * Math.PI);
    ctx.fillStyle = colours.series[series.colour];
    ctx.fill();
    ctx.strokeStyle = colours.panel;
    ctx.lineWidth = 2;
    ctx.stroke();
  }

  // The point nearest to the cursor in time. Among points within 12 pixels, the height counts too.
  nearest({ t, v }) {
    const [first, end] = this.pointsInView({ t });
    const x = this.x.at(view.at);
    const y = view.chart === this ? view.y : null;
    let best = null;
    let least = 40;
    const reach = this.x.of(x + 40) - view.at;
    for (let i = Math.max(first, lowerBound(t, view.at - reach)); i < end && t[i] <= view.at + reach; i += 1) {
      const away = Math.abs(this.x.at(t[i]) - x);
      const distance = y === null || away > 12 ? away : away / 2 + Math.min(Math.abs(this.y.at(v[i]) - y), 80) / 8;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  table() {
    const rows = [['series', 'time_s', 'request', 'value']];
    for (const { id, points, values } of this.series) {
      if (points) points.v.forEach((value, i) => rows.push([id, points.t[i], points.n[i], value]));
      if (values) values.forEach((value, i) => rows.push([id, i * data.ticks.step_s, null, value]));
    }
    return rows;
  }
}
