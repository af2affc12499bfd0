// Ours goes where Node's types are asked for.

import * as nodeDgram from "node:dgram";
import libdgram, * as dgram from "libdgram";

const inPlaceOfNodes: typeof nodeDgram.createSocket = dgram.createSocket;
const socket: nodeDgram.Socket = dgram.createSocket("udp4");
const options: nodeDgram.SocketOptions = {} as dgram.SocketOptions;
const theirs: dgram.SocketOptions = {} as nodeDgram.SocketOptions;
const rinfo: nodeDgram.RemoteInfo = {} as dgram.RemoteInfo;
const prototype: nodeDgram.Socket = dgram.Socket.prototype;

function closeNodes(one: nodeDgram.Socket): void {
  one.close();
}
closeNodes(libdgram.createSocket({ type: "udp6" }));
closeNodes(new dgram.Socket("udp4", (msg, from) => console.log(msg.length, from.address)));

export { inPlaceOfNodes, socket, options, theirs, rinfo, prototype };
