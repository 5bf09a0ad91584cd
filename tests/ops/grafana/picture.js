// Draws a dashboard from its JSON and the data its queries returned; see pictures.py, which fills
// in `dashboard` (as Grafana stores it), `answers` (panel id -> [{ref, series: [{labels,
// points}]}]) and `span`. Like Grafana in layout and meaning, not in every pixel.
/* global uPlot, dashboard, answers, span */
'use strict';

const COLORS = ['#73bf69', '#f2cc0c', '#5794f2', '#ff780a', '#f2495c', '#b877d9', '#37872d',
                '#fade2a', '#447ebc', '#c15c17', '#890f02', '#8ab8ff'];
const NAMED = {green: '#56a64b', orange: '#e0752d', red: '#d44a3a', transparent: 'transparent'};

function scaled(value, steps, digits) {
  let [size, unit] = steps[0];
  for (const step of steps) if (Math.abs(value) >= step[0]) [size, unit] = step;
  const shown = value / size;
  const enough = Math.abs(shown) >= 100 ? 0 : Math.abs(shown) >= 10 ? 1 : 2;
  const text = shown.toFixed(digits ?? enough);
  return (digits === undefined && text.includes('.') ? text.replace(/\.?0+$/, '') : text) + unit;
}

const THOUSANDS = (suffix) => [[1, suffix], [1e3, ' K' + suffix], [1e6, ' M' + suffix]];
const FORMATS = {
  short: (v, d) => scaled(v, THOUSANDS(''), d),
  s: (v, d) => v === 0 ? '0 s' : scaled(v, [[1e-6, ' µs'], [1e-3, ' ms'], [1, ' s'], [60, ' min'],
                                          [3600, ' h']], d),
  percentunit: (v, d) => `${(100 * v).toFixed(d ?? 1)}%`,
  cpm: (v, d) => scaled(v, THOUSANDS(' cpm'), d),
  ops: (v, d) => scaled(v, THOUSANDS(' ops/s'), d),
  reqps: (v, d) => scaled(v, THOUSANDS(' req/s'), d),
  Bps: (v, d) => scaled(v, [[1, ' B/s'], [1e3, ' kB/s'], [1e6, ' MB/s']], d),
  bytes: (v, d) => scaled(v, [[1, ' B'], [1024, ' KiB'], [1048576, ' MiB']], d),
};

function element(parent, kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function colorOf(steps, value) {
  let color = steps[0].color;
  for (const step of steps.slice(1)) if (value >= step.value) color = step.color;
  return NAMED[color] ?? color;
}

function nameOf(target, labels) {
  if (target.legendFormat === '__auto') return Object.values(labels).join(' ') || target.refId;
  return target.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] || '(none)');
}

function seriesOf(panel) {
  return panel.targets.flatMap((target) =>
    answers[panel.id][target.refId].map(({labels, points}) =>
      ({name: nameOf(target, labels), labels, points})));
}

const ROUND_SPANS = [1e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 15, 30, 60, 120,
                     300, 600, 900, 1800, 3600];

const lastOf = (one) => one.points[one.points.length - 1][1];

function drawStat(panel, body) {
  const {unit, decimals, thresholds} = panel.fieldConfig.defaults;
  const [one] = seriesOf(panel);
  const value = one ? lastOf(one) : undefined;
  const shown = element(body, 'div', 'stat', value === undefined ? 'No data'
    : FORMATS[unit](value, decimals));
  if (panel.options.colorMode === 'background' && value !== undefined) {
    body.parentElement.style.background = colorOf(thresholds.steps, value);
  } else {
    shown.style.color = NAMED.green;
  }
}

function grid(series) {
  const times = [];
  for (let at = span.start; at <= span.end; at += span.step_s) times.push(at);
  const index = new Map(times.map((at, i) => [Math.round(at * 1000), i]));
  return {times, values: series.map((one) => {
    const row = new Array(times.length).fill(null);
    for (const [at, value] of one.points) {
      const i = index.get(Math.round(at * 1000));
      if (i !== undefined) row[i] = value;
    }
    return row;
  })};
}

function clockOf(times) {
  return times.map((at) => new Date(at * 1000).toISOString().slice(11, span.end - span.start > 900
    ? 16 : 19));
}

function drawLines(panel, body) {
  const {unit, custom, min, max, thresholds} = panel.fieldConfig.defaults;
  const series = seriesOf(panel);
  if (!series.length) return element(body, 'div', 'empty', 'No data');
  const {times, values} = grid(series);
  const stacked = custom.stacking.mode === 'normal';
  if (stacked) {
    for (let i = values.length - 2; i >= 0; i--) {
      values[i] = values[i].map((value, at) => value === null ? values[i + 1][at]
        : value + (values[i + 1][at] ?? 0));
    }
  }
  const legend = Math.min(4, Math.ceil(series.reduce((sum, one) => sum + one.name.length + 4, 0) /
                                       (body.clientWidth / 6.5)));
  const top = Math.max(...values.flat().filter((value) => value !== null));
  new uPlot({
    width: body.clientWidth, height: body.clientHeight - 8 - 16 * legend, legend: {show: false},
    cursor: {show: false},
    scales: {x: {time: false}, y: {range: [min ?? 0, max ?? (top > 0 ? top * 1.08 : 1)]}},
    axes: [{stroke: '#9fa7b3', grid: {stroke: '#2c3235', width: 1}, ticks: {show: false},
            font: '11px Inter, DejaVu Sans', values: (_, at) => clockOf(at), space: 60,
            incrs: [10, 30, 60, 300, 900, 1800, 3600, 7200]},
           {stroke: '#9fa7b3', grid: {stroke: '#2c3235', width: 1}, ticks: {show: false}, size: 72,
            font: '11px Inter, DejaVu Sans', values: (_, v) => v.map((x) => FORMATS[unit](x)),
            ...(unit === 's' && {incrs: ROUND_SPANS})}],
    series: [{}, ...series.map((one, i) => ({
      stroke: COLORS[i % COLORS.length], width: 1.2, points: {show: false}, spanGaps: false,
      fill: COLORS[i % COLORS.length] +
            Math.round(2.55 * custom.fillOpacity).toString(16).padStart(2, '0')}))],
    hooks: {draw: [(plot) => {
      if (custom.thresholdsStyle.mode !== 'dashed') return;
      for (const step of thresholds.steps.slice(1)) {
        const y = plot.valToPos(step.value, 'y', true);
        plot.ctx.strokeStyle = NAMED[step.color];
        plot.ctx.setLineDash([6, 6]);
        plot.ctx.beginPath();
        plot.ctx.moveTo(plot.bbox.left, y);
        plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
        plot.ctx.stroke();
        plot.ctx.setLineDash([]);
      }
    }]},
  }, [times, ...values], body);
  const names = element(body, 'div', 'legend');
  series.forEach((one, i) => {
    const entry = element(names, 'span', '', one.name);
    entry.style.setProperty('--color', COLORS[i % COLORS.length]);
  });
}

function drawHeatmap(panel, body) {
  const unit = panel.options.yAxis.unit;
  const bounds = seriesOf(panel).map((one) => ({...one, le: parseFloat(one.labels.le.replace('+Inf',
    'Infinity'))})).sort((a, b) => a.le - b.le);
  if (!bounds.length) return element(body, 'div', 'empty', 'No data');
  const {times, values} = grid(bounds);
  // Buckets are cumulative: what is between two bounds is their difference.
  const cells = values.map((row, i) => row.map((value, at) => value === null ? 0
    : Math.max(0, value - (i ? values[i - 1][at] ?? 0 : 0))));
  let low = cells.findIndex((row) => row.some((value) => value > 0.01));
  let high = cells.length - 1;
  while (high > low && !cells[high].some((value) => value > 0.01)) high--;
  low = Math.max(0, low);
  const most = Math.max(...cells.flat(), 1e-9);
  const canvas = element(body, 'canvas');
  canvas.width = body.clientWidth;
  canvas.height = body.clientHeight - 6;
  const draw = canvas.getContext('2d');
  const left = 72, bottom = 22, rows = high - low + 1;
  const w = (canvas.width - left - 8) / times.length, h = (canvas.height - bottom - 8) / rows;
  draw.font = '11px Inter, DejaVu Sans';
  for (let i = low; i <= high; i++) {
    const y = 8 + (high - i) * h;
    draw.fillStyle = '#9fa7b3';
    draw.textAlign = 'right';
    if ((i - low) % Math.ceil(14 / h) === 0) {
      draw.fillText(bounds[i].le === Infinity ? '+Inf' : FORMATS[unit](bounds[i].le), left - 8,
                    y + h / 2 + 4);
    }
    cells[i].forEach((value, at) => {
      if (value <= 0.01) return;
      const share = Math.sqrt(value / most);
      draw.fillStyle = `rgba(87, 148, 242, ${0.12 + 0.88 * share})`;
      draw.fillRect(left + at * w, y, Math.ceil(w), h - 1);
    });
  }
  draw.fillStyle = '#9fa7b3';
  draw.textAlign = 'center';
  const names = clockOf(times);
  const ticks = Math.max(2, Math.floor(canvas.width / 110));
  for (let i = 1; i < ticks; i++) {
    const at = Math.floor(i * times.length / ticks);
    draw.fillText(names[at], left + at * w, canvas.height - 6);
  }
}

function drawTable(panel, body) {
  const organize = panel.transformations[1].options;
  const rows = new Map();
  panel.targets.forEach((target) => {
    const all = answers[panel.id][target.refId];
    // A label that others of the same query have is empty, not absent.
    const names = new Set(all.flatMap((one) => Object.keys(one.labels)));
    for (const {labels: own, points} of all) {
      const labels = Object.fromEntries([...names].map((name) => [name, own[name] ?? '']));
      // As Grafana's merge: rows are one where they agree in all labels that both have.
      const found = [...rows.values()].find((row) => Object.entries(labels).every(([name, value]) =>
        row[name] === undefined || row[name] === value));
      const row = found ?? {};
      Object.assign(row, labels, {[`Value #${target.refId}`]: points[points.length - 1][1]});
      if (!found) rows.set(rows.size, row);
    }
  });
  const table = element(body, 'table');
  const head = element(table, 'tr');
  const fields = Object.keys(organize.renameByName);
  fields.forEach((field) => element(head, 'th', '', organize.renameByName[field]));
  const sorted = [...rows.values()].sort((a, b) => fields.map((f) => String(a[f])).join()
    .localeCompare(fields.map((f) => String(b[f])).join()));
  for (const row of sorted) {
    const line = element(table, 'tr');
    for (const field of fields) {
      const override = panel.fieldConfig.overrides.find((one) =>
        one.matcher.options === organize.renameByName[field]);
      const value = row[field];
      if (!override) {
        element(line, 'td', '', value || '(none)');
        continue;
      }
      const property = Object.fromEntries(override.properties.map((one) => [one.id, one.value]));
      const cell = element(line, 'td', 'number', value === undefined ? ''
        : FORMATS[property.unit](value, property.decimals));
      if (property.thresholds && value !== undefined) {
        cell.style.background = colorOf(property.thresholds.steps, value);
      }
    }
  }
}

const DRAW = {stat: drawStat, timeseries: drawLines, heatmap: drawHeatmap, table: drawTable};

const page = document.getElementById('page');
element(document.getElementById('head'), 'b', '', dashboard.title);
element(document.getElementById('head'), 'span', '', `${span.words} · figures over the last ` +
        `${span.window}`);
for (const panel of dashboard.panels) {
  const box = element(page, 'div', panel.type === 'row' ? 'row' : 'panel');
  const {x, y, w, h} = panel.gridPos;
  Object.assign(box.style, {left: `calc(${x} * 100% / 24)`, top: `${y * 38}px`,
                            width: `calc(${w} * 100% / 24 - 8px)`, height: `${h * 38 - 8}px`});
  element(box, 'div', 'title', panel.title);
  if (panel.type === 'row') continue;
  const body = element(box, 'div', 'body');
  DRAW[panel.type](panel, body);
}
const bottom = Math.max(...dashboard.panels.map(({gridPos: p}) => p.y + p.h));
page.style.height = `${bottom * 38}px`;
