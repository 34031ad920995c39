import { readFileSync } from 'node:fs';

/** Linux before 4.11, and systems without the setting. */
const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * The first port that every user may bind: `net.ipv4.ip_unprivileged_port_start`, which holds for IPv6 too (ip(7)). Docker
 * sets it to 0 in its containers, where no port needs root then.
 */
export function firstUnprivilegedPort(path = '/proc/sys/net/ipv4/ip_unprivileged_port_start'): number {
  try {
    const text = readFileSync(path, 'latin1').trim();
    return /^\d+$/.test(text) && Number(text) <= 65_536 ? Number(text) : FIRST_UNPRIVILEGED_PORT;
  } catch {
    return FIRST_UNPRIVILEGED_PORT;
  }
}

/**
 * Which privileged ports the binder binds. Where they are named (`--bind 80,443`), those alone. Where they are not, every port
 * that is asked for until `seal`, and after it those that were bound by then. A set that was named can only shrink.
 */
export class PortPolicy {
  readonly #first: number;
  readonly #bound = new Set<number>();
  #named: ReadonlySet<number> | undefined;

  /** @param first the first port that needs no privilege: the binder has no business there. */
  constructor(named: readonly number[] | undefined, first: number = firstUnprivilegedPort()) {
    this.#named = named && new Set(named);
    this.#first = first;
  }

  permits(port: number): boolean {
    return port > 0 && port < this.#first && (this.#named?.has(port) ?? true);
  }

  /** Takes note of what was asked for at the first start. */
  note(port: number): void {
    this.#bound.add(port);
  }

  restrict(ports: readonly number[]): void {
    this.#named = new Set(ports.filter((port) => this.#named?.has(port) ?? true));
  }

  /** The first start is over. */
  seal(): void {
    this.#named ??= new Set(this.#bound);
  }

  /** Whether no port will ever be bound any more. */
  get isVoid(): boolean {
    return this.#named !== undefined && ![...this.#named].some((port) => this.permits(port));
  }
}
