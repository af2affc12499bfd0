'use strict';

// Random calls with good and bad arguments on our module and on node:dgram: what each call answers, and
// what is heard of it later, is the same but for what kit/allowed.js lists with its reason.
//
//   DGRAM_TEST_SEED=n                  the same scripts again
//   DGRAM_TEST_SCRIPT=n                one of them, printed call by call
//   DGRAM_TEST_CALLS=n                 so many calls; 100,000 at first

const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const { spawnSync } = require('node:child_process');

test('random calls have the outcome that they have on node:dgram', () => {
  const script = path.join(__dirname, 'kit', 'compare.js');
  const { status } = spawnSync(process.execPath, ['--no-warnings', script], { stdio: 'inherit' });
  assert.strictEqual(status, 0);
});
