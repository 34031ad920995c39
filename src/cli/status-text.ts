/** The text that `prefork status` prints for people. The module is pure, so that tests can compare text. */
import type { MoveEnd } from '../contract/moves.ts';
import type { BalanceStatus, ReloadStatus, SlotStatus, Status, WorkerStatus } from '../control/controls.ts';
import { plain, type Color, type Colorize } from './colors.ts';
import { autoscaleLine } from '../format/autoscale.ts';
import { duration } from '../format/duration.ts';
import { count, percent, size } from '../format/figures.ts';
import { comparisonLines } from './comparison-text.ts';
import { layTable, type Column } from './table.ts';

const columns: readonly Column[] = [
  { title: 'slot' },
  { title: 'pid', align: 'right' },
  { title: 'gen', align: 'right' },
  { title: 'state' },
  { title: 'up', align: 'right' },
  { title: 'conns', align: 'right' },
  { title: 'reqs', align: 'right' },
  { title: 'loop', align: 'right' },
  { title: 'mem', align: 'right' },
  { title: 'crashes', align: 'right' },
  { title: 'last exit' },
];
const STATE = columns.findIndex(({ title }) => title === 'state');

export const stateColors: Readonly<Record<WorkerStatus['state'] | SlotStatus['state'], Color>> = {
  serving: 'green',
  standby: 'green',
  booting: 'yellow',
  taking: 'yellow',
  parked: 'yellow',
  draining: 'yellow',
  ending: 'yellow',
  waiting: 'red',
  hung: 'red',
  empty: 'red',
  stopped: 'red',
};

/**
 * Formats a status.
 *
 * @param now ms since 1970, to say how long ago an event was.
 */
export function statusText(status: Status, now: number, color: Colorize = plain): string {
  const rows = [
    ...status.slots.flatMap(slotRows),
    ...status.spares.map((worker) => workerRow('spare', worker)),
    ...(status.parked ?? []).map((worker) => workerRow(`${worker.slot ?? ''} parked`.trim(), worker)),
    ...status.leaving.map((worker) => workerRow(`${worker.slot ?? ''} old`.trim(), worker)),
  ];
  const table = layTable(columns, rows, (text, row, column) => {
    if (row === -1) return color('bold', text);
    return column === STATE ? color(stateColors[text.trimEnd() as WorkerStatus['state']] ?? 'yellow', text) : text;
  });
  const notes = [
    ...canaryNotes(status.canary),
    ...keptNotes(status.kept, now),
    ...status.slots.flatMap((slot) => exitNote(slot, now)),
    ...reloadNotes(status, now),
  ];
  return `${[...headerLines(status, now, color), '', ...table, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`;
}

function headerLines(status: Status, now: number, color: Colorize): string[] {
  const { name, pid, generation, phase, uptime, workers, sharing, addresses } = status;
  const fields = [
    `pid=${pid}`,
    `gen=${generation}`,
    phase,
    `up=${duration(uptime)}`,
    `addresses=${addresses.join(',') || '-'}`,
  ];
  const { mode, skew, handoffs, moves } = status.balance;
  const handed = Object.entries(handoffs).map(([how, times]) => `${count(times)} ${how}`);
  const serving = `${workers.serving} of ${workers.wanted} workers serve`;
  return [
    `${color('bold', name)} ${fields.join(' ')}`,
    `${serving}, sharing=${sharing}, prefork ${status.prefork}, node ${status.node}`,
    `balance=${mode}, skew ${skew.toFixed(2)}, handoffs ${handed.join(', ')}`,
    ...movesLine(moves),
    ...autoscaleLines(status.autoscale, now),
  ];
}

/** An older primary does not know of autoscaling. */
function autoscaleLines(autoscale: Status['autoscale'] | undefined, now: number): string[] {
  return autoscale ? [`autoscale: ${autoscaleLine(autoscale, now)}`] : [];
}

/** What has moved, and what was to; an older primary does not say. */
function movesLine(moves: BalanceStatus['moves'] | undefined): string[] {
  const ends = Object.entries(moves ?? {});
  const sum = (how: MoveEnd): number => ends.reduce((all, [, one]) => all + one[how], 0);
  const reasons = ends.filter(([, { taken }]) => taken > 0).map(([reason, { taken }]) => `${count(taken)} ${reason}`);
  const others = (['refused', 'failed'] as const)
    .filter((how) => sum(how) > 0)
    .map((how) => `${count(sum(how))} ${how}`);
  const parts = [...reasons, ...others];
  return parts.length === 0 ? [] : [`connections moved: ${parts.join(', ')}`];
}

/** Returns the row of a slot, and below it the row of the worker that will take it over. */
function slotRows(slot: SlotStatus): string[][] {
  const { worker, successor, crashes, lastExit } = slot;
  const tail = [String(crashes), lastExit?.reason ?? '-'];
  const own = [String(slot.slot), ...workerCells(worker, slot.state), ...tail];
  return successor === null ? [own] : [own, workerRow(`${slot.slot} new`, successor)];
}

function workerRow(title: string, worker: WorkerStatus): string[] {
  return [title, ...workerCells(worker, worker.state), '', ''];
}

/**
 * Returns the cells of a worker. The worker's state says more than the state of its slot, `ownState`, which is all
 * there is without a worker.
 */
function workerCells(worker: WorkerStatus | null, ownState: string): string[] {
  const { pid, generation, state, uptime, vitals } = worker ?? {};
  return [
    String(pid ?? '-'),
    String(generation ?? '-'),
    state ?? ownState,
    uptime === undefined ? '-' : duration(uptime),
    ...(vitals
      ? [count(vitals.connectionsOpen), count(vitals.requestsFinished), percent(vitals.utilization), size(vitals.rss)]
      : ['-', '-', '-', '-']),
  ];
}

function canaryNotes(canary: Status['canary'] | undefined): string[] {
  if (!canary) return [];
  const { slots, elapsed, total } = canary;
  const title = `canary: gen ${canary.canary} in slots ${slots.join(', ')}, watched for ${duration(elapsed)} of ${duration(total)}`;
  // Before the first look there is nothing to compare.
  return [title, ...(canary.table.length === 0 ? [] : comparisonLines(canary))];
}

/** An older primary does not say. */
function keptNotes(kept: Status['kept'] | undefined, now: number): string[] {
  if (!kept) return [];
  const { generation, workers, rss, until } = kept;
  const left = duration(Math.max(0, Date.parse(until) - now));
  return [`gen ${generation} is kept for prefork rollback, for ${left} more: ${workers} parked workers, ${size(rss)}`];
}

/** Tells the whole reason of the last exit, because the table has no room for it. */
function exitNote({ slot, lastExit }: SlotStatus, now: number): string[] {
  if (lastExit === null) return [];
  const { pid, generation, text, at } = lastExit;
  return [`slot ${slot}: pid ${pid ?? '-'} gen ${generation} ended ${ago(at, now)}: ${text}`];
}

function reloadNotes({ operation, reloads }: Status, now: number): string[] {
  return [...(operation === null ? [] : [`${operation} in progress`]), ...failureNote(reloads.last, now)];
}

function failureNote(last: ReloadStatus | undefined, now: number): string[] {
  if (last === undefined || last.outcome === 'done') return [];
  return [`last reload (gen ${last.generation}) failed ${ago(last.at, now)}: ${last.reason ?? 'no reason given'}`];
}

function ago(at: string, now: number): string {
  return `${duration(Math.max(0, now - Date.parse(at)))} ago`;
}
