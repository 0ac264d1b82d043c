// Texts in the page's language, the formats of numbers and times, and functions that make elements.

const texts = JSON.parse(document.getElementById('texts').textContent);
const page = { language: data.language, theme: 'light', log: false };
const NONE = '–';

// The text of an id in the page's language; the id may lack its "report.". Null without a text.
const textOrNull = (id) => texts[page.language][`report.${id}`] ?? texts[page.language][id] ?? null;

// The text of an id with each {name} replaced; the id itself without a text.
function text(id, values = {}) {
  return (textOrNull(id) ?? id).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const formats = Array.from({ length: 7 }, (_, decimals) => new Intl.NumberFormat('en-US', {
  minimumFractionDigits: decimals, maximumFractionDigits: decimals,
}));

// A number with this many decimals; a dash for a missing number.
function number(value, decimals = 0) {
  return value === null || value === undefined ? NONE : formats[decimals].format(value);
}

// The decimals that show a value of this size to the microsecond, or with five digits.
function decimalsFor(size) {
  return size >= 1000 ? 1 : size >= 100 ? 2 : 3;
}

// A measured value in its unit. Counts have no decimals; means of counts have some.
function measured(value, unit, size = value) {
  return number(value, Number.isInteger(value) && !unit.startsWith('ms') ? 0 : decimalsFor(size));
}

// A success rate in percent. One failure in a million is not 100%.
function percent(rate) {
  if (rate === null) return NONE;
  let decimals = 2;
  while (decimals < 6 && rate < 1 && (rate * 100).toFixed(decimals).startsWith('100')) decimals += 1;
  return number(rate * 100, rate === 1 || rate === 0 ? 0 : decimals);
}

// Seconds since the run's start as m:ss or h:mm:ss, with this many decimals.
function clock(seconds, decimals = 0) {
  const scale = 10 ** decimals;
  const whole = Math.round(Math.max(0, seconds) * scale);
  const total = Math.floor(whole / scale);
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const head = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
  const fraction = decimals ? `.${String(whole % scale).padStart(decimals, '0')}` : '';
  return `${head}:${two(total % 60)}${fraction}`;
}

// The local time of the run's host at a second of the run; empty if unknown.
function wallClock(seconds) {
  if (data.run.started_ms === null) return '';
  const local = data.run.started_ms + (data.run.offset_min ?? 0) * 60000 + seconds * 1000;
  return new Date(local).toISOString().slice(11, 19);
}

// A duration in the largest units that fit: 90 is "1m 30s".
function duration(seconds) {
  if (seconds === null) return NONE;
  if (seconds < 60) return `${number(seconds, Number.isInteger(seconds) ? 0 : 3)} s`;
  const parts = [['h', 3600], ['m', 60], ['s', 1]].map(([unit, size], i, units) => {
    const left = i ? seconds % units[i - 1][1] : seconds;
    return [Math.floor(left / size), unit];
  });
  return parts.filter(([n]) => n).map(([n, unit]) => `${n}${unit}`).join(' ');
}

// Text from outside, made harmless to the layout: line ends and tabs become spaces; characters that are invisible or
// change the direction are spelled out.
function shown(foreign, limit = 240) {
  const letters = [...foreign];
  const cut = letters.length > limit ? `${letters.slice(0, limit).join('')}…` : foreign;
  return cut.replaceAll('\r\n', '\n').replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (letter) => (
    letter === '\n' || letter === '\t' ? ' ' : `\\u{${letter.codePointAt(0).toString(16)}}`
  ));
}

// An element with attributes and children; strings become text. Attributes whose value is null are left out.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// A button that calls `action`.
function button(label, action, attributes = {}) {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', action);
  return made;
}

// Text from outside in an element of its own: text from right to left does not reorder its surroundings.
function foreign(value) {
  return value === null || value === '' ? NONE : element('bdi', { class: 'foreign' }, shown(value));
}

// Lets the reader download a file that the page made.
function save(name, blob) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
