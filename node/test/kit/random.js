'use strict';

// Numbers that look random and come again, by a seed. DGRAM_TEST_SEED sets it; it is printed.

function seed() {
  const given = process.env.DGRAM_TEST_SEED;
  const number = given === undefined ? process.pid * 7919 + Date.now() % 100000 : Number(given);
  console.log(`DGRAM_TEST_SEED=${number}`);
  return number;
}

class Random {
  constructor(from) {
    this.state = (from * 2654435761) >>> 0;
  }

  // 0 or more, below 1
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n) {
    return Math.floor(this.next() * n);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  chance(part) {
    return this.next() < part;
  }
}

module.exports = { Random, seed };
