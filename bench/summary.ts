/**
 * A run in short: of each figure the median of the rounds and its spread, and its ratios to the references, each taken
 * within one round, when both systems had the same machine, and only then their median. Pure.
 */

import type { Machine } from './machine.ts';
import type { MicroResult } from './micro/micro.ts';
import type { Measured, Missing, Results } from './results.ts';
import { OURS, REFERENCES } from './systems/index.ts';
import { type Spread, spread } from './statistics.ts';

export interface SystemSummary {
  readonly figures: Readonly<Record<string, Spread>>;
  /** By the reference's name, then by the figure's. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
  /** Of each round. */
  readonly details: readonly Readonly<Record<string, unknown>>[];
  /** Of the first round. */
  readonly commands: readonly string[];
}

export interface Summary extends Omit<Results, 'samples' | 'disturbed'> {
  readonly machine: Machine;
  readonly missing: readonly Missing[];
  readonly micro: readonly MicroResult[];
  /** By scenario, then by system. */
  readonly scenarios: Readonly<Record<string, Readonly<Record<string, SystemSummary>>>>;
}

/** Those that ratios are made to: the two that the tables show, and those that goals are set against. */
const references = [...REFERENCES, OURS, 'watt', 'fasthttp-prefork'];

export function summarise({ samples, disturbed: _repeated, ...rest }: Results): Summary {
  const scenarios = [...Map.groupBy(samples, ({ scenario }) => scenario)].map(([name, ofScenario]) => {
    const bySystem = Map.groupBy(ofScenario, ({ system }) => system);
    const systems = [...bySystem].map(([system, own]) => {
      const to = references.filter((reference) => reference !== system && bySystem.has(reference));
      const ratios = Object.fromEntries(to.map((reference) => [reference, ratiosOf(own, bySystem.get(reference)!)]));
      return [system, { ...summariseSystem(own), ratios }] as const;
    });
    return [name, Object.fromEntries(systems)] as const;
  });
  return { ...rest, scenarios: Object.fromEntries(scenarios) };
}

function summariseSystem(own: readonly Measured[]): Omit<SystemSummary, 'ratios'> {
  return {
    figures: spreads(own.map(({ figures }) => figures)),
    details: own.flatMap(({ detail }) => (detail === undefined ? [] : [detail])),
    commands: own[0]?.commands ?? [],
  };
}

function ratiosOf(own: readonly Measured[], reference: readonly Measured[]): Record<string, Spread> {
  const pairs = own.flatMap((mine) => {
    const theirs = reference.find(({ round }) => round === mine.round);
    return theirs === undefined ? [] : [{ mine: mine.figures, theirs: theirs.figures }];
  });
  const quotients = pairs.map(({ mine, theirs }) =>
    Object.fromEntries(Object.entries(mine).map(([key, value]) => [key, value / (theirs[key] ?? NaN)])),
  );
  return spreads(quotients);
}

/** Of figures that are numbers in at least one round; what is divided by nothing is none. */
function spreads(rounds: readonly Readonly<Record<string, number>>[]): Record<string, Spread> {
  const keys = new Set(rounds.flatMap((figures) => Object.keys(figures)));
  const entries = [...keys].map((key) => {
    const values = rounds.map((figures) => figures[key] ?? NaN).filter((value) => Number.isFinite(value));
    return [key, values] as const;
  });
  return Object.fromEntries(
    entries.filter(([, values]) => values.length > 0).map(([key, values]) => [key, spread(values.map(short))]),
  );
}

/** Five digits are more than any of this is good for. */
const short = (value: number): number => Number(value.toPrecision(5));
