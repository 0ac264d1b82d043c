// The turns of conversations: TTFT grows with the context.

class Turns extends Chart {
  constructor(turns) {
    super({
      id: 'turns', unit: 'ms', about: text('about.turns'), turns: turns.filter(({ ttft }) => ttft),
      series: [
        { id: 'p50', colour: 0, mark: 'line' }, { id: 'p95', colour: 2, mark: 'line', dash: 1 }, { id: 'p99', colour: 4, mark: 'line', dash: 2 },
      ],
    });
    this.at = null;
    this.follow((event) => this.hover(event && this.nearest(event.offsetX)));
  }

  isEmpty() {
    return this.turns.length === 0;
  }

  describe() {
    return this.isEmpty() ? text('nothing') : growth(this.turns);
  }

  resizeForPaper() {
    this.resize(920, 260, 3);
  }

  // A scale of turns from left to right, with room around each.
  turnScale() {
    const { left, right } = this.area;
    const last = data.turns[data.turns.length - 1].turn;
    const step = Math.max(1, niceStep(last, Math.max(2, Math.floor((right - left) / 50))));
    const ticks = [];
    for (let turn = step === 1 ? 1 : step; turn <= last; turn += step) ticks.push([turn, number(turn)]);
    return { ticks, at: (turn) => left + ((turn - 0.5) / last) * (right - left) };
  }

  paint(ctx) {
    const { area } = this;
    this.x = this.turnScale();
    const values = (name) => this.turns.map(({ ttft }) => figureOf(ttft, name));
    const largest = this.visible().flatMap(({ id }) => values(id)).reduce((a, b) => Math.max(a, b), 0);
    this.y = valueScale(0, largest, area.top, area.bottom, false, false);
    drawAxes(ctx, area, this.x, this.y);
    const xs = this.turns.map(({ turn }) => this.x.at(turn));
    for (const { id, colour, dash } of this.visible()) {
      drawLine(ctx, xs, values(id).map(this.y.at), colours.series[colour], DASHES[dash ?? 0]);
    }
  }

  nearest(x) {
    const away = this.turns.map(({ turn }) => Math.abs(this.x.at(turn) - x));
    return away.indexOf(Math.min(...away));
  }

  hover(at) {
    this.at = at;
    this.drawHover();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || this.isEmpty()) return;
    this.hover(this.at === null ? 0 : Math.min(Math.max(this.at + step, 0), this.turns.length - 1));
    this.say(`${text('table.turn')} ${this.turns[this.at].turn}`);
    event.preventDefault();
  }

  drawHover() {
    const ctx = this.markingOverlay(this.at !== null);
    if (!ctx) return;
    const { turn, ttft } = this.turns[this.at];
    rule(ctx, this.x.at(turn), this.area.top, this.x.at(turn), this.area.bottom, colours.ink, [3, 3]);
    this.showReadings(Object.fromEntries(this.series.map(({ id }) => [id, measured(figureOf(ttft, id), 'ms')])));
  }

  table() {
    return [['turn', 'ok', 'failed', ...TURN_FIGURES.map((name) => `ttft_${name}_ms`)], ...data.turns.map(turnRow)];
  }
}

const TURN_FIGURES = ['mean', 'p50', 'p95', 'p99'];

function turnRow({ turn, ok, failed, ttft }) {
  return [turn, ok, failed, ...TURN_FIGURES.map((name) => figureOf(ttft, name))];
}

// The growth from the first measured turn to the last, in words.
function growth(turns) {
  const [first, last] = [turns[0], turns[turns.length - 1]];
  const [from, to] = [first, last].map(({ ttft }) => figureOf(ttft, 'p50'));
  return text('turns.growth', {
    first: number(first.turn), last: number(last.turn), from: measured(from, 'ms'), to: measured(to, 'ms'), times: number(to / from, 2),
  });
}

function turnsSection() {
  if (!hasTurns()) return null;
  const measuredTurns = data.turns.filter(({ ttft }) => ttft);
  const grown = measuredTurns.length > 1 && figureOf(measuredTurns[0].ttft, 'p50') > 0;
  const columns = [
    ...['turn', 'ok'].map((id) => ({ label: text(`table.${id}`), unit: 'count' })),
    { label: text('table.failed'), unit: 'count', isBad: (value) => value > 0 },
    ...TURN_FIGURES.map((id) => ({ label: text(`statistic.${id}`), unit: 'ms', group: 'TTFT' })),
  ];
  return section('turns', grown ? element('p', { id: 'growth' }, growth(measuredTurns)) : null, element('p', { class: 'lead' }, text('turns.lead')),
    element('div', { class: 'beside' }, figures([new Turns(data.turns)]),
      element('div', { class: 'sortable', id: 'turns-table' }, sortable(text('section.turns'), columns, data.turns.map(turnRow)))));
}
