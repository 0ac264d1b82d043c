// The base of all charts: a figure with title, legend and canvas, and its export as picture and as table.

const charts = [];
const hiddenSeries = new Map();

// A chart has an id (the text of its title is "chart.<id>"), a unit, series [{id, name?, colour (a place in the
// palette), dash?, mark}], and optionally: about (the title in full), wide, note, nothing (the text of an empty
// chart). Subclasses paint the plot, read the values at a place, and make the table.
class Chart {
  constructor(spec) {
    Object.assign(this, spec);
    if (!hiddenSeries.has(this.id)) hiddenSeries.set(this.id, new Set());
    this.hidden = hiddenSeries.get(this.id);
    this.title = textOrNull(`chart.${this.id}`) ?? text(`metric.${this.id}`);
    this.canvas = element('canvas', { class: 'plot' });
    this.overlay = element('canvas', { class: 'hover', tabindex: 0, role: 'img', 'aria-describedby': 'help' });
    this.stage = element('div', { class: 'stage' }, this.canvas, this.overlay);
    this.legend = element('div', { class: 'legend' }, ...this.series.map((series, place) => this.legendEntry(series, place)));
    this.figure = element('figure', {
      class: `chart${this.wide ? ' wide' : ''}`, id: `chart-${this.id}`, 'data-empty': this.isEmpty(),
    }, this.caption(), this.legend, this.stage, this.note ? element('p', { class: 'note' }, this.note) : null);
    new ResizeObserver(() => this.resize()).observe(this.stage);
    charts.push(this);
  }

  caption() {
    const tools = element('span', { class: 'tools' },
      button('PNG', () => this.savePicture(), { title: text('save.png'), 'aria-label': `${text('save.png')}: ${this.title}` }),
      button('CSV', () => this.saveTable(), { title: text('save.csv'), 'aria-label': `${text('save.csv')}: ${this.title}` }),
      this.wide ? null : button('⤢', () => this.figure.classList.toggle('enlarged'), {
        class: 'enlarge', title: text('enlarge'), 'aria-label': `${text('enlarge')}: ${this.title}`,
      }));
    return element('figcaption', {}, element('h3', {}, element('span', {}, this.title), element('small', {}, [this.unitName(), this.about].filter(Boolean).join(' · '))), tools);
  }

  // Whether the files of the run have the chart's data.
  isAvailable() {
    return true;
  }

  // Hands the pointer's events to `hover`, null when the pointer leaves, and keys to `key`.
  follow(hover) {
    this.overlay.addEventListener('pointermove', hover);
    this.overlay.addEventListener('pointerdown', hover);
    this.overlay.addEventListener('pointerleave', () => hover(null));
    this.overlay.addEventListener('keydown', (event) => this.key(event));
  }

  unitName() {
    return this.unit ? text(`unit.${this.unit}`) : '';
  }

  legendEntry(series, place) {
    series.label = series.name ?? text(`series.${series.id}`);
    series.output = element('output', { class: series.points === undefined ? 'reading' : 'reading with-request' });
    const swatch = element('canvas', { class: 'swatch', width: 36, height: 20 });
    series.paintSwatch = () => paintSwatch(swatch.getContext('2d'), series);
    const entry = button('', () => {
      if (!this.hidden.delete(series.id)) this.hidden.add(series.id);
      entry.setAttribute('aria-pressed', !this.hidden.has(series.id));
      this.draw();
    }, { 'aria-pressed': !this.hidden.has(series.id), 'data-series': series.id, 'data-place': place });
    entry.append(swatch, series.label, series.output);
    return entry;
  }

  visible() {
    return this.series.filter((series) => !this.hidden.has(series.id));
  }

  // Fits the canvases to the space of the chart, or to the given size for a printer, and paints.
  resize(width = this.stage.clientWidth, height = this.stage.clientHeight, ratio = window.devicePixelRatio || 1) {
    if (!width || !height) return;
    this.ratio = ratio;
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.getContext('2d').setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.area = {
      left: this.marginLeft ?? MARGIN.left, right: width - (this.marginRight ?? MARGIN.right),
      top: this.marginTop ?? MARGIN.top, bottom: height - MARGIN.bottom, width, height,
    };
    this.draw();
  }

  // Fits the canvases to paper, where two charts stand beside each other.
  resizeForPaper() {
    this.resize(440, 220, 3);
  }

  draw() {
    if (!this.area) return;
    const ctx = this.canvas.getContext('2d');
    ctx.clearRect(0, 0, this.area.width, this.area.height);
    for (const series of this.series) series.paintSwatch();
    if (this.isEmpty()) {
      const words = text(this.isAvailable() ? this.nothing ?? 'nothing' : 'not_available');
      rule(ctx, this.area.left, this.area.bottom, this.area.right, this.area.bottom, colours.axis);
      label(ctx, words, (this.area.left + this.area.right) / 2, this.area.height / 2, 'center');
    } else {
      this.paint(ctx);
    }
    this.overlay.setAttribute('aria-label', `${this.title}${this.unit ? `, ${this.unitName()}` : ''}. ${this.describe()}`);
    this.drawHover();
  }

  // Shows the value of each series at the hovered place: {series id: text}.
  showReadings(readings) {
    for (const series of this.series) series.output.textContent = readings[series.id] ?? '';
  }

  // Tells screen readers the shown values, and their place.
  say(place = null) {
    const read = this.visible().filter(({ output }) => output.textContent);
    const readings = read.map(({ label: name, output }) => `${name} ${output.textContent}`).join(', ');
    document.getElementById('spoken').textContent = place === null ? readings : `${place}: ${readings}`;
  }

  // Wipes the canvas above the plot, and returns its context to mark the hovered place. Without such a place, returns
  // null and hides the values.
  markingOverlay(isHovered) {
    if (!this.area || !this.x) return null;
    const ctx = this.overlay.getContext('2d');
    ctx.clearRect(0, 0, this.area.width, this.area.height);
    if (isHovered) return ctx;
    this.showReadings({});
    return null;
  }

  // Saves the chart as a picture: title, legend and plot on the panel's ground.
  savePicture() {
    const picture = element('canvas', { width: this.canvas.width, height: this.canvas.height + 64 * this.ratio });
    const ctx = picture.getContext('2d');
    ctx.fillStyle = colours.panel;
    ctx.fillRect(0, 0, picture.width, picture.height);
    ctx.drawImage(this.canvas, 0, 64 * this.ratio);
    ctx.scale(this.ratio, this.ratio);
    ctx.font = FONT.replace('11px', 'bold 15px');
    ctx.fillStyle = colours.ink;
    ctx.fillText(this.unit ? `${this.title} (${this.unitName()})` : this.title, 14, 24);
    let x = 14;
    for (const series of this.visible()) {
      ctx.save();
      ctx.translate(x, 38);
      paintSwatch(ctx, series, true);
      ctx.restore();
      label(ctx, series.label, x + 24, 43, 'left', colours.ink);
      x += 42 + ctx.measureText(series.label).width;
    }
    picture.toBlob((blob) => save(`${this.id}.png`, blob));
  }

  // Saves the chart's data as CSV, with English names of columns.
  saveTable() {
    const lines = this.table().map((row) => row.map(csvCell).join(','));
    save(`${this.id}.csv`, new Blob([`${lines.join('\n')}\n`], { type: 'text/csv' }));
  }
}

// A cell of a CSV file. Text is quoted if it must be, and guarded: no spreadsheet takes it for a formula.
function csvCell(value) {
  if (typeof value !== 'string') return value ?? '';
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

// The mark of a series as in the plot, 18 by 10.
function paintSwatch(ctx, series, keep = false) {
  const colour = colours.series[series.colour % COLOURS];
  if (!keep) {
    ctx.setTransform(2, 0, 0, 2, 0, 0);
    ctx.clearRect(0, 0, 18, 10);
  }
  if (series.mark === 'points') drawPoints(ctx, [9], [5], colour, false);
  else if (series.mark === 'crosses') drawPoints(ctx, [9], [5], colour, true);
  else if (series.mark === 'line') {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.setLineDash(DASHES[series.dash ?? 0]);
    ctx.beginPath();
    ctx.moveTo(0, 5);
    ctx.lineTo(18, 5);
    ctx.stroke();
    ctx.setLineDash([]);
  } else {
    ctx.fillStyle = fillFor(ctx, series.colour);
    ctx.fillRect(2, 0, 14, 10);
  }
}
