// Every call has its type; a wrong one is an error.

import dgram = require("libdgram");
import promises = require("libdgram/promises");

const socket: dgram.Socket = dgram.createSocket(
  { type: "udp4", reuseAddr: true, reusePort: false, queueLimit: { datagrams: 10 }, gso: false, gro: false },
  (msg, rinfo) => console.log(msg.toString(), rinfo.port),
);

// ---- as Node has it ----

socket
  .bind(41234)
  .on("message", (msg, rinfo) => console.log(msg.length, rinfo.size, rinfo.family))
  .on("error", (error) => console.log(error.message))
  .once("listening", () => console.log(socket.address().port));
socket.send("hello", 41234, "localhost", (error, bytes) => console.log(error, bytes));
socket.setTTL(64);
socket.addMembership("224.0.0.114");
socket.ref().unref();
socket.connectSync(1, "127.0.0.1");
const port: number = socket.bindSync({ port: 0 }).port;

// ---- beyond ----

socket
  .on("messages", (messages) => messages.map(([msg, rinfo]) => [msg.readUInt8(0), rinfo.address]))
  .once("drain", () => {})
  .on("message", (msg) => msg.subarray(1));
socket.sendMany([["a", 1], [Buffer.from("b"), 1, "::1"], [["c", new Uint16Array(1)], 1]], (error, results) => {
  for (const result of results) console.log(typeof result === "number" ? result : result.message, error);
});
const sent: number = socket.stats().sent;
const reason: string | undefined = dgram.native.loaded ? undefined : dgram.native.reason;

class Mine extends dgram.Socket {
  twice(): number {
    return this.stats().received * 2;
  }
}
const mine: number = new Mine("udp6").twice();

async function read(): Promise<void> {
  for await (const [msg, rinfo] of socket) console.log(msg.length + rinfo.port);
  const one: promises.Socket = await promises.createSocket({ type: "udp4", port: 0, address: "::1" });
  const bytes: number = await one.send("x", 1, "127.0.0.1");
  const all: Array<number | Error> = await one.sendMany([["x", 1]]);
  for await (const [msg] of one) console.log(msg.length, bytes, all);
  await one.close();
}

// ---- what is wrong ----

// @ts-expect-error: no such type
dgram.createSocket("tcp");
// @ts-expect-error: a datagram is an array
socket.sendMany(["x"]);
// @ts-expect-error: a port is a number
socket.sendMany([["x", "1"]]);
// @ts-expect-error: messages are pairs
socket.on("messages", (messages) => messages[0].length2);
// @ts-expect-error: a limit is an object
dgram.createSocket({ type: "udp4", queueLimit: 5 });
// @ts-expect-error: it cannot be changed
dgram.native.loaded = true;
// @ts-expect-error: a promise has no callback
promises.createSocket("udp4", () => {});

export { port, sent, reason, mine, read };
