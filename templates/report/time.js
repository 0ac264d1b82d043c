// Charts over the run's time. They share one range and one cursor, moved by mouse, touch and keyboard.

// `run` is the whole run. `view` is the shown range, the moment under the cursor, and the dragged range.
const run = { from: 0, to: data.run.end_s || 1 };
const view = { from: run.from, to: run.to, at: null, y: null, chart: null, drag: null };
const timeCharts = () => charts.filter((chart) => chart instanceof TimeChart);

// Shows a part of the run in all charts over time; without arguments, the whole run.
function zoom(from = run.from, to = run.to) {
  const span = Math.min(Math.max(to - from, 0.01), run.to - run.from);
  view.from = Math.min(Math.max(from, run.from), run.to - span);
  view.to = view.from + span;
  const whole = view.from <= run.from && view.to >= run.to;
  document.getElementById('zoomed').hidden = whole;
  const decimals = span < 10 ? 2 : span < 60 ? 1 : 0;
  document.getElementById('zoomed-range').textContent = `${clock(view.from, decimals)} – ${clock(view.to, decimals)}`;
  for (const chart of timeCharts()) chart.draw();
}

// Moves the cursor of all charts over time to a moment; null hides it. Draws once per frame.
let framed = false;
function point(at, chart = null, y = null) {
  Object.assign(view, { at, chart, y });
  if (framed) return;
  framed = true;
  requestAnimationFrame(() => {
    framed = false;
    for (const each of timeCharts()) each.drawHover();
  });
}

// The middle of a tick; the last tick ends with the run.
function middleOf(tick) {
  const { step_s: step } = data.ticks;
  return (tick * step + Math.max(tick * step, Math.min((tick + 1) * step, run.to))) / 2;
}

class TimeChart extends Chart {
  constructor(spec) {
    super(spec);
    this.figure.classList.add('over-time');
    const at = (event) => this.x.of(Math.min(Math.max(event.offsetX, this.area.left), this.area.right));
    this.overlay.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || this.isEmpty()) return;
      this.overlay.setPointerCapture(event.pointerId);
      view.drag = { from: at(event), x: event.offsetX };
      point(at(event), this, event.offsetY);
    });
    this.overlay.addEventListener('pointermove', (event) => {
      if (!this.isEmpty()) point(at(event), this, event.offsetY);
    });
    this.overlay.addEventListener('pointerup', (event) => {
      const drag = view.drag;
      view.drag = null;
      if (!drag) return;
      if (Math.abs(event.offsetX - drag.x) > 6) zoom(Math.min(drag.from, at(event)), Math.max(drag.from, at(event)));
      else if (event.pointerType !== 'mouse') this.tap(event.timeStamp);
      point(at(event), this, event.offsetY);
    });
    this.overlay.addEventListener('pointercancel', () => { view.drag = null; point(null); });
    this.overlay.addEventListener('pointerleave', (event) => {
      if (!view.drag && event.pointerType === 'mouse') point(null);
    });
    this.overlay.addEventListener('dblclick', () => zoom());
    this.overlay.addEventListener('keydown', (event) => this.key(event));
  }

  // Two taps in a row are a double click.
  tap(now) {
    if (now - (this.tapped ?? -1000) < 350) zoom();
    this.tapped = now;
  }

  key(event) {
    const span = view.to - view.from;
    const at = view.at ?? (view.from + view.to) / 2;
    const step = Math.min(data.ticks ? data.ticks.step_s : 1, span / 20) * (event.key === 'ArrowLeft' ? -1 : 1);
    const around = (factor) => zoom(at - (at - view.from) * factor, at + (view.to - at) * factor);
    switch (event.key) {
      case 'ArrowLeft': case 'ArrowRight':
        if (event.shiftKey) zoom(view.from + Math.sign(step) * span * 0.2, view.to + Math.sign(step) * span * 0.2);
        else point(Math.min(Math.max(at + step, view.from), view.to), this);
        break;
      case '+': case '=': around(0.5); break;
      case '-': around(2); break;
      case 'Home': point(view.from, this); break;
      case 'End': point(view.to, this); break;
      default: return;
    }
    event.preventDefault();
    requestAnimationFrame(() => requestAnimationFrame(() => this.speak()));
  }

  // Tells screen readers the values under the cursor.
  speak() {
    if (view.at === null) return;
    const values = this.visible().map((series) => `${series.label} ${series.output.textContent || NONE}`);
    document.getElementById('spoken').textContent = `${clock(view.at, 1)}: ${values.join(', ')}`;
  }

  paint(ctx) {
    this.x = timeScale(view.from, view.to, this.area.left, this.area.right);
    this.figure.dataset.from = view.from;
    this.figure.dataset.to = view.to;
    this.paintPhases(ctx);
    this.paintSeries(ctx);
  }

  // Shades the ramp-up, and the time after the deadline, in which running requests end.
  paintPhases(ctx) {
    const { ramp_up_s: ramp, hold_s: hold } = data.run;
    const shade = (from, to, words, align) => {
      const left = this.x.at(Math.max(from, view.from));
      const right = this.x.at(Math.min(to, view.to));
      if (right - left < 1) return;
      ctx.fillStyle = colours.shade;
      ctx.fillRect(left, this.area.top, right - left, this.area.bottom - this.area.top);
      label(ctx, words, align === 'left' ? left : right, this.area.top - 8, align);
    };
    if (ramp) shade(0, ramp, text('phase.ramp'), 'left');
    if (hold) shade((ramp ?? 0) + hold, run.to, text('phase.drain'), 'right');
  }

  // Draws the cursor and the dragged range, and shows the values at the cursor.
  drawHover() {
    const ctx = this.markingOverlay(view.at !== null && view.at >= view.from && view.at <= view.to);
    if (!ctx) return;
    const x = this.x.at(view.at);
    if (view.drag) {
      ctx.fillStyle = colours.axis;
      ctx.globalAlpha = 0.25;
      ctx.fillRect(this.x.at(view.drag.from), this.area.top, x - this.x.at(view.drag.from), this.area.bottom - this.area.top);
      ctx.globalAlpha = 1;
    }
    rule(ctx, x, this.area.top, x, this.area.bottom, colours.ink, [3, 3]);
    this.showReadings(this.read(ctx));
    this.drawMoment(ctx, x);
  }

  // Writes the moment under the cursor below the axis: since the run's start, and as the time of day.
  drawMoment(ctx, x) {
    const words = [clock(view.at, view.to - view.from < 300 ? 1 : 0), wallClock(view.at)].filter(Boolean).join(' · ');
    ctx.font = FONT;
    const half = ctx.measureText(words).width / 2 + 6;
    const middle = Math.min(Math.max(x, half), this.area.width - half);
    ctx.fillStyle = colours.ink;
    ctx.fillRect(middle - half, this.area.bottom + 4, 2 * half, 18);
    label(ctx, words, middle, this.area.bottom + 13, 'center', colours.panel);
  }
}

// The first place in an ascending array with a value of at least `value`.
function lowerBound(ascending, value) {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}
