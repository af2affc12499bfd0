/// <reference types="node" />

import { AddressInfo } from "node:net";
import * as dgram from "./index.js";

export interface SocketOptions extends dgram.SocketOptions, dgram.BindOptions {}

/** A socket whose calls return promises. */
export class Socket {
  constructor(socket: dgram.Socket);

  /** The socket behind: for events and options. */
  readonly socket: dgram.Socket;

  /** Resolves to the address it is bound to. */
  bind(options?: dgram.BindOptions): Promise<AddressInfo>;
  bind(port?: number): Promise<AddressInfo>;
  connect(port: number, address?: string): Promise<void>;
  disconnect(): void;

  /** Resolves to the number of bytes. */
  send(msg: dgram.Payload): Promise<number>;
  send(msg: dgram.Payload, port: number, address?: string): Promise<number>;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number): Promise<number>;
  send(
    msg: string | NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    port: number,
    address?: string,
  ): Promise<number>;

  /** Resolves to an array: of each datagram the number of bytes, or its error. */
  sendMany(list: readonly dgram.Datagram[]): Promise<Array<number | Error>>;
  close(): Promise<void>;
  address(): AddressInfo;
  remoteAddress(): AddressInfo;
  stats(): dgram.Stats;
  [Symbol.asyncIterator](): AsyncIterableIterator<dgram.Message>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A socket of this type or with these options; bound where they have a port or an address. */
export function createSocket(options: dgram.SocketType | SocketOptions): Promise<Socket>;
