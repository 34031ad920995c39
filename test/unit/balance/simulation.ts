/**
 * Simulates workers that share an address and balance it by the policy of src/balance, without processes. Their
 * knowledge of each other is as old, and their messages take as long, as between real ones. A seed makes a run
 * reproducible.
 */
import {
  chooseReceiver,
  handoffBudget,
  KEEP,
  toleranceFor,
  WAIT,
  type Room,
} from '../../../src/balance/least-connections.ts';
import { BURST_MS, isBurst, LONGEST_WAIT_MS } from '../../../src/balance/burst.ts';
import { Rate } from '../../../src/balance/rate.ts';
import { Random } from '../../support/random.ts';
import { Agenda } from './agenda.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly workers: number;
  readonly connections: number;
  /** The time between two connections in ms. With 0 all come at once. */
  readonly gap: number;
  /** This many connections come at once, and then none for as many gaps. @default 1 */
  readonly burst?: number;
  /** True when each burst replaces the one before, whose connections all end first. @default false */
  readonly isPool?: boolean;
  /** The average life of a connection in ms. @default Infinity */
  readonly life?: number;
  /** Workers that need ten times as long for everything. */
  readonly slow?: readonly number[];
  /** Workers whose event loop stands still for ever, from this time in ms on. */
  readonly hung?: Readonly<Record<number, number>>;
  /**
   * The average time in ms between two kills of a worker. Another one takes over its slot after some time. @default
   * never
   */
  readonly kills?: number;
  /** True when workers decide, false when the kernel does. @default true */
  readonly isBalanced?: boolean;
  /** A function that gets the loads at this interval in ms. */
  readonly sample?: { readonly every: number; readonly take: (now: number, loads: readonly number[]) => void };
}

export interface Outcome {
  readonly loads: readonly number[];
  readonly served: number;
  readonly handoffs: number;
  /** Connections that were sent to a worker that was known to hang. */
  readonly sentToHung: number;
  /** How often any connection was served more than once, which must not happen. */
  readonly servedTwice: number;
  /** Connections that a killed worker had accepted and not passed on. */
  readonly lost: number;
  readonly killed: number;
}

/** Times in ms: to accept and serve a connection, between decision and row, and on the way to another worker. */
const ACCEPT_MS = 0.06;
const WRITE_MS = 0.005;
const TRANSIT: readonly [number, number] = [0.2, 3];
const BEAT = 250;
const MOST_ON_THE_WAY = 8;
const MOST_TRIES = 3;
const REPLACEMENT = 100;

/** A connection on its way. */
interface Letter {
  readonly from: number;
  readonly to: number;
  readonly connection: number;
  /** The number of each worker within its slot. */
  readonly sender: number;
  readonly receiver: number;
}

class SimulatedWorker {
  open = 0;
  ended = 0;
  freeAt = 0;
  beat = 0;
  seenEnded = 0;
  parked = 0;
  acceptedAt = -Infinity;
  readonly accepts = new Rate();
  readonly ends = new Rate();
  readonly budget = handoffBudget();
  /** Unanswered handoffs by slot. */
  readonly unanswered: Uint8Array;
  readonly pace: number;
  readonly hangsFrom: number;
  /** The number of workers that the slot has had. The unfinished work of one ends with it. */
  life = 0;
  /** The slot is not served before this time. */
  deadUntil = 0;

  constructor(workers: number, pace: number, hangsFrom: number) {
    this.unanswered = new Uint8Array(workers);
    this.pace = pace;
    this.hangsFrom = hangsFrom;
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #agenda = new Agenda();
  readonly #workers: SimulatedWorker[];
  readonly #view: { slots: number; beats: Float64Array; open: Float64Array; coming: Float64Array };
  readonly #times: Uint8Array;
  #lost = 0;
  #killed = 0;
  #handoffs = 0;
  #sentToHung = 0;
  #arrived = 0;

  constructor(options: SimulationOptions) {
    const { workers, seed, slow = [], hung = {} } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.#workers = Array.from(
      { length: workers },
      (_, slot) => new SimulatedWorker(workers, slow.includes(slot) ? 10 : 1, hung[slot] ?? Infinity),
    );
    const array = (): Float64Array => new Float64Array(workers);
    this.#view = { slots: workers, beats: array().fill(1e-9), open: array(), coming: array() };
    this.#times = new Uint8Array(options.connections);
  }

  run(): Outcome {
    const { connections, sample } = this.#options;
    this.#agenda.at(0, () => this.#arrive());
    this.#agenda.at(BEAT, () => this.#beat());
    if (sample !== undefined) this.#agenda.at(sample.every, () => this.#sample());
    if (this.#options.kills !== undefined) this.#killLater(this.#options.kills);
    while (this.#arrived < connections || this.#agenda.isBusy) this.#agenda.next();
    const loads = this.#workers.map(({ open }) => open);
    const served = this.#times.reduce((sum, times) => sum + Math.min(times, 1), 0);
    const servedTwice = this.#times.reduce((sum, times) => sum + Math.max(0, times - 1), 0);
    const [handoffs, sentToHung, lost, killed] = [this.#handoffs, this.#sentToHung, this.#lost, this.#killed];
    return { loads, served, handoffs, sentToHung, servedTwice, lost, killed };
  }

  get #now(): number {
    return this.#agenda.now;
  }

  #arrive(): void {
    const { connections, gap, burst = 1, isPool = false } = this.#options;
    if (isPool) for (const slot of this.#workers.keys()) this.#endAll(slot);
    const end = Math.min(connections, this.#arrived + burst);
    while (this.#arrived < end) {
      const connection = this.#arrived++;
      // The kernel's hash knows nothing about loads.
      this.#turn(this.#random.between(0, this.#workers.length - 1), (slot) => this.#decide(slot, connection));
    }
    if (end < connections) this.#agenda.after(gap * burst, () => this.#arrive());
  }

  /**
   * Runs code in the worker's event loop when its turn comes. When the worker hangs, the code runs in that of a
   * neighbour which has adopted its socket.
   */
  #turn(slot: number, what: (slot: number) => void): void {
    const worker = this.#workers[slot]!;
    const start = Math.max(this.#now, worker.freeAt);
    if (start >= worker.hangsFrom) {
      this.#agenda.at(Math.max(start, worker.hangsFrom + 1000), () =>
        this.#turn((slot + 1) % this.#workers.length, what),
      );
      return;
    }
    worker.freeAt = start + ACCEPT_MS * worker.pace;
    this.#agenda.at(worker.freeAt, () => {
      // The socket and its queue stay for the next worker.
      if (this.#now >= worker.deadUntil) what(slot);
      else this.#agenda.at(worker.deadUntil, () => this.#turn(slot, what));
    });
  }

  #killLater(pause: number): void {
    this.#agenda.idle(this.#exponential(pause), () => {
      this.#kill(this.#random.between(0, this.#workers.length - 1));
      this.#killLater(pause);
    });
  }

  /**
   * Kills a worker. Its open and waiting connections are gone. Connections on their way to it go back, and those that
   * it has sent arrive.
   */
  #kill(slot: number): void {
    const worker = this.#workers[slot]!;
    if (this.#now < worker.deadUntil) return;
    this.#killed++;
    worker.life++;
    worker.deadUntil = this.#now + REPLACEMENT;
    worker.open = worker.parked = worker.ended = worker.seenEnded = 0;
    worker.unanswered.fill(0);
    this.#view.beats[slot] = 0;
    this.#view.open[slot] = 0;
    this.#agenda.after(REPLACEMENT, () => void (this.#view.beats[slot] = this.#now));
  }

  /** Runs code for a worker after a delay, unless the worker was killed meanwhile, and the connection with it. */
  #ifAlive(slot: number, delay: number, what: () => void): void {
    const worker = this.#workers[slot]!;
    const { life } = worker;
    this.#agenda.after(delay, () => {
      if (worker.life === life) what();
      else this.#lost++;
    });
  }

  #decide(own: number, connection: number): void {
    const worker = this.#workers[own]!;
    const now = this.#now;
    const inBurst = isBurst(now, worker.acceptedAt, now);
    worker.acceptedAt = now;
    worker.accepts.add(1, now);
    worker.ends.add(worker.ended - worker.seenEnded, now);
    worker.seenEnded = worker.ended;
    this.#place(own, connection, now, this.#choose(own, inBurst));
  }

  #choose(own: number, inBurst: boolean): number {
    if (this.#options.isBalanced === false) return KEEP;
    const { open, parked, accepts, ends, budget, unanswered } = this.#workers[own]!;
    const now = this.#now;
    const rates = { accepts: accepts.perSecond(now), ends: ends.perSecond(now) };
    const tolerance = toleranceFor({ ...rates, load: open, budget: budget.level(now) });
    const room = (slot: number): Room => (unanswered[slot]! < MOST_ON_THE_WAY ? 'open' : 'full');
    const load = open + parked + this.#view.coming[own]!;
    const to = chooseReceiver(own, load, this.#view, tolerance, now, room);
    if (tolerance > 1) return to === WAIT ? KEEP : to;
    return inBurst && to !== KEEP ? WAIT : to;
  }

  #place(own: number, connection: number, at: number, to: number, tries = 0): void {
    if (to === WAIT) this.#park(own, connection, at);
    else if (to === KEEP) this.#serve(own, connection);
    else this.#claim(own, to, connection, at, tries);
  }

  #park(own: number, connection: number, at: number): void {
    const worker = this.#workers[own]!;
    worker.parked++;
    this.#publish(own);
    // Timers of different processes are never in step.
    this.#ifAlive(own, BURST_MS * (1 + this.#random.next()), () => {
      worker.parked--;
      if (this.#now >= worker.hangsFrom) return this.#serve(own, connection);
      const isOver = this.#now - at >= LONGEST_WAIT_MS;
      const to = this.#choose(own, !isOver && isBurst(at, worker.acceptedAt, this.#now));
      this.#place(own, connection, at, isOver && to === WAIT ? KEEP : to);
    });
  }

  /**
   * Claims a receiver. A claim becomes visible a moment later, and a worker that sees another claim then chooses anew.
   */
  #claim(own: number, to: number, connection: number, at: number, tries: number): void {
    const before = this.#view.open[to]! + this.#view.coming[to]!;
    this.#workers[own]!.unanswered[to]!++;
    this.#ifAlive(own, WRITE_MS, () => {
      this.#view.coming[to]!++;
      if (this.#view.open[to]! + this.#view.coming[to]! <= before + 1) return this.#send(own, to, connection);
      this.#workers[own]!.unanswered[to]!--;
      this.#view.coming[to]!--;
      if (tries === MOST_TRIES) this.#park(own, connection, at);
      else this.#place(own, connection, at, this.#choose(own, false), tries + 1);
    });
  }

  #send(from: number, to: number, connection: number): void {
    this.#handoffs++;
    if (this.#now >= this.#workers[to]!.hangsFrom + 1000) this.#sentToHung++;
    const [least, most] = TRANSIT;
    const [sender, receiver] = [this.#workers[from]!, this.#workers[to]!];
    const letter = { from, to, connection, sender: sender.life, receiver: receiver.life };
    sender.budget.take(this.#now);
    this.#agenda.after(least + this.#random.next() * (most - least), () => this.#deliver(letter));
  }

  /** Delivers a connection. A worker that hangs is killed in the end, and the sender serves what it had not taken. */
  #deliver(letter: Letter): void {
    const receiver = this.#workers[letter.to]!;
    if (this.#now >= receiver.hangsFrom) this.#agenda.after(5000, () => this.#return(letter));
    else if (receiver.life !== letter.receiver) this.#return(letter);
    else
      this.#turn(letter.to, (slot) => {
        if (receiver.life === letter.receiver) this.#settle(letter, slot);
        else this.#return(letter);
      });
  }

  #return(letter: Letter): void {
    const { from, sender } = letter;
    if (this.#workers[from]!.life === sender) return this.#settle(letter, from);
    this.#lost++;
    this.#view.coming[letter.to]!--;
  }

  #settle({ from, to, sender, connection }: Letter, server: number): void {
    if (this.#workers[from]!.life === sender) this.#workers[from]!.unanswered[to]!--;
    // The count changes with the row that shows the connection as open.
    this.#agenda.after(WRITE_MS, () => void this.#view.coming[to]!--);
    this.#serve(server, connection);
  }

  #serve(slot: number, connection: number): void {
    const worker = this.#workers[slot]!;
    const { life = Infinity } = this.#options;
    this.#times[connection]!++;
    worker.open++;
    this.#publish(slot);
    if (life === Infinity) return;
    const server = worker.life;
    this.#agenda.after(this.#exponential(life), () => {
      if (worker.life !== server) return;
      worker.open--;
      worker.ended++;
      this.#publish(slot);
    });
  }

  #endAll(slot: number): void {
    const worker = this.#workers[slot]!;
    worker.ended += worker.open;
    worker.open = 0;
    this.#publish(slot);
  }

  #publish(slot: number): void {
    const worker = this.#workers[slot]!;
    this.#agenda.after(WRITE_MS, () => void (this.#view.open[slot] = worker.open + worker.parked));
  }

  /** Writes a row that says nothing new except that its worker lives. */
  #beat(): void {
    for (const [slot, { hangsFrom, deadUntil, open, parked }] of this.#workers.entries()) {
      if (this.#now >= hangsFrom || this.#now < deadUntil) continue;
      this.#view.beats[slot] = this.#now;
      this.#view.open[slot] = open + parked;
    }
    this.#agenda.idle(BEAT, () => this.#beat());
  }

  #sample(): void {
    const { every, take } = this.#options.sample!;
    take(
      this.#now,
      this.#workers.map(({ open }) => open),
    );
    this.#agenda.idle(every, () => this.#sample());
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#random.next()) * mean;
  }
}

export function simulate(options: SimulationOptions): Outcome {
  return new Simulation(options).run();
}
