'use strict';

// The types, by TypeScript: test/types/ says what is right, and by @ts-expect-error what is wrong.

const test = require('node:test');
const assert = require('node:assert');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

test('the types are what a program sees', () => {
  const compiler = require.resolve('typescript/bin/tsc');
  const project = path.join(__dirname, 'types');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' });
  assert.strictEqual(status, 0, stdout);
});
