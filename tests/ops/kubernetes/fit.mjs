// Do the resources of one installation fit together, and are its pods restricted?
//
//   faultsOf(resources)          a list of sentences, empty when all is well

const ROUTER = 'firstline-router';
// What the router takes to finish what is open (stop_timeout of services/router/app.h).
const STOP_S = 10;

const podsOf = (resources) => resources.filter((one) => one.spec?.template?.spec?.containers);
const matches = (selector, labels) =>
  Object.entries(selector).every(([key, value]) => labels?.[key] === value);
const selected = (resources, selector) =>
  podsOf(resources).filter((one) => matches(selector, one.spec.template.metadata.labels));
const has = (resources, kind, name) =>
  resources.some((one) => one.kind === kind && one.metadata.name === name);

function* selectors(resources) {
  for (const one of resources) {
    const where = `${one.kind} ${one.metadata.name}`;
    if (one.kind === 'Service') {
      const pods = selected(resources, one.spec.selector);
      if (pods.length !== 1) yield `${where} selects ${pods.length} kinds of pods`;
      for (const port of one.spec.ports) {
        const found = pods.some((pod) => pod.spec.template.spec.containers[0].ports
          ?.some((have) => have.name === port.targetPort));
        if (!found) yield `${where}: no container port ${port.targetPort}`;
      }
    }
    if (one.kind === 'PodDisruptionBudget') {
      if (selected(resources, one.spec.selector.matchLabels).length !== 1) {
        yield `${where} selects nothing`;
      }
    }
    if (one.spec?.template && one.spec.selector?.matchLabels &&
        !matches(one.spec.selector.matchLabels, one.spec.template.metadata.labels)) {
      yield `${where} does not select its own pods`;
    }
    if (one.kind === 'NetworkPolicy' &&
        selected(resources, one.spec.podSelector.matchLabels).length === 0 &&
        one.metadata.name !== 'firstline-redis') {
      yield `${where} is about no pod`;
    }
    if (one.kind === 'HorizontalPodAutoscaler') {
      const target = one.spec.scaleTargetRef;
      if (!has(resources, target.kind, target.name)) yield `${where} scales nothing`;
      const scaled = resources.find((r) => r.metadata.name === target.name);
      if (scaled?.spec.replicas !== undefined) yield `${where}: its target has replicas of its own`;
    }
    if (one.kind === 'ServiceMonitor') {
      const services = resources.filter((r) => r.kind === 'Service' &&
        matches(one.spec.selector.matchLabels, r.metadata.labels) &&
        r.spec.ports.some((port) => port.name === one.spec.endpoints[0].port));
      if (services.length !== 1) yield `${where} finds ${services.length} services`;
      if (services[0]?.metadata.labels[one.spec.jobLabel] !== 'firstline') {
        yield `${where}: the job is not called firstline`;
      }
    }
  }
}

function* references(resources) {
  for (const one of podsOf(resources)) {
    const where = `${one.kind} ${one.metadata.name}`;
    const spec = one.spec.template.spec;
    const account = spec.serviceAccountName;
    if (account && !has(resources, 'ServiceAccount', account)) {
      yield `${where}: no account ${account}`;
    }
    for (const volume of spec.volumes ?? []) {
      if (volume.configMap && !has(resources, 'ConfigMap', volume.configMap.name)) {
        yield `${where}: no ConfigMap ${volume.configMap.name}`;
      }
    }
    const claims = (one.spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata.name);
    const volumes = new Set([...(spec.volumes ?? []).map((volume) => volume.name), ...claims]);
    for (const container of spec.containers) {
      for (const mount of container.volumeMounts ?? []) {
        if (!volumes.has(mount.name)) yield `${where}: no volume ${mount.name}`;
        if (mount.subPath) yield `${where}: ${mount.name} by subPath is never updated`;
      }
      for (const variable of container.env ?? []) {
        const config = variable.valueFrom?.configMapKeyRef;
        if (config && !resources.some((r) => r.kind === 'ConfigMap' &&
            r.metadata.name === config.name && r.data?.[config.key])) {
          yield `${where}: no ${config.key} in ConfigMap ${config.name}`;
        }
        const secret = variable.valueFrom?.secretKeyRef;
        if (!secret) continue;
        const found = resources.find((r) => r.kind === 'Secret' && r.metadata.name === secret.name);
        if (!found?.data?.[secret.key]) yield `${where}: no ${secret.key} in Secret ${secret.name}`;
      }
      for (const used of JSON.stringify(container.args ?? []).matchAll(/\$\((\w+)\)/g)) {
        if (!container.env?.some((variable) => variable.name === used[1])) {
          yield `${where}: no variable ${used[1]}`;
        }
      }
    }
  }
}

// The profile "restricted" of Kubernetes' pod security standards, and a root that is read-only.
function* restricted(resources) {
  for (const one of podsOf(resources)) {
    const where = `${one.kind} ${one.metadata.name}`;
    const spec = one.spec.template.spec;
    if (spec.securityContext?.runAsNonRoot !== true) yield `${where} may run as root`;
    if (spec.securityContext?.seccompProfile?.type !== 'RuntimeDefault') {
      yield `${where}: no seccomp`;
    }
    if (spec.automountServiceAccountToken !== false) yield `${where} has a token`;
    if (spec.hostNetwork || spec.hostPID || spec.hostIPC) yield `${where} shares with its host`;
    for (const container of spec.containers) {
      const security = container.securityContext ?? {};
      if (security.allowPrivilegeEscalation !== false) yield `${where} may gain privileges`;
      if (security.readOnlyRootFilesystem !== true) yield `${where} may write to its root`;
      if (!security.capabilities?.drop?.includes('ALL')) yield `${where} keeps capabilities`;
      if (!container.resources?.limits?.memory) yield `${where} has no bound of memory`;
      if (/:latest$|^[^:]+$/.test(container.image)) {
        yield `${where}: image ${container.image} is any`;
      }
    }
  }
}

// Files where a Secret is mounted, probes on the plaintext port, and a client that has its own.
function* encrypted(resources, spec, container, text) {
  const mount = container.volumeMounts?.find((one) => one.name === 'tls')?.mountPath;
  if (!spec.volumes?.some((one) => one.name === 'tls' && one.secret)) yield 'no Secret of TLS';
  for (const flag of ['--tls-cert=', '--tls-key=', '--tls-ca=']) {
    if (!text(flag)?.startsWith(`${flag}${mount}/`)) yield `${flag} is not below ${mount}`;
  }
  const health = Number(text('--health-listen=')?.split(':').pop());
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    if (container[probe].grpc.port !== health) yield `${probe} does not ask the plaintext port`;
  }
  const config = resources.find((r) => r.metadata.name === 'firstline-config');
  const variables = config?.spec.template.spec.containers[0].env.map((one) => one.name);
  for (const name of ['FIRSTLINE_TLS_CA', 'FIRSTLINE_TLS_CERT', 'FIRSTLINE_TLS_KEY']) {
    if (!variables?.includes(name)) yield `firstline-config lacks ${name}`;
  }
}

// Keys where their ConfigMap is mounted, TLS below them, and a client that has a token.
function* authenticated(resources, spec, container, text) {
  if (!text('--tls-cert=')) yield 'tokens without TLS';
  const mount = container.volumeMounts?.find((one) => one.name === 'auth')?.mountPath;
  const volume = spec.volumes?.find((one) => one.name === 'auth' && one.configMap);
  const keys = text('--auth-keys=')?.slice(`--auth-keys=${mount}/`.length);
  const map = resources.find((r) => r.kind === 'ConfigMap' &&
                             r.metadata.name === volume?.configMap.name);
  if (!map?.data?.[keys]) yield `no keys of tokens: ${keys}`;
  for (const flag of ['--auth-issuer=', '--auth-audience=']) {
    if (!text(flag)) yield `${flag} is missing`;
  }
  const config = resources.find((r) => r.metadata.name === 'firstline-config')?.spec.template.spec;
  const folder = config?.containers[0].volumeMounts.find((one) => one.name === 'token')?.mountPath;
  const token = config?.containers[0].env.find((one) => one.name === 'FIRSTLINE_TOKEN_FILE');
  if (!folder || token?.value !== `${folder}/token`) yield 'firstline-config has no token';
}

function* router(resources) {
  const one = resources.find((r) => r.metadata.name === ROUTER && r.kind === 'Deployment');
  if (!one) return yield 'there is no router';
  const spec = one.spec.template.spec;
  const container = spec.containers[0];
  const services = {startupProbe: 'liveness', livenessProbe: 'liveness',
                    readinessProbe: 'readiness'};
  for (const [probe, service] of Object.entries(services)) {
    const grpc = container[probe]?.grpc;
    if (grpc?.service !== service) yield `${probe} does not ask for ${service}`;
    if (!container.ports.some((port) => port.containerPort === grpc?.port)) {
      yield `${probe}: port ${grpc?.port} is not the container's`;
    }
  }
  const text = (flag) => container.args.find((one) => one.startsWith(flag));
  if (Boolean(text('--insecure')) === Boolean(text('--tls-cert='))) {
    yield 'it is neither told to speak TLS nor that it need not';
  }
  if (text('--tls-cert=')) yield* encrypted(resources, spec, container, text);
  if (text('--auth-keys=')) yield* authenticated(resources, spec, container, text);
  const pause = Number(container.lifecycle.preStop.exec.command[1]);
  if (spec.terminationGracePeriodSeconds < pause + STOP_S + 5) yield 'it is killed too early';
  if (one.spec.strategy.rollingUpdate.maxUnavailable !== 0) yield 'an update takes away first';
  if (container.resources.limits.cpu) yield 'a limit of CPU throttles the holder of a lease';
}

export function faultsOf(resources) {
  return [...selectors(resources), ...references(resources), ...restricted(resources),
          ...router(resources)];
}
