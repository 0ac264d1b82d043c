// Header, warnings, cards and tables.

// A section of the page with its heading.
function section(id, ...children) {
  return element('section', { id, 'aria-labelledby': `${id}-heading` }, element('h2', { id: `${id}-heading` }, text(`section.${id}`)), ...children);
}

// A table that scrolls by itself where the screen is narrow.
function scrolling(name, table) {
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name }, table);
}

function overview() {
  const { summary } = data;
  const failed = summary.failed > 0;
  const verdict = summary.ok + summary.failed === 0 ? 'verdict.none' : failed ? 'verdict.failed' : 'verdict.ok';
  const { run: about } = data;
  const words = { ok: number(summary.ok), failed: number(summary.failed), completed: number(summary.ok + summary.failed) };
  return element('section', { id: 'overview', 'aria-label': text('section.overview') },
    element('p', { class: 'eyebrow' }, text('title')),
    element('h1', {}, foreign(about.label || about.model || about.target)),
    element('p', { class: `verdict ${failed ? 'bad' : summary.ok ? 'good' : ''}` }, text(verdict, words)),
    grade(), notes(text('warnings'), data.warnings), facts(), command(), cards());
}

// The verdict: a line if the figures are valid, else a box with the reasons.
function grade() {
  if (!data.verdict || data.summary.requests === 0) return null;
  const { grade: name, reasons } = data.verdict;
  const words = text(`grade.${name}`);
  return reasons.length ? notes(words, reasons, 'grade') : element('p', { class: 'lead', id: 'grade' }, words);
}

// Messages in a box.
function notes(heading, messages, id = null) {
  if (!messages.length) return null;
  const items = messages.map((message) => element('li', {}, foreign(message[page.language])));
  return element('div', { class: 'warning', role: 'note', id }, element('strong', {}, heading), element('ul', {}, ...items));
}

// The facts of the run: time, target, load, host.
function facts() {
  const { run: about } = data;
  const host = about.host;
  const given = [
    ['when', about.started_at && about.started_at.replace('T', ' ').replace(/\.\d+/, '')],
    ['target', about.target], ['api', about.protocol], ['model', about.model], ['users', number(about.users)],
    ['ramp_up', duration(about.ramp_up_s)], ['limit', plannedLimit()], ['duration', duration(about.duration_s)],
    ['host', host && [host.name, host.cores && text('cores', { n: host.cores }), host.os].filter(Boolean).join(' · ')],
    ['tool', about.version && `sse-perf ${about.version}`], ['run_id', about.run_id],
    ['merged', about.runs > 1 ? number(about.runs) : ''], ['files', (about.files ?? []).join(', ')],
  ];
  const shownFacts = given.filter(([name, value]) => value || !['merged', 'files', 'model'].includes(name));
  return element('dl', { class: 'facts' }, ...shownFacts.map(([name, value]) => (
    element('div', { class: name === 'target' || name === 'host' ? 'long' : null }, element('dt', {}, text(`fact.${name}`)), element('dd', {}, foreign(value)))
  )));
}

function plannedLimit() {
  const { hold_s: hold, requests } = data.run;
  const parts = [hold === null ? null : duration(hold), requests === null ? null : text('limit.requests', { n: number(requests) })];
  return parts.filter(Boolean).join(', ');
}

// The command line that repeats the run, ready to be copied.
function command() {
  if (!data.run.command) return null;
  const code = element('code', {}, shown(data.run.command, 4000));
  const copy = button(text('copy'), () => {
    getSelection().selectAllChildren(code);
    navigator.clipboard?.writeText(data.run.command).catch(() => {});
  });
  return element('div', { class: 'command' }, element('span', { class: 'prompt', 'aria-hidden': 'true' }, '$'), code, copy);
}

// The main figures.
function cards() {
  const { summary } = data;
  const spread = (metric, unit) => (data.statistics[metric]
    ? ['p50', 'p99'].map((name) => `${name.toUpperCase()} ${measured(statistic(metric, name), unit)}`) : []);
  const cut = summary.cancelled + summary.abandoned;
  const worst = data.failures.reduce((most, failure) => (failure.count > (most?.count ?? 0) ? failure : most), null);
  const noted = (value, id, decimals = 0) => (value ? [text(`card.${id}`, { n: number(value, decimals) })] : []);
  const all = [
    ['requests', number(summary.requests), '', noted(summary.rps, 'rps', 2)],
    ['success_rate', percent(summary.success_rate), '%', noted(summary.ok + summary.failed, 'completed')],
    ['succeeded', number(summary.ok), '', noted(summary.retries, 'retries')],
    ['failed', number(summary.failed), '', [...worst ? [`${worst.kind} ${number(worst.count)}`] : [], ...noted(cut, 'cut')]],
    ['chunks', number(summary.chunks), '', []],
    ...metricsWith('card').map(({ id, unit }) => [id, measured(statistic(id, 'mean'), unit), unit, spread(id, unit)]),
    ['output_tokens', number(summary.output_tokens), '', [...summary.token_source ? [text(`source.${summary.token_source}`)] : [], ...noted(summary.throughput, 'throughput', 1)]],
  ];
  return element('ul', { class: 'cards' }, ...all.map(([name, value, unit, below]) => (
    card(name, value, unit, below, name === 'failed' && summary.failed > 0)
  )));
}

// A figure in large type, its name above and details below.
function card(name, value, unit, below, bad = false) {
  return element('li', { id: `card-${name}`, class: bad ? 'bad' : null },
    element('span', { class: 'name' }, text(`card.${name}`)),
    element('span', { class: 'figure' }, value, unit && value !== NONE ? element('small', {}, text(`unit.${unit}`)) : null),
    element('span', { class: 'below' }, ...below.map((words) => element('span', {}, words))));
}

function statisticsTable() {
  const columns = STATISTICS.map((name) => element('th', { scope: 'col' }, text(`statistic.${name}`)));
  const isShown = ({ id, flags }) => data.statistics[id] || !flags.includes('hidden_if_same_as_ttft');
  const rows = metricsWith('statistics').filter(isShown).map(({ id: metric, unit, flags }) => {
    const figures = data.statistics[metric];
    const isPooled = flags.includes('pooled');
    const none = isPooled && !data.ticks.itl_p50 ? null : 0;
    const cells = STATISTICS.map((name, i) => {
      const value = figures ? figures[i] : null;
      const roughly = isPooled && name.startsWith('p') && value !== null ? '≈ ' : '';
      const words = name === 'count' ? number(value ?? none) : measured(value, unit === 'tokens' && name !== 'mean' && name !== 'std_dev' ? unit : 'ms', figures ? figures[8] : 0);
      return element('td', { 'data-statistic': name, 'data-value': value, title: value }, roughly + words);
    });
    return element('tr', { 'data-metric': metric }, element('th', { scope: 'row', title: text(`glossary.${metric}`) }, text(`metric.${metric}`)), element('td', { class: 'unit' }, text(`unit.${unit}`)), ...cells);
  });
  const head = element('tr', {}, element('th', { scope: 'col' }, text('table.metric')), element('th', { scope: 'col', class: 'unit' }, text('table.unit')), ...columns);
  const name = text('section.statistics');
  return section('statistics', element('p', { class: 'lead' }, text('statistics.lead')),
    scrolling(name, element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows))));
}

function failuresTable() {
  const { summary } = data;
  const cut = summary.cancelled + summary.abandoned > 0
    ? element('p', { class: 'lead' }, text('failures.cut', { cancelled: number(summary.cancelled), abandoned: number(summary.abandoned) })) : null;
  if (!data.failures.length) return section('failures', element('p', { class: 'lead' }, text(summary.requests ? 'failures.nothing' : 'nothing')), cut);
  const rows = data.failure_groups.map(({ kind, count, first_s: first, detail, hint }) => element('tr', {},
    element('th', { scope: 'row', title: text(`kind.${kind}`) }, element('code', {}, kind)), element('td', {}, number(count)),
    element('td', {}, `${percent(count / (summary.ok + summary.failed))}%`), element('td', {}, clock(first, 3)),
    element('td', { class: 'words' }, text(`kind.${kind}`), element('br'), element('span', { class: 'sample' }, foreign(detail[page.language])), element('br'), hint[page.language])));
  const head = ['kind', 'count', 'share', 'first_seen', 'detail'].map((name) => element('th', { scope: 'col', class: name === 'detail' ? 'words' : null }, text(`table.${name}`)));
  return section('failures', cut, scrolling(text('section.failures'),
    element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows))));
}

// The columns of groups: counts, then the figures of metrics, as [id, unit].
function groupColumns() {
  const counts = ['requests', 'ok', 'failed'].map((id) => [id, 'count']);
  return [...counts, ...data.metrics.flatMap(({ id, unit, flags }) => {
    if (flags.includes('group_percentiles')) return [[`${id}_p50`, unit], [`${id}_p99`, unit]];
    if (flags.includes('group_mean')) return [[`${id}_mean`, unit]];
    return flags.includes('group_sum') ? [[id, 'count']] : [];
  })];
}

// A table of groups of requests, sortable by each column.
function breakdown(by, names) {
  const groups = data.breakdowns[by];
  if (!groups || !groups.of) return null;
  const columns = [...names.map((name) => [name, 'words']), ...groupColumns()].map(([name, unit]) => ({ label: text(`table.${name}`), unit }));
  const rows = groups.names.map((name, i) => [...name, ...groups.figures[i]]);
  const left = groups.of - rows.length;
  return element('div', { class: 'sortable', id: `breakdown-${by}` }, element('h3', {}, text(`breakdown.${by}`)),
    sortable(text(`breakdown.${by}`), columns, rows),
    left > 0 ? element('p', { class: 'note' }, text('breakdown.left', { shown: number(rows.length), left: number(left) })) : null);
}

// A table. A click on a column's head sorts it by the column. A column is {label, unit}; the unit is "words" (text from
// outside), "count", or the unit of the values. Optionally, `group` is a heading over neighbouring columns with an
// equal group, `cell` makes a cell's content from the row, `mark` changes the words of a value, `isBad` says which
// values are highlighted.
function sortable(name, columns, rows) {
  const isWords = ({ unit }) => unit === 'words';
  const sizes = columns.map((column, i) => (isWords(column) ? 0 : rows.reduce((most, row) => Math.max(most, row[i] ?? 0), 0)));
  const body = element('tbody');
  const cell = (column, i, row) => {
    const [tag, scope] = i ? ['td', null] : ['th', 'row'];
    if (isWords(column)) return element(tag, { class: 'words', scope }, column.cell ? column.cell(row) : foreign(row[i]));
    const words = measured(row[i], column.unit, sizes[i]);
    return element(tag, { 'data-value': row[i], scope, class: column.isBad?.(row[i]) ? 'bad' : null }, column.mark ? column.mark(words) : words);
  };
  const fill = () => body.replaceChildren(...rows.map((row) => element('tr', {}, ...columns.map((column, i) => cell(column, i, row)))));
  const heads = columns.map((column, i) => {
    const words = isWords(column);
    const head = element('th', { scope: 'col', class: words ? 'words' : null });
    head.append(button(column.label, () => {
      const falling = head.getAttribute('aria-sort') === (words ? 'ascending' : null) || head.getAttribute('aria-sort') === 'ascending';
      sortRows(rows, i, falling);
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
      fill();
    }, { 'aria-label': column.group ? `${column.group} ${column.label}` : null }));
    if (!words && column.unit !== 'count' && !column.group) head.append(element('small', {}, text(`unit.${column.unit}`)));
    return head;
  });
  fill();
  return scrolling(name, element('table', {}, element('thead', {}, ...headRows(columns, heads)), body));
}

// The heads of the columns in a row. With groups, there are two rows: the groups' headings, and below them the heads of
// their columns.
function headRows(columns, heads) {
  const isGrouped = columns.some(({ group }) => group);
  const [above, below] = [element('tr'), element('tr')];
  columns.forEach(({ group, unit }, i) => {
    if (!group) {
      if (isGrouped) heads[i].setAttribute('rowspan', 2);
      above.append(heads[i]);
      return;
    }
    below.append(heads[i]);
    if (columns[i - 1]?.group === group) return;
    const size = columns.filter((column) => column.group === group).length;
    above.append(element('th', { scope: 'colgroup', class: 'group', colspan: size }, group, element('small', {}, text(`unit.${unit}`))));
  });
  return isGrouped ? [above, below] : [above];
}

// Sorts by a column; missing values always come last.
function sortRows(rows, column, falling) {
  rows.sort((a, b) => {
    const [x, y] = [a[column], b[column]];
    if (x === null || y === null) return (x === null) - (y === null);
    return (typeof x === 'string' ? x.localeCompare(y) : x - y) * (falling ? -1 : 1);
  });
}

// Metrics in the table's order, then all other terms.
function glossary() {
  const metrics = data.metrics.filter(({ id }) => textOrNull(`glossary.${id}`)).map(({ id }) => id);
  const isKnown = (term) => (term.startsWith('node') || term === 'before_model' ? data.spans : term !== 'turn' || hasTurns());
  const all = Object.keys(texts[page.language]).filter((id) => id.startsWith('glossary.')).map((id) => id.replace('glossary.', ''));
  const terms = all.filter((term) => !metrics.includes(term) && isKnown(term));
  const entry = (term, name) => element('div', { id: `term-${term}` }, element('dt', {}, text(name)), element('dd', {}, text(`glossary.${term}`)));
  return section('glossary', element('dl', { class: 'glossary' },
    ...metrics.map((id) => entry(id, `metric.${id}`)), ...terms.map((term) => entry(term, `term.${term}`))));
}
