'use strict';

// Whether the addon can be had. It is loaded only where that is safe to try: other runtimes have
// functions of libuv by name that end the process when they are called.

function runtime() {
  if (process.versions.bun !== undefined) return 'Bun has no libuv';
  if (globalThis.Deno !== undefined) return 'Deno has no libuv';
  return undefined;
}

function system() {
  if (process.platform !== 'linux') return `the addon is for Linux, this is ${process.platform}`;
  return undefined;
}

function wish() {
  if (process.env.LIBDGRAM_FALLBACK === '1') return 'LIBDGRAM_FALLBACK is set';
  return undefined;
}

function load() {
  try {
    require('./native');
    return undefined;
  } catch (error) {
    return error.message;
  }
}

// The reason, in words; undefined where the addon is loaded.
function whyNot() {
  return wish() ?? runtime() ?? system() ?? load();
}

module.exports = { whyNot };
