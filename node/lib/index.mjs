import dgram from './index.js';

export const { Socket, createSocket, native } = dgram;
export default dgram;
