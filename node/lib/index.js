'use strict';

const { Socket } = require('./socket');

function createSocket(type, listener) {
  return new Socket(type, listener);
}

module.exports = { Socket, createSocket };
