/** What each application is asked, and what a right answer to it is. */

import { type Answer, requestText } from './load/answer.ts';
import { ask, type Target } from './load/client.ts';
import type { App } from './system.ts';

/** A JSON array of numbers of 16 KiB to the byte. */
export const POST_BODY = ((): string => {
  const numbers = '123456,'.repeat(2340);
  return `[${numbers}${'9'.repeat(16_384 - numbers.length - 2)}]`;
})();

const posted = JSON.parse(POST_BODY) as number[];
const item = (id: number): unknown => ({
  id,
  name: `item ${id}`,
  price: id * 1.25,
  tags: ['a', 'b', 'c'],
  stock: { here: id, there: 0 },
});

const json = (value: unknown): ((body: string) => boolean) => {
  const expected = JSON.stringify(value);
  return (body) => {
    try {
      return JSON.stringify(JSON.parse(body)) === expected;
    } catch {
      return false;
    }
  };
};
const text =
  (expected: string) =>
  (body: string): boolean =>
    body === expected;

const rightBody: Readonly<Record<App, (body: string) => boolean>> = {
  hello: text('Hello, World!'),
  tls: text('Hello, World!'),
  timer: text(''),
  compute: text('done'),
  varied: text('done'),
  json: json({ items: Array.from({ length: 20 }, (_, id) => item(id)) }),
  post: json({ count: posted.length, sum: posted.reduce((sum, number) => sum + number, 0) }),
  whoami: (body) => /^\d+\.\d+$/.test(body),
};

export const isRight = (app: App, { status, body }: Answer): boolean => status === 200 && rightBody[app](body);

export function target(app: App, port: number, headers: Readonly<Record<string, string>> = {}): Target {
  const post = app === 'post';
  return { port, secure: app === 'tls', method: post ? 'POST' : 'GET', headers, ...(post ? { body: POST_BODY } : {}) };
}

/** Whether it answers rightly; a wrong answer throws, no answer is false: it may not be up yet. */
export async function answersRightly(app: App, port: number): Promise<boolean> {
  let answer: Answer;
  try {
    answer = await ask(target(app, port));
  } catch {
    return false;
  }
  if (isRight(app, answer)) return true;
  throw new Error(
    `a wrong answer to ${requestText('GET', '/', {}).split('\r\n')[0]}: ${answer.status} ${JSON.stringify(answer.body.slice(0, 200))}`,
  );
}

/**
 * Asks so many times, each on a connection of its own, so that every worker is likely to be among those that answer.
 *
 * @returns how many bytes an answer to a request with these headers has, to which the load generator's count is held.
 */
export async function verify(
  app: App,
  port: number,
  headers: Readonly<Record<string, string>>,
  times: number,
): Promise<number> {
  let bytes = 0;
  for (let i = 0; i < times; i++) {
    const answer = await ask(target(app, port, headers));
    if (!isRight(app, answer))
      throw new Error(`a wrong answer: ${answer.status} ${JSON.stringify(answer.body.slice(0, 200))}`);
    bytes = answer.bytes;
  }
  return bytes;
}
