import { readFileSync } from 'node:fs';

/** The value for Linux before 4.11, and for systems without the setting. */
const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * Returns the first port that every user may bind: `net.ipv4.ip_unprivileged_port_start`, which also holds for IPv6
 * (ip(7)). Docker sets it to 0 in its containers, where no port needs root.
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
 * Decides which privileged ports the binder binds. Ports that were named (`--bind 80,443`) are the only ones. Without
 * names, every port that is asked for is bound until `seal`, and afterwards those that were bound by then. A set that
 * was named can only shrink.
 */
export class PortPolicy {
  readonly #first: number;
  readonly #bound = new Set<number>();
  #named: ReadonlySet<number> | undefined;

  /**
   * Creates the policy.
   *
   * @param first the first port that needs no privilege; the binder never binds it or a higher one.
   */
  constructor(named: readonly number[] | undefined, first: number = firstUnprivilegedPort()) {
    this.#named = named && new Set(named);
    this.#first = first;
  }

  permits(port: number): boolean {
    return port > 0 && port < this.#first && (this.#named?.has(port) ?? true);
  }

  /** Records a port that was bound during the first start. */
  note(port: number): void {
    this.#bound.add(port);
  }

  restrict(ports: readonly number[]): void {
    this.#named = new Set(ports.filter((port) => this.#named?.has(port) ?? true));
  }

  /** Ends the first start. */
  seal(): void {
    this.#named ??= new Set(this.#bound);
  }

  /** Tells whether no port will ever be bound any more. */
  get isVoid(): boolean {
    return this.#named !== undefined && ![...this.#named].some((port) => this.permits(port));
  }
}
