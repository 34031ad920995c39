import assert from 'node:assert/strict';
import type { Decision } from '../../../../src/primary/fleet/decide.ts';
import type { Effect, FleetEvent, Timer } from '../../../../src/primary/fleet/events.ts';
import type { WorkerId } from '../../../../src/primary/fleet/ids.ts';
import { isServing, type Fleet, type FleetSettings, type Worker } from '../../../../src/primary/fleet/fleet.ts';

/** Checks what is true after every event, whatever it was. */
export function checkFleet(
  fleet: Fleet,
  settings: FleetSettings,
  timers: readonly Timer[],
  killed: ReadonlySet<WorkerId>,
): void {
  checkSlots(fleet, settings, timers);
  for (const timer of timers) checkTimer(fleet, timer);
  for (const worker of fleet.workers.values()) {
    assert.ok(
      killed.has(worker.id) || isKept(fleet, settings, worker) || hasDeadline(worker, timers),
      `nothing ends ${JSON.stringify(worker)}`,
    );
  }
}

function checkSlots(fleet: Fleet, { maxSurge }: FleetSettings, timers: readonly Timer[]): void {
  const seen = new Set<WorkerId>();
  for (const [index, slot] of fleet.slots.entries()) {
    assert.equal(slot.index, index);
    for (const id of [slot.worker, slot.successor, slot.previous, slot.kept]) {
      if (id === undefined) continue;
      assert.ok(!seen.has(id), `worker ${id} has two places`);
      seen.add(id);
      assert.equal(fleet.workers.get(id)?.slot, index, `worker ${id} of slot ${index} is elsewhere`);
    }
    const isWaiting = timers.some((timer) => timer.timer === 'respawn' && timer.slot === index);
    const isFilled = slot.worker !== undefined || slot.successor !== undefined || isWaiting || isNext(fleet, index);
    assert.ok(isFilled || isEnding(fleet), `slot ${index} is forgotten`);
  }
  const successors = fleet.slots.flatMap(({ successor }) =>
    successor === undefined ? [] : fleet.workers.get(successor)!,
  );
  // A successor that was ready, and is not any more, may come on top.
  const booting = successors.filter(({ state }) => state === 'booting');
  assert.ok(booting.length <= maxSurge || isEnding(fleet), `${booting.length} successors boot`);
  assert.ok(successors.length === 0 || fleet.running !== undefined, 'a successor without an operation');
  const parked = fleet.slots.filter(({ previous }) => previous !== undefined);
  assert.ok(
    parked.length === 0 || fleet.running?.policy.parks === true,
    'a parked worker without an operation that parks',
  );
  const kept = fleet.slots.filter((slot) => slot.kept !== undefined);
  assert.ok(isEnding(fleet) || kept.length > 0 === (fleet.kept !== undefined), 'a kept generation has workers');
  const isWatched = fleet.running?.canary?.since !== undefined;
  assert.equal(
    isWatched,
    timers.some(({ timer }) => timer === 'watch'),
    'a watch ends, and nothing of it is left',
  );
  assert.ok(kept.length === 0 || isEnding(fleet) || timers.some(({ timer }) => timer === 'kept'), 'kept for ever');
}

/** Whether the end of the operation that runs decides on the parked worker, or the time for which a generation is kept. */
function isKept({ slots, running }: Fleet, { keepPrevious, canary }: FleetSettings, { id }: Worker): boolean {
  const operation = running?.operation;
  const isAsked = operation?.kind === 'reload' && operation.target.canary !== undefined;
  const untilTheEnd = keepPrevious > 0 || canary !== 0 || isAsked;
  return slots.some(({ previous, kept }) => kept === id || (previous === id && untilTheEnd));
}

/** Whether the slot gets its first worker as soon as others have booted. */
function isNext({ unfilled, workers }: Fleet, index: number): boolean {
  return unfilled.includes(index) && [...workers.values()].some(({ bootedAt }) => bootedAt === undefined);
}

function isEnding({ phase }: Fleet): boolean {
  return phase === 'idle' || phase === 'stopping' || phase === 'stopped';
}

/** Checks that no timer outlives its worker, slot or phase. */
function checkTimer({ workers, slots, phase }: Fleet, timer: Timer): void {
  assert.notEqual(phase, 'stopped', `${JSON.stringify(timer)} outlives the server`);
  if ('worker' in timer) assert.ok(workers.has(timer.worker), `${JSON.stringify(timer)} outlives its worker`);
  if ('slot' in timer) assert.ok(timer.slot < slots.length, `${JSON.stringify(timer)} outlives its slot`);
}

/** Whether a worker that is to do something, or to end, has a deadline at which it is looked at again. */
function hasDeadline({ id, state, isGivenUp }: Worker, timers: readonly Timer[]): boolean {
  const has = (name: Timer['timer']): boolean =>
    timers.some((timer) => timer.timer === name && 'worker' in timer && timer.worker === id);
  switch (state) {
    case 'booting':
      return has('ready');
    case 'taking':
      return has('ready') || has('settle');
    case 'parked':
      return has('parked');
    case 'serving':
      return !isGivenUp || has('kill');
    case 'draining':
      return has(isGivenUp ? 'kill' : 'drain');
    case 'ending':
      return has('kill');
    case 'standby':
      return true;
  }
}

/** Checks that a slot that stays stops to serve only by the end of its own worker, or of all workers. */
export function checkServing(before: Fleet, event: FleetEvent, { fleet: after, effects }: Decision): void {
  if (isEnding(after)) return;
  const gone = new Set(effects.flatMap((effect) => (effect.do === 'vacate' ? effect.slot : [])));
  // In a rollback no worker of the code that is left may serve on, and the slot is told of.
  for (const effect of effects) {
    if (effect.do === 'tell' && effect.event.name === 'slot not kept') gone.add(effect.event.facts.slot);
  }
  const stopped = before.slots.filter((slot) => isServing(before, slot) && !gone.has(slot.index));
  const own = event.type === 'exited' ? event.worker : undefined;
  const unexplained = stopped.filter(({ index, worker }) => worker !== own && !isServing(after, after.slots[index]!));
  assert.deepEqual(unexplained, [], `${event.type} made a slot stop serving`);
}

/** `finish` comes once, and nothing but late answers after it. */
export function checkFinish(effects: readonly Effect[], isOver: boolean): void {
  const finishes = effects.filter((effect) => effect.do === 'finish');
  if (isOver) {
    const rest = effects.filter((effect) => effect.do !== 'answer');
    assert.deepEqual(rest, [], 'effects after the end');
  } else if (finishes.length > 0) {
    assert.equal(finishes.length, 1);
    assert.equal(effects.at(-1)?.do, 'finish', `after finish: ${effects.map((effect) => effect.do).join()}`);
  }
}
