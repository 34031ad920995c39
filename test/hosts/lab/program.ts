import { spawn, type ChildProcess } from 'node:child_process';
import { matches, parseLogLine, type Fields, type LogEvent } from '../../support/log.ts';
import { childrenOf } from '../../support/leftovers.ts';
import { poll, Watched } from '../../support/watched.ts';

/** The number of lines in a report. */
const MOST_LINES = 60;

/** A program that runs in a host, and what it prints. It ends with its host at the latest. */
export class Program {
  readonly name: string;
  output = '';
  readonly log: LogEvent[] = [];
  readonly #child: ChildProcess;
  readonly #changes = new Watched();
  #unfinished = '';
  #code: number | null | undefined;

  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.name = name;
    this.#child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    }
    this.#child.once('exit', (code) => {
      this.#code = code;
      this.#changes.changed();
    });
    // Those that succeed the program, as after an upgrade, have its output too.
    this.#child.once('close', () => this.#changes.over('the program and all that it started have ended'));
  }

  /** Waits for the pid of the program, as the test sees it. */
  pid(): Promise<number> {
    return poll(() => childrenOf(this.#child.pid!)[0], `the pid of ${this.name}`);
  }

  /** Waits until the output matches. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#changes.until(() => pattern.exec(this.output) ?? undefined, `${pattern} of ${this.name}`);
  }

  /** Waits for the n-th line of prefork's log with this name and these fields. */
  event(name: string, fields: Fields = {}, nth = 1): Promise<LogEvent> {
    const what = `"${name} ${JSON.stringify(fields)}", no. ${nth} of ${this.name}`;
    return this.#changes.until(() => this.events(name, fields)[nth - 1], what);
  }

  events(name: string, fields: Fields = {}): LogEvent[] {
    return this.log.filter((event) => matches(event, name, fields));
  }

  /** Waits for the end of the program itself. */
  async ended(): Promise<number | null> {
    return this.#changes
      .until(() => (this.#code === undefined ? undefined : { code: this.#code }), this.name)
      .then(({ code }) => code);
  }

  get report(): string {
    const lines = this.output.trimEnd().split('\n').slice(-MOST_LINES);
    return [`${this.name}:`, ...lines.map((line) => `    ${line}`)].join('\n');
  }

  #take(text: string): void {
    this.output += text;
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = lines.pop()!;
    this.log.push(...lines.flatMap((line) => parseLogLine(line) ?? []));
    this.#changes.changed();
  }
}
