// The nodes of a workflow: the start and the duration of each, compared with TTFT.

// The most nodes that are drawn; the table has all.
const NODES_DRAWN = 40;

const nameOf = ({ title, kind, id }) => title || kind || id;
const roughly = (words) => (data.spans.approximate && words !== NONE ? `≈ ${words}` : words);

// The time that a node took in all requests together.
const spentIn = ({ client }) => (client ? figureOf(client, 'count') * figureOf(client, 'mean') : 0);

// A text, cut to this many pixels.
function fitted(ctx, words, pixels) {
  ctx.font = FONT;
  if (ctx.measureText(words).width <= pixels) return words;
  const letters = [...words];
  while (letters.length && ctx.measureText(`${letters.join('')}…`).width > pixels) letters.pop();
  return `${letters.join('')}…`;
}

// A bar per node, in the order in which the nodes were first seen. It begins at the node's mean start, and is as long
// as the node's mean duration.
class Nodes extends Chart {
  constructor(nodes) {
    const most = [...nodes].sort((a, b) => spentIn(b) - spentIn(a)).slice(0, NODES_DRAWN);
    const drawn = nodes.filter((node) => most.includes(node));
    super({
      id: 'nodes', unit: 'ms', about: text('about.nodes'), wide: true, nodes: drawn, marginTop: 46,
      series: [
        { id: 'node', colour: 0, mark: 'bars' }, { id: 'model', colour: 1, mark: 'bars' }, { id: 'server', colour: 2, mark: 'bars' },
        { id: 'p95', colour: 4, mark: 'points' }, { id: 'p99', colour: 4, mark: 'line' }, { id: 'ttft', colour: 3, mark: 'line', dash: 1 },
      ],
      note: drawn.length < nodes.length ? text('nodes.drawn', { shown: number(drawn.length), all: number(nodes.length) }) : null,
    });
    this.row = null;
    this.follow((event) => this.hover(event && Math.floor((event.offsetY - this.area.top) / this.pitch)));
  }

  isEmpty() {
    return this.nodes.length === 0;
  }

  describe() {
    return this.nodes.map((node) => `${shown(nameOf(node), 40)} ${measured(figureOf(node.client, 'mean'), 'ms')}`).join(', ');
  }

  // The height follows from the number of rows. Names stand beside the bars, or above them on a narrow screen.
  resize(width = this.stage.clientWidth, height = null, ratio = undefined) {
    if (!width) return;
    const ctx = this.canvas.getContext('2d');
    ctx.font = FONT;
    const widest = this.nodes.reduce((most, node) => Math.max(most, ctx.measureText(shown(nameOf(node), 60)).width), 0);
    this.isBeside = width >= 620;
    this.marginLeft = this.isBeside ? 24 + Math.min(widest, 0.3 * width) : 8;
    this.marginRight = this.isBeside ? 92 : 14;
    this.pitch = this.isBeside ? 28 : 42;
    const needed = this.marginTop + this.nodes.length * this.pitch + 6 + MARGIN.bottom;
    this.stage.style.setProperty('--height', `${needed}px`);
    super.resize(width, needed, ratio);
  }

  resizeForPaper() {
    this.resize(920, null, 3);
  }

  paint(ctx) {
    const { area } = this;
    this.isShown = Object.fromEntries(this.series.map(({ id }) => [id, !this.hidden.has(id)]));
    const ttft = this.isShown.ttft ? statistic('ttft', 'mean') : null;
    const ends = this.nodes.map((node) => this.endOf(node));
    this.x = lengthScale(ends.reduce((a, b) => Math.max(a, b), ttft ?? 0), area.left, area.right);
    for (const [value] of this.x.ticks) rule(ctx, this.x.at(value), area.top, this.x.at(value), area.bottom, value === 0 ? colours.axis : colours.grid);
    rule(ctx, area.left, area.bottom, area.right, area.bottom, colours.axis);
    drawTimeLabels(ctx, area, this.x);
    if (this.isBeside) label(ctx, text('statistic.mean'), area.width - 8, area.top - 10, 'right');
    this.longest = this.nodes.reduce((most, { client }) => Math.max(most, figureOf(client, 'mean') ?? 0), 0);
    if (ttft !== null) this.paintTtft(ctx, ttft);
    this.nodes.forEach((node, i) => this.paintNode(ctx, node, area.top + i * this.pitch, ends[i]));
  }

  // The place of a node's last mark.
  endOf({ begun, client, server }) {
    const lengths = [figureOf(client, 'mean')];
    if (this.isShown.server) lengths.push(figureOf(server, 'mean'));
    if (this.isShown.p95) lengths.push(figureOf(client, 'p95'));
    if (this.isShown.p99) lengths.push(figureOf(client, 'p99'));
    return (begun ?? 0) + Math.max(...lengths.map((length) => length ?? 0));
  }

  // The mean TTFT: nodes that begin left of it make the user wait. Above, the share of TTFT that passes before the
  // first language model begins.
  paintTtft(ctx, ttft) {
    const { area } = this;
    const x = this.x.at(ttft);
    ctx.fillStyle = colours.shade;
    ctx.fillRect(area.left, area.top, x - area.left, area.bottom - area.top);
    rule(ctx, x, area.top - 22, x, area.bottom, colours.series[3], DASHES[1]);
    const words = `${text('series.ttft')} ${measured(ttft, 'ms')}`;
    ctx.font = FONT;
    const half = ctx.measureText(words).width / 2;
    label(ctx, words, Math.min(Math.max(x, area.left + half), area.right - half), area.top - 32, 'center', colours.ink);
    const share = figureOf(data.spans.before_model, 'mean');
    if (share !== null) this.paintShare(ctx, x, share);
  }

  paintShare(ctx, end, share) {
    const { area } = this;
    const [top, height] = [area.top - 20, 14];
    const split = area.left + (end - area.left) * (share / 100);
    ctx.fillStyle = colours.axis;
    ctx.fillRect(area.left, top, split - area.left, height);
    ctx.fillStyle = colours.series[1];
    ctx.fillRect(split, top, end - split, height);
    const middle = top + height / 2 + 0.5;
    for (const words of [text('nodes.share', { share: number(share, 2) }), `${number(share, 2)}%`]) {
      const width = ctx.measureText(words).width + 12;
      if (width <= split - area.left) return label(ctx, words, area.left + 6, middle, 'left', colours.ink);
      if (width <= area.right - end) return label(ctx, words, end + 8, middle, 'left', colours.ink);
    }
    return null;
  }

  paintNode(ctx, node, top, end) {
    const { area } = this;
    const middle = this.isBeside ? top + this.pitch / 2 : top + 25;
    const mean = figureOf(node.client, 'mean');
    const name = shown(nameOf(node), 60);
    const [nameY, nameWidth] = this.isBeside ? [middle, area.left - 20] : [top + 10, area.right - area.left - 90];
    label(ctx, fitted(ctx, name, nameWidth), this.isBeside ? area.left - 10 : area.left, nameY, this.isBeside ? 'right' : 'left', colours.ink);
    label(ctx, measured(mean, 'ms', this.longest), this.isBeside ? area.width - 8 : area.right, nameY, 'right', colours.ink);
    const start = node.begun ?? 0;
    const bar = (colour, length, y, height) => {
      ctx.fillStyle = colours.series[colour];
      ctx.fillRect(this.x.at(start), y, Math.max(1.5, this.x.at(start + length) - this.x.at(start)), height);
    };
    if (this.isShown.server && node.server) bar(2, figureOf(node.server, 'mean'), middle + 6, 4);
    if (mean === null) return;
    if (this.isShown[node.model ? 'model' : 'node']) bar(node.model ? 1 : 0, mean, middle - 7, 12);
    this.paintPercentiles(ctx, node, start, middle - 1);
  }

  // A line from the end of the mean's bar to P99, and a dot at P95.
  paintPercentiles(ctx, { client }, start, y) {
    const [p95, p99] = ['p95', 'p99'].map((name) => (this.isShown[name] ? this.x.at(start + figureOf(client, name)) : null));
    const from = this.x.at(start + Math.min(figureOf(client, 'mean'), figureOf(client, 'p95')));
    const colour = colours.series[4];
    if (p99 !== null) {
      rule(ctx, from, y, p99, y, colour);
      rule(ctx, p99, y - 4, p99, y + 4, colour);
    }
    if (p95 !== null) {
      ctx.beginPath();
      ctx.arc(p95, y, 3.2, 0, 2 * Math.PI);
      ctx.fillStyle = colour;
      ctx.fill();
      ctx.strokeStyle = colours.panel;
      ctx.lineWidth = 1;
      ctx.stroke();
    }
  }

  hover(row) {
    this.row = row !== null && this.nodes[row] ? row : null;
    this.drawHover();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const row = this.row === null ? 0 : this.row + step;
    this.hover(Math.min(Math.max(row, 0), this.nodes.length - 1));
    this.say(shown(nameOf(this.nodes[this.row]), 60));
    event.preventDefault();
  }

  drawHover() {
    const node = this.nodes[this.row];
    const ctx = this.markingOverlay(node !== undefined);
    if (!ctx) return;
    ctx.fillStyle = colours.shade;
    ctx.fillRect(0, this.area.top + this.row * this.pitch, this.area.width, this.pitch);
    const of = (row, name) => measured(figureOf(row, name), 'ms');
    this.showReadings({
      [node.model ? 'model' : 'node']: of(node.client, 'mean'), server: of(node.server, 'mean'),
      p95: roughly(of(node.client, 'p95')), p99: roughly(of(node.client, 'p99')), ttft: measured(statistic('ttft', 'mean'), 'ms'),
    });
  }

  table() {
    const header = ['id', 'type', 'title', 'count', 'failed', 'unfinished', 'begun_ms', ...NODE_FIGURES.map(([by, name]) => `${by}_${name}_ms`)];
    return [header, ...data.spans.nodes.map((node) => nodeRow(node).slice(1))];
  }
}

// A scale of durations from left to right, from 0, with its labels.
function lengthScale(largest, left, right) {
  const high = (largest > 0 ? largest : 1) * 1.02;
  const step = niceStep(high, Math.max(2, Math.floor((right - left) / 60)));
  const decimals = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  const ticks = [];
  for (let i = 0; i * step <= high; i += 1) ticks.push([i * step, number(i * step, decimals)]);
  return { ticks, at: (value) => left + (value / high) * (right - left) };
}

// The figures in a node's row: the clock, and the figure's name.
const NODE_FIGURES = ['client', 'server'].flatMap((by) => ['mean', 'p50', 'p95', 'p99'].map((name) => [by, name]));

// A node as a row: its name, then the values in the table and in the chart's CSV.
function nodeRow(node) {
  const { id, kind, title, count, failed, unfinished, begun } = node;
  return [nameOf(node), id, kind, title, count, failed, unfinished, begun, ...NODE_FIGURES.map(([by, name]) => figureOf(node[by], name))];
}

// Cards: the share of TTFT before the first model, the node that takes the most time, and the number of failed nodes.
function nodeCards() {
  const { nodes, before_model: before } = data.spans;
  const most = nodes.reduce((a, b) => (spentIn(b) > spentIn(a) ? b : a));
  const sum = (name) => nodes.reduce((all, node) => all + node[name], 0);
  const percentiles = (row, show) => ['p50', 'p95'].map((name) => `${name.toUpperCase()} ${roughly(show(figureOf(row, name)))}`);
  const inPercent = (value) => `${number(value, 2)}%`;
  const inMs = (value) => measured(value, 'ms');
  const all = [];
  if (before) all.push(card('before_model', number(figureOf(before, 'mean'), 2), '%', percentiles(before, inPercent)));
  if (spentIn(most)) all.push(card('most_time', inMs(figureOf(most.client, 'mean')), 'ms', [shown(nameOf(most), 60), ...percentiles(most.client, inMs)]));
  all.push(card('nodes_failed', number(sum('failed')), '', [
    text('card.ended', { n: number(sum('count')) }), ...sum('unfinished') ? [text('card.unfinished', { n: number(sum('unfinished')) })] : [],
  ], sum('failed') > 0));
  return element('ul', { class: 'cards' }, ...all);
}

function nodesTable() {
  const name = ({ node }) => element('span', {}, foreign(nameOf(node)),
    element('small', { class: 'sample' }, ...[node.title && node.kind, node.id].filter(Boolean).map((words) => element('code', {}, foreign(words)))));
  const columns = [
    { label: text('table.node'), unit: 'words', cell: name },
    { label: text('table.count'), unit: 'count' },
    ...['failed', 'unfinished'].map((id) => ({ label: text(`table.${id}`), unit: 'count', isBad: (value) => value > 0 })),
    { label: text('table.begun'), unit: 'ms' },
    ...NODE_FIGURES.map(([by, id]) => ({
      label: text(`statistic.${id}`), unit: 'ms', group: text(`table.${by}`), mark: id === 'mean' ? null : roughly,
    })),
  ];
  // Without id, type and title: the name's cell shows them.
  const rows = data.spans.nodes.map((node) => {
    const [first, , , , ...figuresOfNode] = nodeRow(node);
    return Object.assign([first, ...figuresOfNode], { node });
  });
  return element('div', { class: 'sortable', id: 'nodes-table' }, sortable(text('section.nodes'), columns, rows));
}

function nodesSection() {
  if (!data.spans) return null;
  const { nodes, left_out: left, approximate } = data.spans;
  return section('nodes', element('p', { class: 'lead' }, text('nodes.lead')), nodeCards(), figures([new Nodes(nodes)]), nodesTable(),
    approximate ? element('p', { class: 'note' }, text('nodes.approximate')) : null,
    left ? element('p', { class: 'note' }, text('nodes.left_out', { count: number(left), known: number(nodes.length) })) : null);
}
