/** Reads the figures of a server that runs with `--admin 0`. */
import type { App, Target } from './app.ts';
import { get } from './http.ts';

/** Returns the admin address. */
export async function adminOf(app: App): Promise<Target> {
  const { fields } = await app.event('admin');
  const { hostname: host, port } = new URL(String(fields['address']));
  return { host, port: Number(port) };
}

/** Adds up all series whose name and labels begin with `start`, and whose labels include `labels`. */
export async function sumOf(admin: Target, start: string, labels = ''): Promise<number> {
  const { body } = await get(admin, { path: '/metrics' });
  const lines = body.split('\n').filter((line) => line.startsWith(start) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
