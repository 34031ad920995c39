/** Checks the example for Kubernetes: each file is valid by the schemas of its API, and all of them are about the same pods. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import { parse } from 'yaml';
import { resolveSettings } from '../../../src/options/settings.ts';
import { example } from '../../support/paths.ts';

/** The constructors take what they are given, and `validate` checks it. */
const read = (file: string) => parse(readFileSync(example(`kubernetes/${file}`), 'utf8'));

const deployment = new Deployment(read('deployment.yaml'));
const service = new Service(read('service.yaml'));
const budget = new PodDisruptionBudget(read('pdb.yaml'));
const autoscaler = new HorizontalPodAutoscaler(read('hpa.yaml'));

const { template, selector, minReadySeconds, progressDeadlineSeconds, replicas, strategy } = deployment.spec!;
const pod = template.spec!;
const [container] = pod.containers;
const env = Object.fromEntries(container!.env!.map(({ name, value }) => [name, value!]));
const settings = resolveSettings({ env });

for (const [file, model] of Object.entries({
  'deployment.yaml': deployment,
  'service.yaml': service,
  'pdb.yaml': budget,
  'hpa.yaml': autoscaler,
})) {
  test(`${file} is valid`, () => model.validate());
}

test('all files of the directory are checked', () => {
  const files = readdirSync(example('kubernetes')).toSorted();
  assert.deepEqual(files, ['deployment.yaml', 'hpa.yaml', 'pdb.yaml', 'service.yaml']);
});

test('what is no manifest is refused', () => {
  const wrong = new Service({ spec: { ports: [{ port: 'http' as unknown as number }] } });
  assert.throws(() => wrong.validate(), /port/);
});

test('all are about the same pods', () => {
  const labels = template.metadata!.labels!;
  assert.deepEqual(selector.matchLabels, labels);
  assert.deepEqual(service.spec!.selector, labels);
  assert.deepEqual(budget.spec!.selector!.matchLabels, labels);
  for (const { labelSelector } of pod.topologySpreadConstraints!) assert.deepEqual(labelSelector!.matchLabels, labels);
  const { kind, name } = autoscaler.spec.scaleTargetRef;
  assert.deepEqual([kind, name], [deployment.kind, deployment.metadata!.name]);
  assert.equal(service.spec!.ports![0]!.targetPort, container!.ports![0]!.name);
});

test('times: a drain is over before all is killed, and a release is given up after its pods had time to start', () => {
  const drained = settings.drainDelay + settings.shutdownGracePeriod;
  assert.ok(pod.terminationGracePeriodSeconds! * 1000 > drained);
  const { periodSeconds, failureThreshold } = container!.startupProbe!;
  assert.ok(progressDeadlineSeconds! > periodSeconds! * failureThreshold! + minReadySeconds!);
  assert.ok(autoscaler.spec.behavior!.scaleDown!.stabilizationWindowSeconds! * 1000 > drained);
});

test('the kubelet asks what prefork answers', () => {
  for (const { httpGet } of [container!.startupProbe!, container!.readinessProbe!]) {
    assert.deepEqual([httpGet!.path, httpGet!.port], [settings.healthPath, container!.ports![0]!.name]);
  }
});

test('numbers: the autoscaler alone says how many pods there are, and a core is asked for each worker', () => {
  assert.equal(replicas, undefined);
  assert.ok(autoscaler.spec.minReplicas! >= 3);
  assert.equal(Number(container!.resources!.requests!['cpu']), settings.workers);
  assert.equal(container!.resources!.limits!['cpu'], undefined);
  assert.equal(strategy!.rollingUpdate!.maxUnavailable, 0);
});
