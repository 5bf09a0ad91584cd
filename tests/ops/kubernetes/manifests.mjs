// What kustomize renders is what Kubernetes takes, and its parts fit together.
//
//   node tests/ops/kubernetes/manifests.mjs MODULES RENDERED...
//
// MODULES: a folder with node_modules: kubernetes-types, kubernetes-models,
// @kubernetes-models/prometheus-operator, typescript, yaml. RENDERED: files of `kustomize build`.
//
// Three judges. tsc with kubernetes-types finds fields that do not exist; the schemas of
// kubernetes-models find values that are not allowed; the checks below find references that lead
// nowhere and pods that are not restricted. Planted mistakes show that each of them judges.
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {faultsOf} from './fit.mjs';

const modules = path.resolve(process.argv[2]);
// Packages are looked for beside the file that imports them.
writeFileSync(path.join(modules, 'load.mjs'), 'export const load = (name) => import(name);\n');
const {load} = await import(path.join(modules, 'load.mjs'));
const yaml = await load('yaml');

const PROMETHEUS = 'monitoring.coreos.com/';

async function modelOf(one) {
  const [group, version] = one.apiVersion.includes('/') ? one.apiVersion.split('/')
    : ['', one.apiVersion];
  const from = group.startsWith('monitoring.coreos.com') ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models';
  const name = group === '' ? `${from}/${version}` : `${from}/${group}/${version}`;
  return (await load(`${name}/${one.kind}`))[one.kind];
}

// What the schemas say against each; [] when nothing.
async function refusedValues(resources) {
  const refused = [];
  for (const one of resources) {
    try {
      new (await modelOf(one))(one).validate();
    } catch (error) {
      refused.push(`${one.kind} ${one.metadata.name}: ${error.message}`);
    }
  }
  return refused;
}

// What tsc says; '' when nothing.
function unknownFields(name, resources) {
  const lines = resources.map((one, index) => {
    const from = one.apiVersion.startsWith(PROMETHEUS)
      ? `@kubernetes-models/prometheus-operator/${one.apiVersion}/${one.kind}`
      : `kubernetes-types/${one.apiVersion.includes('/') ? one.apiVersion.replace('.k8s.io', '')
        : `core/${one.apiVersion}`}`;
    const type = one.apiVersion.startsWith(PROMETHEUS) ? `I${one.kind}` : one.kind;
    return `import type {${type} as T${index}} from '${from}';\n` +
           `export const r${index}: T${index} = ${JSON.stringify(one)};`;
  });
  const file = path.join(modules, `${name}.ts`);
  writeFileSync(file, lines.join('\n'));
  try {
    execFileSync(path.join(modules, 'node_modules/.bin/tsc'),
                 ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext',
                  '--moduleResolution', 'bundler', '--target', 'es2022', file],
                 {encoding: 'utf8'});
    return '';
  } catch (error) {
    return error.stdout;
  }
}

let failed = false;
const tell = (text) => {
  console.log(text);
  failed = true;
};

for (const file of process.argv.slice(3)) {
  const name = path.parse(file).name;
  const resources = yaml.parseAllDocuments(readFileSync(file, 'utf8')).map((one) => one.toJS());
  (await refusedValues(resources)).forEach(tell);
  const unknown = unknownFields(name, resources);
  if (unknown) tell(unknown.slice(0, 3000));
  faultsOf(resources).forEach((fault) => tell(`${name}: ${fault}`));
  console.log(`${name}: ${resources.length} resources`);

  // ---- Planted mistakes ------------------------------------------------------------------------
  const copy = (kind, change) => {
    const all = structuredClone(resources);
    change(all.find((one) => one.kind === kind), all);
    return all;
  };
  const container = (one) => one.spec.template.spec.containers[0];
  const typo = copy('Deployment', (one) => {
    container(one).readinessProb = {};
  });
  if (!unknownFields(`${name}_planted`, typo).includes('readinessProb')) {
    tell('tsc does not find a field that does not exist');
  }
  const value = copy('Deployment', (one) => {
    one.spec.revisionHistoryLimit = 'three';
  });
  if ((await refusedValues(value)).length !== 1) tell('the schemas do not find a wrong value');
  const PLANTED = [
    ['Service', (one) => (one.spec.selector['app.kubernetes.io/component'] = 'rooter')],
    ['Service', (one) => (one.spec.ports[0].targetPort = 'grpcs')],
    ['Deployment', (one) => (container(one).securityContext.readOnlyRootFilesystem = false)],
    ['Deployment', (one) => (one.spec.template.spec.securityContext.runAsNonRoot = false)],
    ['Deployment', (one) => (container(one).securityContext.capabilities.drop = [])],
    ['Deployment', (one) => (one.spec.template.spec.automountServiceAccountToken = true)],
    ['Secret', (one) => (one.metadata.name = 'other')],
    ['PodDisruptionBudget', (one) => (one.spec.selector.matchLabels.x = 'y')],
    ['ServiceAccount', (one) => (one.metadata.name = 'other')],
    ['Deployment', (one, all) => {
      container(all.find((r) => r.metadata.name === 'firstline-router'))
        .readinessProbe.grpc.port = 1;
    }],
    ['Deployment', (one, all) => {
      all.find((r) => r.metadata.name === 'firstline-router')
        .spec.template.spec.terminationGracePeriodSeconds = 12;
    }],
    ['Deployment', (one, all) => {
      container(all.find((r) => r.metadata.name === 'firstline-router')).args.shift();
    }],
  ];
  const routerOf = (all) => all.find((r) => r.metadata.name === 'firstline-router');
  if (container(routerOf(resources)).args.some((one) => one.startsWith('--auth-keys='))) {
    PLANTED.push(
      ['Deployment', (one, all) => {
        all.find((r) => r.metadata.name === 'firstline-auth').data['jwks.json'] = '';
      }],
      ['Deployment', (one, all) => {
        delete all.find((r) => r.metadata.name === 'firstline-auth').data.issuer;
      }],
      ['Deployment', (one, all) => {
        const of = container(routerOf(all));
        of.args = of.args.filter((arg) => !arg.startsWith('--auth-audience='));
      }],
      ['Deployment', (one, all) => {
        const of = container(all.find((r) => r.metadata.name === 'firstline-config'));
        of.env = of.env.filter((variable) => variable.name !== 'FIRSTLINE_TOKEN_FILE');
      }]);
  }
  for (const [kind, change] of PLANTED) {
    if (faultsOf(copy(kind, change)).length === 0) tell(`not found: ${kind} ${change}`);
  }
}
console.log(failed ? 'manifests: failed' : 'manifests: passed');
process.exit(failed ? 1 : 0);
