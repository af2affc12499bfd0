'use strict';

// The same scripts on our module and on node:dgram, each in a process of its own: what they write, in its
// order, is the same. They are in order/, and get the module as `dgram`, and `say` to write with.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { spawnSync } = require('node:child_process');

const folder = path.join(__dirname, 'order');
const runner = path.join(__dirname, 'kit', 'transcript.js');

function transcript(module, script) {
  const args = ['--no-warnings', runner, module, path.join(folder, script)];
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, {
    encoding: 'utf8', timeout: 30000,
  });
  return `${stdout}exit ${status} ${signal}\n${stderr.split('\n')[0]}`;
}

for (const script of fs.readdirSync(folder).sort()) {
  test(`${script} goes as on node:dgram`, () => {
    const expected = transcript('node:dgram', script);
    assert.strictEqual(transcript(path.join(__dirname, '..'), script), expected);
    assert.ok(expected.split('\n').length > 4, expected);
  });
}
