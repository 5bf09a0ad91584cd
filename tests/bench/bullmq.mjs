// Jobs a second through BullMQ, a queue that people would pick instead of a router: jobs with
// priorities, added 64 at a time, done by 100 concurrent workers that do nothing. It knows no
// skills, offers or replies. Prints its figures as one line of JSON.
//
//   node bullmq.mjs --modules DIR --redis SOCKET --redis-pid PID --warm-up-ms N --window-ms N
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const CONCURRENCY = 100;
const BATCH = 64;
const OUTSTANDING = 512;
const BODY = 'x'.repeat(150);

const { values } = parseArgs({
  options: {
    modules: { type: 'string' },
    redis: { type: 'string' },
    'redis-pid': { type: 'string' },
    'warm-up-ms': { type: 'string' },
    'window-ms': { type: 'string' },
  },
});
const require = createRequire(resolve(values.modules, 'node_modules', 'any.js'));
const { Queue, Worker } = require('bullmq');

const connection = { path: values.redis, maxRetriesPerRequest: null };
const queue = new Queue('inquiries', {
  connection,
  defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
});

const began = new Map();
let added = 0;
let done = 0;
let window = null; // figures while it is open
let stopped = false;

async function add() {
  const jobs = [];
  for (let i = 0; i < BATCH; ++i) {
    const id = `i-${added++}`;
    began.set(id, performance.now());
    jobs.push({ name: 'inquiry', data: { body: BODY }, opts: { jobId: id, priority: 1 + (added % 9) } });
  }
  await queue.addBulk(jobs);
}

// Outstanding jobs are topped up as they complete.
let room = () => {};
async function keepAdding() {
  while (!stopped) {
    if (began.size + BATCH > OUTSTANDING) {
      await new Promise((made) => { room = made; });
    } else {
      await add();
    }
  }
}

function completed(job) {
  ++done;
  const start = began.get(job.id);
  began.delete(job.id);
  if (stopped || began.size + BATCH <= OUTSTANDING) room();
  if (window) {
    ++window.items;
    window.latencies.push((performance.now() - start) * 1000);
  }
}

function redisCpuUs() {
  const text = readFileSync(`/proc/${values['redis-pid']}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10000; // ticks of a hundredth of a second
}

function ownCpuUs() {
  const usage = process.cpuUsage();
  return usage.user + usage.system;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const worker = new Worker('inquiries', async () => {}, { connection, concurrency: CONCURRENCY });
worker.on('completed', completed);
const adding = keepAdding();

await pause(Number(values['warm-up-ms']));
const opened = { at: performance.now(), redis: redisCpuUs(), own: ownCpuUs() };
window = { items: 0, latencies: [] };
await pause(Number(values['window-ms']));
const { items, latencies } = window;
window = null;
const seconds = (performance.now() - opened.at) / 1000;
const cpu_us = {
  redis: (redisCpuUs() - opened.redis) / Math.max(items, 1),
  client: (ownCpuUs() - opened.own) / Math.max(items, 1),
};

stopped = true;
await adding;
const patience = performance.now() + 30000;
while (began.size > 0 && performance.now() < patience) await pause(10);
if (began.size > 0 || done !== added) {
  console.error(`lost: ${added} added, ${done} done`);
  process.exit(1);
}
latencies.sort((a, b) => a - b);
const percentile = (share) => latencies[Math.floor(share * (latencies.length - 1))] ?? 0;
console.log(JSON.stringify({
  items,
  seconds,
  per_second: items / seconds,
  p50_us: percentile(0.5),
  p99_us: percentile(0.99),
  cpu_us,
}));
process.exit(0);
