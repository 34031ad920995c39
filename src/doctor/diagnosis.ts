import { cgroupChecks } from './cgroup.ts';
import type { Finding } from './finding.ts';
import type { Machine } from './machine.ts';
import { networkChecks } from './network.ts';
import { nodeChecks } from './node.ts';
import { placeChecks } from './places.ts';
import { processChecks } from './processes.ts';

const checks = [...nodeChecks, ...networkChecks, ...processChecks, ...cgroupChecks, ...placeChecks];

/** Tells which of a machine's settings will hurt a server, and which are fine. */
export function diagnose(machine: Machine): Finding[] {
  return checks.map((check) => check(machine)).filter((finding) => finding !== undefined);
}
