// The distribution of a metric: a histogram, the cumulative curve, and marks of percentiles.

class Distribution extends Chart {
  constructor(metric) {
    super({
      id: `distribution_${metric}`, unit: 'ms', metric, bins: data.distributions[metric], marginTop: 62, marginRight: 44,
      series: [{ id: 'requests', colour: 0, mark: 'bars' }, { id: 'cumulative', colour: 1, mark: 'line' }, { id: 'percentiles', colour: 2, mark: 'line', dash: 1 }],
    });
    this.at = null;
    this.follow((event) => {
      this.at = event && event.offsetX;
      this.drawHover();
    });
  }

  isAvailable() {
    return this.bins !== null;
  }

  isEmpty() {
    return !this.bins || this.bins.counts.length === 0;
  }

  describe() {
    const figures = ['p50', 'p90', 'p95', 'p99'].map((name) => `${name.toUpperCase()} ${measured(statistic(this.metric, name), 'ms')}`);
    return this.isEmpty() ? text('nothing') : figures.join(', ');
  }

  key(event) {
    if (this.isEmpty() || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
    const last = this.bins.counts.length - 1;
    const bin = this.at === null ? 0 : this.binAt(this.at) + (event.key === 'ArrowLeft' ? -1 : 1);
    const i = Math.min(Math.max(bin, 0), last);
    this.at = (this.x.at(this.bins.edges[i]) + this.x.at(this.bins.edges[i + 1])) / 2;
    this.drawHover();
    this.say();
    event.preventDefault();
  }

  // The scale of values: even, or logarithmic as the bins are.
  valuesAxis() {
    const { edges, log } = this.bins;
    const { left, right } = this.area;
    const [low, high] = [edges[0], edges[edges.length - 1]];
    const place = log ? Math.log : (value) => value;
    const at = (value) => left + ((place(value) - place(low)) / (place(high) - place(low))) * (right - left);
    const ticks = [];
    if (log) {
      const factors = high / low > 1000 ? [1] : high / low > 20 ? [1, 2, 5] : [1, 2, 3, 4, 6, 8];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
        for (const factor of factors) ticks.push(factor * 10 ** power);
      }
    } else {
      const step = niceStep(high - low, Math.max(2, Math.floor((right - left) / 70)));
      for (let i = Math.ceil(low / step); i * step <= high; i += 1) ticks.push(i * step);
    }
    // The decimals that a value needs; nine at most, since binary fractions have more.
    const decimals = (value) => (String(Number((value % 1).toFixed(9))).split('.')[1] ?? '').length;
    const named = ticks.filter((value) => value >= low && value <= high).map((value) => [value, number(value, decimals(value))]);
    return { at, ticks: named };
  }

  paint(ctx) {
    const { edges, counts } = this.bins;
    const { area } = this;
    this.x = this.valuesAxis();
    const y = valueScale(0, counts.reduce((a, b) => Math.max(a, b)), area.top, area.bottom, false, true);
    const share = (part) => area.bottom - part * (area.bottom - area.top);
    drawAxes(ctx, area, this.x, y);
    let sum = 0;
    this.cumulated = counts.map((count) => (sum += count));
    if (!this.hidden.has('requests')) {
      ctx.fillStyle = colours.series[0];
      ctx.globalAlpha = 0.75;
      counts.forEach((count, i) => {
        const left = this.x.at(edges[i]);
        ctx.fillRect(left, y.at(count), Math.max(1, this.x.at(edges[i + 1]) - left - 1), area.bottom - y.at(count));
      });
      ctx.globalAlpha = 1;
    }
    if (!this.hidden.has('cumulative')) {
      for (const part of [0, 0.5, 1]) label(ctx, `${part * 100}%`, area.right + 6, share(part), 'left');
      const heights = [0, ...this.cumulated].map((count) => share(count / sum));
      ctx.strokeStyle = colours.series[1];
      ctx.lineWidth = 2;
      ctx.beginPath();
      heights.forEach((height, i) => ctx.lineTo(this.x.at(edges[i]), height));
      ctx.stroke();
    }
    if (!this.hidden.has('percentiles')) this.paintPercentiles(ctx);
  }

  // Each percentile's label has a line of its own: labels never overlap.
  paintPercentiles(ctx) {
    ['p50', 'p90', 'p95', 'p99'].forEach((name, row) => {
      const value = statistic(this.metric, name);
      const x = this.x.at(value);
      const height = 8 + row * 13;
      rule(ctx, x, height + 6, x, this.area.bottom, colours.series[2], DASHES[1]);
      const words = `${name.toUpperCase()} ${measured(value, 'ms')}`;
      ctx.font = FONT;
      const half = ctx.measureText(words).width / 2;
      label(ctx, words, Math.min(Math.max(x, half + 2), this.area.width - half - 2), height, 'center', colours.ink);
    });
  }

  binAt(x) {
    const after = this.bins.edges.findIndex((edge) => this.x.at(edge) > x);
    return after < 0 ? this.bins.counts.length - 1 : Math.max(0, after - 1);
  }

  drawHover() {
    const ctx = this.markingOverlay(this.at !== null);
    if (!ctx) return;
    const i = this.binAt(this.at);
    const { edges, counts } = this.bins;
    const [left, right] = [this.x.at(edges[i]), this.x.at(edges[i + 1])];
    ctx.fillStyle = colours.shade;
    ctx.fillRect(left, this.area.top, Math.max(1, right - left), this.area.bottom - this.area.top);
    const all = this.cumulated[this.cumulated.length - 1];
    this.showReadings({
      requests: `${number(counts[i])} (${measured(edges[i], 'ms')} – ${measured(edges[i + 1], 'ms')})`,
      cumulative: `${percent(this.cumulated[i] / all)}%`,
    });
  }

  table() {
    const header = ['from_ms', 'to_ms', 'requests'];
    return [header, ...this.bins ? this.bins.counts.map((count, i) => [this.bins.edges[i], this.bins.edges[i + 1], count]) : []];
  }
}
