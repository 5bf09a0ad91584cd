// Grafana's own types accept the dashboards, and its list of units has those that are used.
//
//   node tests/ops/grafana/schema.mjs MODULES      a folder with node_modules: @grafana/schema,
//                                                  typescript; and grafana-data-*.tgz as npm pack
//                                                  leaves it
//
// Writes one TypeScript file of all dashboards and lets tsc judge it: unknown fields, wrong kinds
// of values, unknown words where a choice of words is meant. A second file with planted mistakes
// shows that it does.
import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

const modules = path.resolve(process.argv[2]);
const folder = 'deploy/grafana/dashboards';

const PANELS = {
  stat: 'stat/panelcfg/x/StatPanelCfg',
  timeseries: 'timeseries/panelcfg/x/TimeSeriesPanelCfg',
  heatmap: 'heatmap/panelcfg/x/HeatmapPanelCfg',
  table: 'table/panelcfg/x/TablePanelCfg',
  bargauge: 'bargauge/panelcfg/x/BarGaugePanelCfg',
};
const NO_FIELD_CONFIG = new Set(['stat', 'bargauge', 'table']);

// Enums of words become the words themselves, and everything may be left out: Grafana has defaults.
const HEAD = `import type {Dashboard, TableFieldOptions} from '@grafana/schema';
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends Array<infer U> ? Plain<U>[]
  : T extends object ? {[K in keyof T]?: Plain<T[K]>} : T;
interface Target {refId: string; expr: string; legendFormat: string;
  format: 'time_series' | 'table' | 'heatmap'; range: boolean; instant: boolean;
  editorMode: 'code' | 'builder'; datasource: {type: 'prometheus'; uid: string}}
${Object.entries(PANELS).map(([kind, from]) =>
    `import type * as ${kind} from '@grafana/schema/dist/esm/raw/composable/${from}_types.gen';`)
    .join('\n')}
`;

function typesOf(name, board) {
  const lines = [`export const ${name}: Plain<Dashboard> = ${JSON.stringify(board)};`];
  for (const panel of board.panels) {
    if (panel.type === 'row') continue;
    const at = `${name}_${panel.id}`;
    lines.push(`export const ${at}_targets: Target[] = ${JSON.stringify(panel.targets)};`);
    lines.push(`export const ${at}_options: Plain<${panel.type}.Options> = ` +
               `${JSON.stringify(panel.options)};`);
    const custom = panel.fieldConfig.defaults.custom;
    if (!custom) continue;
    const type = panel.type === 'table' ? 'TableFieldOptions'
      : NO_FIELD_CONFIG.has(panel.type) ? 'never' : `${panel.type}.FieldConfig`;
    lines.push(`export const ${at}_custom: Plain<${type}> = ${JSON.stringify(custom)};`);
  }
  return lines.join('\n');
}

function compile(name, text) {
  const file = path.join(modules, `${name}.ts`);
  writeFileSync(file, text);
  try {
    execFileSync(path.join(modules, 'node_modules/.bin/tsc'),
                 ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext',
                  '--moduleResolution', 'nodenext', file], {encoding: 'utf8'});
    return '';
  } catch (error) {
    return error.stdout;
  }
}

const boards = Object.fromEntries(readdirSync(folder).filter((file) => file.endsWith('.json'))
  .map((file) => [path.parse(file).name, JSON.parse(readFileSync(path.join(folder, file)))]));
let failed = false;
const told = compile('boards', HEAD + Object.entries(boards).map(([name, board]) =>
  typesOf(name, board)).join('\n'));
if (told) {
  console.log(told.slice(0, 4000));
  failed = true;
}

// Each planted mistake must be told.
const wall = boards.wall;
const stat = wall.panels.find((panel) => panel.type === 'stat');
const lines = wall.panels.find((panel) => panel.type === 'timeseries');
const PLANTED = [
  [{...wall, panels: [{...stat, targts: []}]}, 'targts'],
  [{...wall, graphTooltip: 7}, "'7'"],
  [{...wall, panels: [{...stat, options: {...stat.options, colorMode: 'backgrund'}}]}, 'backgrund'],
  [{...wall, panels: [{...lines, options: {...lines.options, legendd: {}}}]}, 'legendd'],
  [{...wall, panels: [{...lines, fieldConfig: {defaults: {custom: {drawStyle: 'lin'}},
                                               overrides: []}}]}, "lin"],
  [{...wall, panels: [{...stat, targets: [{...stat.targets[0], exp: 'up'}]}]}, '"exp"'],
];
const planted = compile('planted', HEAD + PLANTED.map(([board], index) =>
  typesOf(`planted${index}`, board)).join('\n'));
for (const [, words] of PLANTED) {
  if (!planted.includes(words)) {
    console.log(`a planted mistake was not found: ${words}`);
    failed = true;
  }
}

const data = readdirSync(modules).find((file) => /^grafana-data-.*\.tgz$/.test(file));
const categories = execFileSync('tar', ['xzOf', path.join(modules, data),
  'package/dist/esm/valueFormats/categories.mjs'], {encoding: 'utf8', maxBuffer: 1 << 26});
const units = new Set([...categories.matchAll(/\bid: *["']([^"']+)["']/g)].map((one) => one[1]));
const used = new Set([...JSON.stringify(boards).matchAll(/"unit":"([^"]+)"/g)]
  .map((one) => one[1]));
for (const unit of used) {
  if (units.has(unit)) continue;
  console.log(`unit ${unit} is not one of Grafana's ${units.size}`);
  failed = true;
}
console.log(`${Object.keys(boards).length} dashboards, ${PLANTED.length} planted mistakes, ` +
            `${used.size} units: ${failed ? 'failed' : 'passed'}`);
process.exit(failed ? 1 : 0);
