import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstLine, lastLine, whereThrown } from '../../../../src/primary/exits/last-words.ts';

const errors: ReadonlyArray<readonly [string, string, string, string]> = [
  ['nothing', '', '', ''],
  ['no stack', 'thrown text', 'thrown text', ''],
  [
    'a function',
    'Error: a\n    at serve (/app/server.js:12:5)\n    at node:net:1:2',
    'Error: a',
    ' at /app/server.js:12',
  ],
  ['no function', 'TypeError: b\n    at /app/a b/server.js:3:1', 'TypeError: b', ' at /app/a b/server.js:3'],
  ['async', 'Error: c\n    at async main (/app/main.js:7:3)', 'Error: c', ' at /app/main.js:7'],
  ['a module', 'Error: d\n    at file:///app/with%20space.js:1:7', 'Error: d', ' at /app/with space.js:1'],
  ['no URL after all', 'Error: e\n    at file://%/x:1:7', 'Error: e', ' at file://%/x:1'],
  [
    'thrown in a dependency',
    'Error: f\n    at x (/app/node_modules/y/z.js:1:2)\n    at node:events:1:1\n    at go (/app/go.ts:4:2)',
    'Error: f',
    ' at /app/go.ts:4',
  ],
  ['in dependencies alone', 'Error: g\n    at x (/app/node_modules/y/z.js:1:2)', 'Error: g', ''],
  ['Windows', 'Error: h\r\n    at x (C:\\app\\a.js:1:2)\r\n', 'Error: h', ' at C:\\app\\a.js:1'],
  [
    'with the line that threw',
    "/app/server.js:12\nthrow new Error('i');\n^\n\nError: i\n    at Object.<anonymous> (/app/server.js:12:7)",
    'Error: i',
    ' at /app/server.js:12',
  ],
  [
    'of syntax, which no frame has',
    '/app/dep.cjs:3\nconst x = ;\n          ^\n\nSyntaxError: l\n    at wrapSafe (node:a:1:2)\n    at a (/app/server.cjs:1:1)',
    'SyntaxError: l',
    ' at /app/dep.cjs:3',
  ],
  [
    'of syntax, in an ES module',
    'file:///app/a%20b.mjs:3\nconst x = ;\n          ^\n\nSyntaxError: m\n    at compile (node:a:1:2)',
    'SyntaxError: m',
    ' at /app/a b.mjs:3',
  ],
  [
    'of TypeScript, with code on both sides',
    'file:///app/a.ts:2\nimport a;\nenum B {}\n^^^^^^^^^\nclass C {}\n\nSyntaxError [ERR_X]: n\n    at node:a:1:2',
    'SyntaxError [ERR_X]: n',
    ' at /app/a.ts:2',
  ],
  ['an address, and no place', 'cannot reach db:5432\nmore', 'cannot reach db:5432', ''],
  ['a message of several lines', 'Error: j\nmore\n    at x (/app/a.js:1:2)', 'Error: j', ' at /app/a.js:1'],
  [
    'evaluated',
    'Error: k\n    at eval (eval at x (/app/a.js:1:2), <anonymous>:1:7)\n    at x (/a.js:9:1)',
    'Error: k',
    ' at /a.js:9',
  ],
];

for (const [what, text, first, place] of errors) {
  test(what, () => {
    assert.equal(firstLine(text), first);
    assert.equal(whereThrown(text), place);
  });
}

test('the last line is what the application said last', () => {
  assert.equal(lastLine('a\nb\n\n'), 'b');
  assert.equal(lastLine('a\nNode.js v24.21.0\n'), 'a');
  assert.equal(lastLine('\u001B[31mred\u001B[39m\n'), 'red');
  assert.equal(lastLine(''), '');
});
