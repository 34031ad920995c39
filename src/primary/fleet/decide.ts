/**
 * Makes all decisions about slots and workers: (fleet, event) → (fleet, effects). The function is pure, so that crash
 * loops, races and stops are tested without a process or a clock. What is done about an event stands in a file of its
 * own, which the table below names.
 */
import { onLoad } from './reactions/load.ts';
import { noteDisturbance } from './autoscale/state.ts';
import {
  onClosed,
  onForked,
  onLeftAlone,
  onGranted,
  onOpened,
  onBooted,
  onServing,
  onSettled,
  onStandby,
  onStarted,
} from './boot.ts';
import type { Effect, FleetEvent, Timer } from './events.ts';
import { onExited, onReadyTimeout } from './exit.ts';
import { bootInTurn, keepBooting, onIdle } from './first-boots.ts';
import { isServing, type Fleet, type FleetSettings } from './fleet.ts';
import { onBeating, onDiagnosed, onHung, onSilent } from './hang.ts';
import { onHold } from './hold.ts';
import { onOffended } from './offence.ts';
import { advance, onNotRenewed, onOperate, onRenewed } from './operations/operations.ts';
import { onUpgraded, onUpgradeFailed } from './operations/upgraded.ts';
import { giveUpKept } from './parking/kept.ts';
import { onMemoryTight } from './reactions/memory.ts';
import { onProven } from './parking/parking.ts';
import { keepTrying, onRespawnDue } from './refill.ts';
import { killAll, onDrained, onKillDue } from './retire.ts';
import { informAll } from './server/informing.ts';
import { keepSpares } from './spares.ts';
import { Step } from './step.ts';
import { fail, onDelayOver, onStop } from './stop.ts';
import { onJudged, onWatchOver } from './reactions/verdict.ts';

export interface Decision {
  readonly fleet: Fleet;
  readonly effects: readonly Effect[];
}

type EventOf<Type extends FleetEvent['type']> = Extract<FleetEvent, { type: Type }>;
type Decide<Type extends FleetEvent['type']> = (step: Step, event: EventOf<Type>) => void;

const decisions: { [Type in FleetEvent['type']]: Decide<Type> } = {
  start: (step) => {
    // A stop was asked for before the start.
    if (step.fleet.phase !== 'idle') return;
    step.fleet = { ...step.fleet, phase: 'starting', startedAt: step.at };
    bootInTurn(
      step,
      step.fleet.slots.map(({ index }) => index),
    );
  },
  forked: (step, { worker, pid }) => onForked(step, worker, pid),
  started: (step, { worker }) => onStarted(step, worker),
  standby: (step, { worker }) => onStandby(step, worker),
  granted: (step, { worker }) => onGranted(step, worker),
  opened: (step, { worker, address }) => onOpened(step, worker, address),
  closed: (step, { worker, address }) => onClosed(step, worker, address),
  booted: (step, { worker }) => onBooted(step, worker),
  serving: (step, { worker }) => onServing(step, worker),
  drained: (step, { worker, moves }) => onDrained(step, worker, moves),
  offended: (step, { worker, offence }) => onOffended(step, worker, offence),
  exited: onExited,
  due: (step, { timer }) => onDue(step, timer),
  operate: onOperate,
  renewed: onRenewed,
  'not-renewed': onNotRenewed,
  hung: (step, { worker, silent }) => onHung(step, worker, silent),
  idle: (step, { worker }) => onIdle(step, worker),
  beating: (step, { worker }) => onBeating(step, worker),
  silent: (step, { worker, silent }) => onSilent(step, worker, silent),
  judged: (step, { judgement }) => onJudged(step, judgement),
  'memory-tight': (step, { why }) => onMemoryTight(step, why),
  hold: onHold,
  load: onLoad,
  diagnosed: (step, { worker, stack }) => onDiagnosed(step, worker, stack),
  upgraded: onUpgraded,
  'left-alone': onLeftAlone,
  'upgrade-failed': onUpgradeFailed,
  stop: onStop,
  fail: (step, { error }) => fail(step, error),
};

/** @param at monotonic time, ms. */
export function decide(fleet: Fleet, settings: FleetSettings, event: FleetEvent, at: number): Decision {
  const step = new Step(fleet, settings, at);
  (decisions[event.type] as Decide<FleetEvent['type']>)(step, event);
  advance(step);
  keepBooting(step);
  keepTrying(step);
  keepSpares(step);
  noteDisturbance(step);
  informAll(step, fleet);
  return { fleet: step.fleet, effects: step.effects };
}

function onDue(step: Step, due: Timer): void {
  switch (due.timer) {
    case 'ready':
      return onReadyTimeout(step, due.worker);
    case 'settle':
      return onSettled(step, due.worker);
    case 'parked':
      return onProven(step, due.worker);
    case 'watch':
      return onWatchOver(step);
    case 'kept':
      return giveUpKept(step, 'its time is over');
    case 'respawn':
      return onRespawnDue(step, due.slot);
    case 'respawn-spares':
      step.fleet = { ...step.fleet, isSpareWaiting: false };
      return;
    case 'sweep': {
      const slot = step.fleet.slots[due.slot];
      if (slot !== undefined && isServing(step.fleet, slot)) step.do({ do: 'sweep', slot: due.slot });
      return;
    }
    case 'drain':
      return onDrained(step, due.worker);
    case 'kill':
      return onKillDue(step, due.worker);
    case 'delay':
      return onDelayOver(step);
    case 'grace':
      return killAll(step, 'grace period over');
  }
}
