import { spawn } from 'node:child_process';
import { write } from 'node:fs';
import { SYSTEM_PATH } from '../contract/system-path.ts';

/** Brings one message to systemd, and rejects with a text for people. The caller waits before it sends the next one. */
export type Transport = (message: string) => Promise<void>;

/** The length of a failure report in characters. */
const LONGEST_REPORT = 500;

/**
 * Writes to a file descriptor that is connected to the notification socket, as `OpenFile=` of a unit gives one. Node
 * cannot send a datagram to a Unix socket, but it can write to a connected one. The kernel attaches our own pid, so the
 * unit's `NotifyAccess=main` is enough.
 */
export function fileTransport(fd: number): Transport {
  return (message) =>
    new Promise((resolve, reject) => {
      // The asynchronous write is used because the socket blocks while systemd has no room for more.
      write(fd, message, (error) => (error === null ? resolve() : reject(error)));
    });
}

/**
 * Runs the `systemd-notify` command, which is wherever systemd is. The command waits until systemd has read the
 * message, because a sender that is gone by then belongs to no unit. The sender is the command and not this process, so
 * the unit needs `NotifyAccess=all`. Root needs only `main`, because it may send in the name of its parent. Root runs no other program
 * of that name than the system's.
 *
 * @param socket `NOTIFY_SOCKET`.
 */
export function commandTransport(socket: string, command = 'systemd-notify'): Transport {
  return (message) =>
    new Promise((resolve, reject) => {
      const env = { NOTIFY_SOCKET: socket, PATH: process.geteuid?.() === 0 ? SYSTEM_PATH : process.env['PATH'] };
      const child = spawn(command, message.split('\n'), { env, stdio: ['ignore', 'ignore', 'pipe'] });
      let report = '';
      child.stderr
        .setEncoding('utf8')
        .on('data', (text: string) => (report = (report + text).slice(0, LONGEST_REPORT)));
      child.once('error', (error) => reject(new Error(`${command} could not be run: ${error.message}`)));
      child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`${command} ended with ${signal ?? code}: ${report.trim()}`));
      });
    });
}
