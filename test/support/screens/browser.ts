/**
 * Runs Debian's Chromium without a window, over its DevTools protocol:
 * https://chromedevtools.github.io/devtools-protocol/
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { testDirectory } from '../abandoned.ts';
import { DEADLINE_MS, poll } from '../watched.ts';

const PROGRAM = '/usr/bin/chromium';

/** The reason why there is no browser to test with. */
export const noBrowser: string | false = existsSync(PROGRAM) ? false : `needs Chromium, as ${PROGRAM}`;

/**
 * The flags turn off the first start, network access of the browser itself, and the sandbox, which root cannot have.
 */
const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
];

type Reply = { readonly id: number; readonly result?: object; readonly error?: { readonly message: string } };
type Notice = { readonly method: string; readonly params: Record<string, unknown> };

export interface View {
  readonly width: number;
  readonly height: number;
  readonly isDark?: boolean;
}

/**
 * A page in a browser of its own. The object owns the process, its connection and its directory, and disposing of it
 * ends all three.
 */
export class Browser implements AsyncDisposable {
  /** The complaints of the page: uncaught errors, console.error, resources that failed, violations of its policy. */
  readonly complaints: string[] = [];
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #pipe: Writable;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #session: string | undefined;
  #calls = 0;

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#pipe = child.stdio[3] as Writable;
    // The browser may be gone before we are.
    this.#pipe.on('error', () => {});
    let rest = '';
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop()!;
      for (const message of messages) this.#receive(JSON.parse(message) as Reply | Notice);
    });
  }

  static async open(url: string, view: View = { width: 1440, height: 900 }): Promise<Browser> {
    const directory = testDirectory('chromium');
    // A pipe is better than a port: when the process that holds it is gone, so is the browser, however that ended.
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] as const;
    const child = spawn(PROGRAM, [...flags, `--user-data-dir=${directory}`], { stdio: [...stdio] });
    const browser = new Browser(child, directory);
    await browser.#attach();
    await browser.look(view);
    await browser.go(url);
    return browser;
  }

  async go(url: string): Promise<void> {
    await this.call('Page.navigate', { url });
  }

  /** Evaluates an expression in the page. The expression may be a promise. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.call<{
      result: { value: Value };
      exceptionDetails?: { exception?: { description?: string } };
    }>('Runtime.evaluate', options);
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? expression);
    return result.value;
  }

  /** Waits until the expression is true in the page. */
  async shows(expression: string, within = DEADLINE_MS): Promise<void> {
    const find = async (): Promise<true | undefined> => (await this.evaluate<boolean>(expression)) || undefined;
    try {
      await poll(find, expression, within);
    } catch (error) {
      const text = await this.evaluate<string>('document.body.innerText');
      throw new Error(`${(error as Error).message}; the page says:\n${text}\n${this.complaints.join('\n')}`, {
        cause: error,
      });
    }
  }

  async look({ width, height, isDark = false }: View): Promise<void> {
    const mobile = width < 500;
    await this.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
    const features = [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }];
    await this.call('Emulation.setEmulatedMedia', { features });
  }

  /** Clicks as a person does, in the middle of the element, wherever it is. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(`(() => {
      const target = document.querySelector(${JSON.stringify(selector)});
      target.scrollIntoView({ block: 'center' });
      const { left, top, width, height } = target.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    })()`);
    const at = { x, y, button: 'left', clickCount: 1 };
    await this.call('Input.dispatchMouseEvent', { ...at, type: 'mousePressed' });
    await this.call('Input.dispatchMouseEvent', { ...at, type: 'mouseReleased' });
  }

  async move(x: number, y: number): Promise<void> {
    await this.call('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
  }

  /** Presses a key that types a character, or `Enter`, `Escape`, `Tab`. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? key : { Enter: '\r' }[key];
    const code = { Enter: 13, Escape: 27, Tab: 9 }[key] ?? 0;
    const event = { key, windowsVirtualKeyCode: code, ...(text === undefined ? {} : { text }) };
    await this.call('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', ...event });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', key, windowsVirtualKeyCode: code });
  }

  async type(text: string): Promise<void> {
    await this.call('Input.insertText', { text });
  }

  /** Returns a PNG. */
  async screenshot(isWhole = false): Promise<Buffer> {
    const options = { format: 'png', captureBeyondViewport: isWhole };
    const { data } = await this.call<{ data: string }>('Page.captureScreenshot', options);
    return Buffer.from(data, 'base64');
  }

  call<Result = object>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#calls;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#pipe.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Result);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const end = hasEnded ? undefined : once(this.#child, 'exit');
    this.#session = undefined;
    // The browser answers, or is gone before it does.
    this.call('Browser.close').catch(() => {});
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await end;
    clearTimeout(deadline);
    // The browser's helpers write a moment longer than it lives.
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  async #attach(): Promise<void> {
    const { targetId } = await this.call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const options = { targetId, flatten: true };
    const { sessionId } = await this.call<{ sessionId: string }>('Target.attachToTarget', options);
    this.#session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log']) await this.call(`${domain}.enable`);
  }

  #receive(message: Reply | Notice): void {
    if ('id' in message) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
      return;
    }
    const { method, params } = message;
    const { type, level } = { ...params, ...(params['entry'] as object) } as { type?: string; level?: string };
    const isError =
      method === 'Runtime.exceptionThrown' ||
      (method === 'Runtime.consoleAPICalled' && type === 'error') ||
      (method === 'Log.entryAdded' && level === 'error');
    if (isError) this.complaints.push(JSON.stringify(params));
  }
}
