/** Private parts of Node.js are touched in the doors alone, so that all that a new Node.js may break is found there. */
import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { Module } from 'node:module';
import net from 'node:net';
import process from 'node:process';
import { test } from 'node:test';
import tls from 'node:tls';
import { inRoot } from '../../support/paths.ts';

const doors: readonly RegExp[] = [
  /^worker\/node-internals\//,
  /^http\/node-internals\//,
  /^listeners\/native\.ts$/,
  /^ipc\/node-channel\.ts$/,
];

/** Code that can only touch a private part: an underscore of another object, or a symbol that has to be looked for. */
const anyPart = /\.\??_[a-z]|\bprocess\.binding\b|\bgetOwnPropertySymbols\b|\['_[a-z]/;

/** Names of Node.js itself with an underscore. They are found in patterns and types too: `{ _handle: handle }`. */
function namesOfNode(): ReadonlySet<string> {
  const names = new Set<string>();
  const holders: readonly object[] = [net, http, tls, dgram, cluster, childProcess, Module, process];
  const made: readonly object[] = [new net.Socket(), net.createServer(), http.createServer(), new http.Agent()];
  const classes: readonly object[] = [
    tls.Server.prototype,
    tls.TLSSocket.prototype,
    childProcess.ChildProcess.prototype,
  ];
  for (const holder of [...holders, ...made, ...classes, http.OutgoingMessage.prototype]) {
    for (let at: object | null = holder; at !== null; at = Object.getPrototypeOf(at) as object | null) {
      for (const name of Object.getOwnPropertyNames(at)) if (/^_[a-z]/.test(name)) names.add(name);
    }
  }
  // These exist only for a moment, or only on a handle.
  return names.add('_handleQueue').add('_consumed').add('_httpMessage').add('_paused').add('_forkChild');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*/gm, (comment) => comment.replaceAll(/[^\n]/g, ''));
}

/** @returns the lines that touch a private part, `line: text`. */
function touches(text: string): string[] {
  const named = new RegExp(`(?<![\\w'])(?:${[...namesOfNode()].join('|')})\\b`);
  const lines = withoutComments(text).split('\n');
  return lines.flatMap((line, at) => (anyPart.test(line) || named.test(line) ? [`${at + 1}: ${line.trim()}`] : []));
}

const files = readdirSync(inRoot('src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const isDoor = (file: string): boolean => doors.some((door) => door.test(file));

test('no file outside of the doors touches a private part of Node.js', () => {
  const found = files
    .filter((file) => !isDoor(file))
    .flatMap((file) => touches(readFileSync(inRoot(`src/${file}`), 'utf8')).map((line) => `src/${file}:${line}`));
  assert.deepEqual(found, []);
});

test('each door is there, and is one', () => {
  for (const door of doors) {
    const behind = files.filter((file) => door.test(file));
    assert.ok(
      behind.some((file) => touches(readFileSync(inRoot(`src/${file}`), 'utf8')).length > 0),
      `${door}`,
    );
  }
});

const examples: ReadonlyArray<readonly [text: string, isTouch: boolean]> = [
  ['const { _handle: handle } = socket;', true],
  ['socket._handle?.close();', true],
  ['socket?._anything', true],
  ["socket['_handle']", true],
  ['readonly _connections: number;', true],
  ['Object.getOwnPropertySymbols(server)', true],
  ["process.binding('tcp_wrap')", true],
  ['// server._connections is private', false],
  ['/** `socket._handle` */ close();', false],
  ['(_resolve, reject) => reject()', false],
  ['const { do: _drain, ...terms } = effect;', false],
];

for (const [text, isTouch] of examples) {
  test(`${isTouch ? 'touches' : 'does not touch'} a private part: ${text}`, () => {
    assert.equal(touches(text).length > 0, isTouch);
  });
}
