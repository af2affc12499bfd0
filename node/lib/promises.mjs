import dgram from './promises.js';

export const { Socket, createSocket } = dgram;
export default dgram;
