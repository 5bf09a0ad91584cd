// The router's Deployment and the ConfigMaps of a rendered overlay, as JSON for `podman kube play`.
//
//   node tests/ops/kubernetes/playable.mjs MODULES RENDERED IMAGE STORE GRPC_PORT METRICS_PORT
//
// Replaced is only what a kubelet does and podman 4.3 does not: values from Secrets and of the
// pod's address, $(NAME) in arguments, and the ports by which the host reaches it.
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

const [modules, rendered, image, store, grpcPort, metricsPort] = process.argv.slice(2);
const loader = path.resolve(modules, 'load.mjs');
writeFileSync(loader, 'export const load = (name) => import(name);\n');
const yaml = await (await import(loader)).load('yaml');

const resources = yaml.parseAllDocuments(readFileSync(rendered, 'utf8')).map((one) => one.toJS());
const router = resources.find((one) => one.kind === 'Deployment' &&
                                       one.metadata.name === 'firstline-router');
const container = router.spec.template.spec.containers[0];
const values = {};
for (const variable of container.env) {
  values[variable.name] = variable.valueFrom?.secretKeyRef ? store
    : variable.valueFrom?.fieldRef ? '127.0.0.1' : variable.value;
  delete variable.valueFrom;
  variable.value = values[variable.name];
}
container.args = container.args.map((text) =>
  text.replace(/\$\((\w+)\)/g, (_, name) => values[name]));
container.image = image;
for (const port of container.ports) {
  port.hostPort = Number(port.name === 'grpc' ? grpcPort : metricsPort);
}
router.spec.replicas = 1;
console.log(JSON.stringify(router));
