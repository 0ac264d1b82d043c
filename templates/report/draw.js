// Drawing on a canvas: colours, scales, axes, and the four marks (points, lines, bands, bars).

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans CJK SC", sans-serif';
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
const MARGIN = { left: 56, right: 14, top: 20, bottom: 24 };
const COLOURS = 6;

// The theme's colours, read from the style sheet.
const colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ['ink', 'muted', 'grid', 'axis', 'panel', 'shade']) colours[name] = style.getPropertyValue(`--${name}`).trim();
  colours.series = Array.from({ length: COLOURS }, (_, i) => style.getPropertyValue(`--s${i}`).trim());
}

// The smallest step that divides a span into at most `count` parts: 1, 2 or 5 times a power of ten.
function niceStep(span, count) {
  const power = 10 ** Math.floor(Math.log10(span / count));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step * count >= span * 0.999999);
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

// A scale of time from left to right, with its labels.
function timeScale(from, to, left, right) {
  const span = to - from;
  const count = Math.max(2, Math.floor((right - left) / 70));
  const step = span < count ? niceStep(span, count) : TIME_STEPS.find((s) => s * count >= span) ?? 86400 * Math.ceil(span / 86400 / count);
  const decimals = step < 1 ? Math.min(3, Math.ceil(-Math.log10(step))) : 0;
  const ticks = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9; i += 1) ticks.push([i * step, clock(i * step, decimals)]);
  return {
    ticks,
    at: (value) => left + ((value - from) / span) * (right - left),
    of: (x) => from + ((x - left) / (right - left)) * span,
  };
}

const COUNTED = ['requests', 'requests/s', 'users', 'tokens', 'tokens/s'];

// A scale of values from bottom to top, with its labels: in powers of ten, or from 0 in even steps, which are whole
// numbers for counts.
function valueScale(smallest, largest, top, bottom, log, whole) {
  if (log && largest > 0) {
    const low = Math.floor(Math.log10(smallest > 0 ? smallest : largest / 1000));
    const high = Math.max(low + 1, Math.ceil(Math.log10(largest) - 1e-9));
    const ticks = [];
    for (let power = low; power <= high; power += 1) ticks.push([10 ** power, number(10 ** power, Math.max(0, -power))]);
    const at = (value) => bottom - ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (bottom - top);
    return { ticks, at };
  }
  const nice = niceStep(largest > 0 ? largest : 1, Math.max(2, Math.floor((bottom - top) / 34)));
  const step = whole ? Math.max(1, nice) : nice;
  const high = Math.max(step, Math.ceil(largest / step - 1e-9) * step);
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const ticks = [];
  for (let i = 0; i * step <= high + step / 2; i += 1) {
    ticks.push([i * step, high >= 1e6 ? `${number(i * step / 1e6, 1)}M` : number(i * step, Math.min(6, decimals))]);
  }
  return { ticks, at: (value) => bottom - (value / high) * (bottom - top) };
}

// A horizontal or vertical line on whole pixels, which is crisp.
function rule(ctx, x1, y1, x2, y2, colour, dash = []) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  ctx.lineTo(Math.round(x2) + 0.5, Math.round(y2) + 0.5);
  ctx.stroke();
  ctx.setLineDash([]);
}

function label(ctx, words, x, y, align, colour = colours.muted, baseline = 'middle') {
  ctx.font = FONT;
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = baseline;
  ctx.fillText(words, x, y);
}

// Horizontal grid lines with labels of values at the left, and labels of times below the plot.
function drawAxes(ctx, area, x, y) {
  for (const [value, words] of y.ticks) {
    rule(ctx, area.left, y.at(value), area.right, y.at(value), value === 0 ? colours.axis : colours.grid);
    label(ctx, words, area.left - 8, y.at(value), 'right');
  }
  drawTimeLabels(ctx, area, x);
}

function drawTimeLabels(ctx, area, x) {
  for (const [value, words] of x.ticks) {
    rule(ctx, x.at(value), area.bottom, x.at(value), area.bottom + 4, colours.axis);
    ctx.font = FONT;
    const half = ctx.measureText(words).width / 2;
    label(ctx, words, Math.min(x.at(value), area.width - half), area.bottom + 8, 'center', colours.muted, 'top');
  }
}

// Cuts the drawing of `draw` off at the edges of the plot.
function clipped(ctx, area, paint) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(area.left, area.top - 4, area.right - area.left, area.bottom - area.top + 5);
  ctx.clip();
  paint();
  ctx.restore();
}

function drawPoints(ctx, xs, ys, colour, cross) {
  const size = xs.length > 1500 ? 1.2 : xs.length > 200 ? 1.7 : 2.6;
  ctx.globalAlpha = cross ? 1 : xs.length > 1500 ? 0.45 : xs.length > 200 ? 0.6 : 0.85;
  ctx.fillStyle = colour;
  ctx.strokeStyle = colour;
  ctx.lineWidth = xs.length > 60 ? 1 : 1.5;
  const arm = xs.length > 60 ? 2 : 3;
  ctx.beginPath();
  xs.forEach((x, i) => {
    if (cross) {
      ctx.moveTo(x - arm, ys[i] - arm); ctx.lineTo(x + arm, ys[i] + arm);
      ctx.moveTo(x + arm, ys[i] - arm); ctx.lineTo(x - arm, ys[i] + arm);
    } else {
      ctx.moveTo(x + size, ys[i]); ctx.arc(x, ys[i], size, 0, 2 * Math.PI);
    }
  });
  if (cross) ctx.stroke(); else ctx.fill();
  ctx.globalAlpha = 1;
}

// A line with gaps for missing values (null). Few values, and values between two gaps, get a dot each.
function drawLine(ctx, xs, ys, colour, dash = []) {
  const dots = xs.length < 2 || (xs[xs.length - 1] - xs[0]) / (xs.length - 1) > 14;
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = 1.75;
  ctx.lineJoin = 'round';
  ctx.setLineDash(dash);
  ctx.beginPath();
  const lonely = [];
  ys.forEach((y, i) => {
    if (y === null) return;
    const joined = i > 0 && ys[i - 1] !== null;
    if (joined) ctx.lineTo(xs[i], y); else ctx.moveTo(xs[i], y);
    if (dots || (!joined && (ys[i + 1] ?? null) === null)) lonely.push(i);
  });
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  for (const i of lonely) {
    ctx.moveTo(xs[i] + 2.2, ys[i]);
    ctx.arc(xs[i], ys[i], 2.2, 0, 2 * Math.PI);
  }
  ctx.fill();
}

// The area between two lines.
function drawBand(ctx, xs, lows, highs, colour) {
  ctx.globalAlpha = 0.16;
  ctx.fillStyle = colour;
  xs.forEach((x, i) => {
    if (i === 0 || [lows[i], lows[i - 1], highs[i], highs[i - 1]].includes(null)) return;
    ctx.beginPath();
    ctx.moveTo(xs[i - 1], lows[i - 1]);
    ctx.lineTo(xs[i - 1], highs[i - 1]);
    ctx.lineTo(x, highs[i]);
    ctx.lineTo(x, lows[i]);
    ctx.fill();
  });
  ctx.globalAlpha = 1;
}

// The fill of a series: its colour, hatched when all colours have been used.
function fillFor(ctx, index) {
  const colour = colours.series[index % COLOURS];
  if (index < COLOURS) return colour;
  const tile = element('canvas', { width: 6, height: 6 });
  const pen = tile.getContext('2d');
  pen.fillStyle = colours.panel;
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = colour;
  pen.lineWidth = index < 2 * COLOURS ? 2.2 : 3.6;
  pen.beginPath();
  for (const shift of [-6, 0, 6]) { pen.moveTo(shift, 6); pen.lineTo(shift + 6, 0); }
  pen.stroke();
  return ctx.createPattern(tile, 'repeat');
}
