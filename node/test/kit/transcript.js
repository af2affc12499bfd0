'use strict';

// transcript.js MODULE SCRIPT: runs a script of order/ on a module.

const [, , module_, script] = process.argv;

const lines = [];
const say = (line) => lines.push(line);

process.on('exit', () => process.stdout.write(`${lines.join('\n')}\n`));

require(script)({ dgram: require(module_), say });
