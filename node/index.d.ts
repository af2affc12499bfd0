/// <reference types="node" />

import * as dgram from "node:dgram";
import { AddressInfo, BlockList } from "node:net";

// Node's own socket with what we have beyond it, so that ours goes wherever Node's does. Every type of
// `node:dgram` is here under its name. What only the newest Node has is declared here too, for types
// that are older.

export type SocketType = dgram.SocketType;
export type RemoteInfo = dgram.RemoteInfo;
export type BindOptions = dgram.BindOptions;

type MessageListener = NonNullable<Parameters<typeof dgram.createSocket>[1]>;

/** What `messages` and the iterator give for a datagram. */
export type Message = [msg: Parameters<MessageListener>[0], rinfo: RemoteInfo];

/** A datagram for `sendMany`: bytes or a list of them, and where to. A connected socket takes no port. */
export type Datagram =
  | readonly [msg: Payload]
  | readonly [msg: Payload, port: number, address?: string | null];

export type Payload = string | NodeJS.ArrayBufferView | ReadonlyArray<string | NodeJS.ArrayBufferView>;

export interface SocketOptions extends dgram.SocketOptions {
  reusePort?: boolean | undefined;
  receiveBlockList?: BlockList | undefined;
  sendBlockList?: BlockList | undefined;

  /**
   * How many sends may wait, and how many bytes in them, from `send()` until their callback has run. One
   * more throws `ERR_SOCKET_QUEUE_FULL`, and `drain` follows when half of them have ended. No limit
   * unless set.
   */
  queueLimit?: { datagrams?: number | undefined; bytes?: number | undefined } | undefined;

  /** False: datagrams to one destination never leave as a group (UDP_SEGMENT). */
  gso?: boolean | undefined;

  /** False: the kernel does not join datagrams for us (UDP_GRO). */
  gro?: boolean | undefined;
}

/** Counters of a socket since it was created. */
export interface Stats {
  received: number;
  receivedBytes: number;
  receivedBatches: number;
  /** System calls that read. */
  receiveCalls: number;
  /** Datagrams that were longer than what there was to read them into. */
  truncated: number;
  /** Datagrams that the kernel dropped, for want of room in its buffer. */
  dropped: number;
  sent: number;
  sentBytes: number;
  sentBatches: number;
  /** System calls that sent. */
  sendCalls: number;
  queued: number;
  queuedBytes: number;
  queuedHighWater: number;
  sendErrors: number;
  receiveErrors: number;
}

type SendManyCallback = (error: Error | null, results: Array<number | Error>) => void;

interface SyncBindOptions {
  port?: number | undefined;
  address?: string | undefined;
}

interface Beyond {
  /** All that one system call brought, as an array; before the `message`s of the same datagrams. */
  on(event: "messages", listener: (messages: Message[]) => void): this;
  once(event: "messages", listener: (messages: Message[]) => void): this;
  addListener(event: "messages", listener: (messages: Message[]) => void): this;
  prependListener(event: "messages", listener: (messages: Message[]) => void): this;
  prependOnceListener(event: "messages", listener: (messages: Message[]) => void): this;
  emit(event: "messages", messages: Message[]): boolean;

  /** After a send was refused by a limit: half of what waited has ended. */
  on(event: "drain", listener: () => void): this;
  once(event: "drain", listener: () => void): this;
  addListener(event: "drain", listener: () => void): this;
  prependListener(event: "drain", listener: () => void): this;
  prependOnceListener(event: "drain", listener: () => void): this;
  emit(event: "drain"): boolean;

  /**
   * Sends a list; all are checked before any is sent. The callback gets the first error or null, and for
   * each datagram its bytes or its error.
   */
  sendMany(list: readonly Datagram[], callback?: SendManyCallback): void;

  stats(): Stats;

  /** Messages until the socket is closed; an `error` ends it with that. Receiving pauses while nobody asks. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message>;
  [Symbol.asyncDispose](): Promise<void>;

  /** Node 26: binds to a literal address, done when it returns. Not in the fallback on older Nodes. */
  bindSync(options?: SyncBindOptions): AddressInfo;

  /** Node 26: connects to a literal address, done when it returns. Not in the fallback on older Nodes. */
  connectSync(port: number, address?: string): void;
}

export type Socket = Beyond & dgram.Socket;

export interface SocketConstructor {
  new (type: SocketType | SocketOptions, callback?: MessageListener): Socket;
  readonly prototype: Socket;
}

export const Socket: SocketConstructor;

export function createSocket(
  type: SocketType | SocketOptions,
  callback?: MessageListener,
): Socket;

/** Whether the addon is in use; if not, the package runs over `node:dgram`, for this reason. */
export const native: { readonly loaded: boolean; readonly reason: string | undefined };
