'use strict';

// For binding.gyp: where the core's sources lie, and which files make the addon. In the package they are
// inside; in the repository a folder higher.
//
//   node sources.js root | files | check

const fs = require('node:fs');
const path = require('node:path');

const inPackage = fs.existsSync(path.join(__dirname, 'core'));
const root = inPackage ? 'core' : '..';
const folders = ['native', ...['core', 'stack/loop', 'stack/linux', 'stack/uv'].map((one) => `${root}/src/${one}`)];

function filesOf(folder) {
  return fs.readdirSync(path.join(__dirname, folder))
    .filter((name) => name.endsWith('.c'))
    .map((name) => `${folder}/${name}`);
}

const answers = {
  root: () => root,
  files: () => folders.flatMap(filesOf).join('\n'),
  // Before packing: the repository's folder is no package.
  check: () => {
    if (inPackage) return '';
    throw new Error('`make node-package` makes the package');
  },
};

process.stdout.write(`${answers[process.argv[2]]()}\n`);
