import { printable } from '../../format/printable.ts';
import type { Status } from '../../control/controls.ts';
import { autoscaleLine } from '../../format/autoscale.ts';
import { element, find, setAttribute, setText, shape } from './parts/dom.ts';
import { age } from './figures.ts';
import type { Tone } from './states.ts';
import type { Link } from './feed/stream.ts';

const phases: Readonly<Record<Status['phase'], readonly [shape: string, tone: Tone]>> = {
  starting: ['booting', 'busy'],
  serving: ['serving', 'good'],
  stopping: ['draining', 'busy'],
};

const links: Readonly<Record<Link['kind'], readonly [text: string, shape: string, tone: Tone]>> = {
  connecting: ['connecting', 'booting', 'quiet'],
  live: ['live', 'serving', 'good'],
  lost: ['connection lost, trying again', 'crash', 'bad'],
  full: ['too many dashboards, trying again', 'waiting', 'busy'],
  ended: ['the server has stopped', 'stopped', 'quiet'],
  refused: ['the token is refused', 'crash', 'bad'],
};

/** The head of the page: the server's name, its state, and whether the figures are current. */
export class Header {
  readonly #name = find('#name');
  readonly #phase = find('#phase');
  readonly #link = find('#link');
  readonly #facts = find('#facts');
  readonly #wanted = find('#wanted');

  show(status: Status): void {
    const { name, phase, workers, slots } = status;
    const hung = slots.filter(({ worker }) => worker?.state === 'hung').length;
    setText(this.#name, name);
    // A browser tab shows this text among many others.
    document.title = printable(
      `${hung === 0 ? '' : '! '}${workers.serving - hung}/${workers.wanted} ${name} · prefork`,
    );
    setText(this.#wanted, String(workers.wanted));
    this.#wanted.title = `${workers.wanted} workers`;
    this.#phase.hidden = false;
    mark(this.#phase, phase, ...phases[phase]);
    this.#showFacts(status);
  }

  link({ kind }: Link): void {
    mark(this.#link, ...links[kind]);
    if (kind === 'ended') mark(this.#phase, 'stopped', 'stopped', 'quiet');
    document.documentElement.dataset['link'] = kind;
  }

  #showFacts({ pid, generation, uptime, addresses, sharing, balance, prefork, node, autoscale }: Status): void {
    const facts: ReadonlyArray<readonly [string, string]> = [
      ['address', addresses.join(', ') || '–'],
      ['generation', String(generation)],
      ['up', age(uptime)],
      ['pid', String(pid)],
      ['sharing', sharing],
      ['balance', `${balance.mode}, skew ${balance.skew.toFixed(2)}`],
      ...(autoscale ? [['autoscale', autoscaleLine(autoscale, Date.now())] as const] : []),
      ['prefork', prefork],
      ['node', node],
    ];
    if (this.#facts.childElementCount === 0) {
      const pairs = facts.map(([name]) => element('div', {}, element('dt', {}, name), element('dd')));
      this.#facts.append(...pairs);
    }
    for (const [at, [, value]] of facts.entries()) setText(this.#facts.children[at]!.lastElementChild!, value);
  }
}

function mark(target: HTMLElement, text: string, form: string, tone: Tone): void {
  if (target.textContent === text) return;
  setAttribute(target, 'data-tone', tone);
  target.replaceChildren(shape(form), text);
}
