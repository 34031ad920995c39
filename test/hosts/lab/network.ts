import { Host } from './host.ts';
import { must, run } from './shell.ts';

/** A host, and its address in the network. */
export interface Place {
  readonly host: Host;
  readonly address: string;
}

/** The networks 198.18.0.0/15 are reserved for tests of networks: RFC 2544. */
const SUBNETS = 256;
const TEST_ADDRESS = 254;

/**
 * A switch, to which hosts and the test itself are plugged in. The switch is a bridge in a network of its own, so that
 * the kernel removes it and all of its cables when the lab ends.
 */
export class Network implements AsyncDisposable {
  readonly #switch: Host;
  readonly #subnet: number;
  readonly #ports = new Map<string, string>();

  private constructor(bridge: Host, subnet: number) {
    this.#switch = bridge;
    this.#subnet = subnet;
  }

  static async start(): Promise<Network> {
    const bridge = await Host.start('switch');
    await bridge.must('ip', 'link', 'add', 'bridge', 'type', 'bridge');
    await bridge.must('ip', 'link', 'set', 'bridge', 'up');
    for (let subnet = 0; subnet < SUBNETS; subnet++) {
      // The name is that of the network, and two labs at once do not get the same.
      const own = `preforklab${subnet}`;
      const cable = ['link', 'add', own, 'type', 'veth', 'peer', 'name', 'test', 'netns', String(bridge.pid)];
      const { code, stderr } = await run('ip', cable);
      if (code !== 0 && stderr.includes('File exists')) continue;
      if (code !== 0) throw new Error(stderr);
      const network = new Network(bridge, subnet);
      await must('ip', 'address', 'add', `${network.address(TEST_ADDRESS)}/24`, 'dev', own);
      await must('ip', 'link', 'set', own, 'up');
      await network.#plugIn('test');
      return network;
    }
    throw new Error(`there are ${SUBNETS} labs already`);
  }

  /** Returns an address of this network. */
  address(host: number): string {
    return `198.18.${this.#subnet}.${host}`;
  }

  /** Starts a host. @param number the last number of its address */
  async host(name: string, number: number): Promise<Place> {
    const host = await Host.start(name);
    const port = `port${number}`;
    const address = this.address(number);
    const peer = ['peer', 'name', 'eth0', 'netns', String(host.pid)];
    await must(
      'nsenter',
      '--target',
      String(this.#switch.pid),
      '--net',
      'ip',
      'link',
      'add',
      port,
      'type',
      'veth',
      ...peer,
    );
    await host.must('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    await host.must('ip', 'link', 'set', 'eth0', 'up');
    await this.#plugIn(port);
    this.#ports.set(name, port);
    return { host, address };
  }

  /** Pulls a host's cable. Nothing arrives any more, and no program is told. */
  async cut(host: Host): Promise<void> {
    await this.#switch.must('ip', 'link', 'set', this.#ports.get(host.name)!, 'down');
  }

  async join(host: Host): Promise<void> {
    await this.#switch.must('ip', 'link', 'set', this.#ports.get(host.name)!, 'up');
  }

  async #plugIn(port: string): Promise<void> {
    await this.#switch.must('ip', 'link', 'set', port, 'master', 'bridge', 'up');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#switch[Symbol.asyncDispose]();
  }
}
