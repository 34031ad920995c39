import { messageOf } from '../../contract/message-of.ts';
import type { MetricReading } from '../../contract/canary.ts';
import { fieldsOf } from '../../contract/fields.ts';
import { LONGEST_REASON } from '../../ipc/messages.ts';
import type { Link } from '../link.ts';
import type { HealthHook } from '../registry.ts';
import type { Clients } from './clients.ts';
import { readingOf } from './metric-reading.ts';

/** A function that has not answered in this time has not said that the worker is well. */
const PATIENCE_MS = 2000;

const WELL = { ok: true, reason: '' } as const;

interface Word {
  readonly ok: boolean;
  readonly reason: string;
}

/**
 * Answers the primary's question how the worker is, which it asks during a canary: the application's own word, and its metrics of the
 * names that the primary gives, and whose requests were given up.
 */
export class Health {
  readonly #hooks: HealthHook[] = [];
  readonly #link: Link;
  readonly #families: () => Promise<readonly unknown[]>;
  readonly #clients: Clients;
  #isAsked = false;

  /**
   * @param families returns the metrics of all registries. It does not reject.
   * @param clients counts whose requests are given up, from the first question on
   */
  constructor(link: Link, families: () => Promise<readonly unknown[]>, clients: Clients) {
    this.#link = link;
    this.#families = families;
    this.#clients = clients;
    link.on('health', ({ metrics }) => {
      clients.watch();
      void this.#answer(metrics);
    });
  }

  add(hook: HealthHook): void {
    this.#hooks.push(hook);
  }

  /** A question that comes while the one before is not answered is answered with it. */
  async #answer(names: readonly string[]): Promise<void> {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const [words, readings] = await Promise.all([Promise.all(this.#hooks.map(wordOf)), this.#readings(names)]);
    this.#isAsked = false;
    const word = words.find(({ ok }) => !ok) ?? WELL;
    this.#link.send({
      type: 'health',
      ok: words.length === 0 ? null : word.ok,
      reason: word.reason.slice(0, LONGEST_REASON),
      readings,
      clients: { requests: [...this.#clients.requests], abandoned: [...this.#clients.abandoned] },
    });
  }

  async #readings(names: readonly string[]): Promise<Array<MetricReading | null>> {
    if (names.length === 0) return [];
    const families = await this.#families();
    return names.map((name) => readingOf(families.find((family) => fieldsOf(family)['name'] === name)) ?? null);
  }
}

/** Asks the hook. The promise does not reject, and settles within the patience. */
async function wordOf(hook: HealthHook): Promise<Word> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Word>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, { ok: false, reason: `no answer within ${PATIENCE_MS} ms` });
  });
  try {
    return await Promise.race([saidBy(hook), late]);
  } catch (error) {
    return { ok: false, reason: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A function that returns nothing has not thrown, and so has found nothing. */
async function saidBy(hook: HealthHook): Promise<Word> {
  const said: unknown = await hook();
  if (said === undefined || said === true) return WELL;
  if (said === false) return { ok: false, reason: '' };
  const { ok, reason } = fieldsOf(said);
  return { ok: ok === true, reason: typeof reason === 'string' ? reason : '' };
}
