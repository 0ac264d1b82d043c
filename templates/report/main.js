// The whole page: the list of charts, the switches of language and theme, zoom, and printing.

// The charts with a point per request and a line of each second's mean.
function perRequest() {
  return metricsWith('series').map(({ id, unit }) => {
    const points = unpackPoints(id);
    const series = [{ id: 'request', colour: 0, mark: 'points', points }, { id: 'mean', colour: 1, mark: 'line', values: data.ticks?.[id] }];
    if (id === 'response') series.push({ id: 'failed', colour: 3, mark: 'crosses', points: unpackPoints('failed') });
    const reduced = points && points.of > points.v.length;
    const note = reduced ? text('reduced', { shown: number(points.v.length), all: number(points.of) }) : null;
    return new Trend({ id, unit, series, note, about: textOrNull(`about.${id}`), log: true });
  });
}

// A line over the ticks.
function line(id, colour, values, dash) {
  const extremes = { lows: data.ticks?.[`${values}_min`], highs: data.ticks?.[`${values}_max`] };
  return { id, colour, dash, mark: 'line', values: data.ticks?.[values], ...extremes.lows ? extremes : {} };
}

function overTheRun() {
  const kinds = data.failures.map(({ kind, ticks }, i) => ({ id: kind, name: kind, colour: (i + 3) % (3 * COLOURS), mark: 'bars', values: ticks }));
  return [
    { id: 'rps', unit: 'requests/s', about: text('about.rps'), series: [line('completed', 0, 'rps')] },
    { id: 'users', unit: 'users', series: [line('active', 0, 'active_users'), line('started', 1, 'total_users', 1)] },
    { id: 'total', unit: 'requests', series: [line('all', 0, 'total'), line('ok', 2, 'total_ok', 1), line('failed', 3, 'total_failed', 2)] },
    { id: 'throughput', unit: 'tokens/s', series: [line('tokens', 0, 'throughput')] },
    ...metricsWith('so_far').map(({ id, unit }) => ({ id: `${id}_mean`, unit, series: [line('second', 0, id), line('so_far', 1, `${id}_so_far`, 1)], log: true })),
    { id: 'itl', unit: 'ms', about: text('about.itl'), series: [{ ...line('p50', 0, 'itl_p50'), lows: data.ticks?.itl_p50, highs: data.ticks?.itl_p99 }, line('p90', 2, 'itl_p90', 1), line('p99', 4, 'itl_p99', 2)], log: true },
    { id: 'failures', unit: 'requests', nothing: data.summary.requests ? 'failures.nothing' : 'nothing', series: kinds.length ? kinds : [{ id: 'failed', colour: 3, mark: 'bars', values: data.ticks ? [] : null }] },
  ].map((spec) => new Trend(spec));
}

const figures = (list) => element('div', { class: 'charts' }, ...list.map((chart) => chart.figure));

// Builds the page in its language.
function build() {
  charts.length = 0;
  document.documentElement.lang = page.language === 'zh' ? 'zh-CN' : 'en';
  const about = data.run.label || data.run.model || data.run.target;
  document.title = [text('title'), about && shown(about, 80)].filter(Boolean).join(' – ');
  for (const marked of document.querySelectorAll('[data-text]')) marked.textContent = text(marked.dataset.text.replace('report.', ''));
  document.getElementById('brand').hidden = data.brand === null;
  document.getElementById('brand-name').replaceChildren(data.brand === null ? '' : shown(data.brand, 40));
  const groups = [breakdown('run', ['run', 'label', 'host', 'target', 'model']), breakdown('key', ['key']), breakdown('query', ['query'])].filter(Boolean);
  const logarithmic = button(text('log'), () => {
    page.log = !page.log;
    logarithmic.setAttribute('aria-pressed', page.log);
    zoom(view.from, view.to);
  }, { 'aria-pressed': page.log, id: 'log' });
  const stepNote = data.ticks && data.ticks.step_s > 1 ? text('step', { s: data.ticks.step_s }) : '';
  const sections = [
    section('trends', element('div', { class: 'lead' }, element('p', { id: 'help' }, `${text('help')} ${stepNote}`), logarithmic), figures(overTheRun())),
    section('requests', element('p', { class: 'lead' }, text('requests.lead')), figures(perRequest())),
    section('distributions', figures(metricsWith('histogram').map(({ id }) => new Distribution(id)))),
    nodesSection(), turnsSection(),
    section('waterfall', figures([new Waterfall(data.waterfall)])),
    statisticsTable(), failuresTable(),
    section('breakdowns', ...groups.length ? groups : [element('p', { class: 'lead' }, text('nothing'))]),
    glossary(),
  ].filter(Boolean);
  document.getElementById('main').replaceChildren(overview(), ...sections);
  document.getElementById('contents').replaceChildren(...sections.map(({ id }) => (
    element('a', { href: `#${id}` }, text(`section.${id}`))
  )));
  document.getElementById('footer').replaceChildren(element('p', {}, text('footer', { program: document.querySelector('meta[name=generator]').content })), element('p', {}, text('palette')));
  showSwitches();
  zoom(view.from, view.to);
}

function showSwitches() {
  const language = document.getElementById('language');
  language.textContent = page.language === 'en' ? '中文' : 'English';
  language.lang = page.language === 'en' ? 'zh-CN' : 'en';
  const theme = document.getElementById('theme');
  theme.textContent = page.theme === 'dark' ? '☀' : '☾';
  theme.setAttribute('aria-label', text(page.theme === 'dark' ? 'theme.light' : 'theme.dark'));
  theme.title = theme.getAttribute('aria-label');
}

function setTheme(theme) {
  page.theme = theme;
  document.documentElement.dataset.theme = theme;
  readColours();
  showSwitches();
  for (const chart of charts) chart.draw();
}

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
prefersDark.addEventListener('change', () => setTheme(prefersDark.matches ? 'dark' : 'light'));

document.getElementById('theme').addEventListener('click', () => setTheme(page.theme === 'dark' ? 'light' : 'dark'));
document.getElementById('language').addEventListener('click', () => {
  page.language = page.language === 'en' ? 'zh' : 'en';
  build();
});
document.getElementById('restore').addEventListener('click', () => zoom());
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  view.drag = null;
  zoom();
  point(null);
});

// Print in the light theme, with charts in the size and resolution of paper.
let themeBefore = null;
addEventListener('beforeprint', () => {
  themeBefore = page.theme;
  setTheme('light');
  for (const chart of charts) chart.resizeForPaper();
});
addEventListener('afterprint', () => {
  setTheme(themeBefore);
  for (const chart of charts) chart.resize();
});

setTheme(prefersDark.matches ? 'dark' : 'light');
build();
