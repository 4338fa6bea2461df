import type { Buffer } from "node:buffer";
import type { Cancel, Clock } from "../../clock.ts";
import type { Level } from "../../protocol/slot.ts";
import { type Client, destroyClient, greet, makeClient, type NodeAddress } from "./client.ts";
import type { RedisEvent } from "./events.ts";
import { isDisconnect, isUnusable, reasonOf } from "./failure.ts";
import type { Server } from "./server.ts";

/** What a connection needs to know. */
export interface ConnectionSettings {
  readonly node: NodeAddress;
  readonly clock: Clock;
  /** Milliseconds for making a connection, and for which a made one may leave commands unanswered. */
  readonly patience: number;
  readonly onEvent: (event: RedisEvent) => void;
  /** Told when a key that was read on it may have changed; undefined: any of them may. Without it nothing is told. */
  readonly onChange?: (key: string | undefined) => void;
}

/** How far a connection is. `Connecting` is its first attempt, which calls wait for; later ones they do not. */
export type Phase =
  | { readonly _tag: "Connecting" }
  | { readonly _tag: "Ready"; readonly client: Client; readonly server: Server }
  | { readonly _tag: "Down"; readonly reason: string; readonly cause: unknown }
  | { readonly _tag: "Closed" };

/**
 * One connection to one server, made again for as long as it is open.
 *
 * Each attempt is a client of its own, which never connects twice. npm:redis therefore has no occasion to send a
 * command again that it had written: what was under way when a connection broke fails, and is unknown. (Its queue
 * would not either: with `disableOfflineQueue` an error rejects both what waits for a reply and what waits to be
 * written, `flushAll` in its commands-queue.) On this rests that a native claim carries no generation of the server.
 */
export interface Connection {
  readonly settings: ConnectionSettings;
  phase: Phase;
  /** Who the server was when last asked, and since when at the earliest; it may be gone. */
  known: { readonly identity: string; readonly level: Level; readonly changed: number } | undefined;
  readonly waiting: Array<() => void>;
  /** Commands without an answer. */
  unanswered: number;
  answered: boolean;
  failures: number;
  readySince: number;
  watch: Cancel | undefined;
  retry: Cancel | undefined;
  drop: ((error: unknown) => void) | undefined;
}

/** The first pause after a lost connection; it doubles to the longest, so that a server comes back to few attempts. */
const shortestPause = 50;

/** Service resumes within this and a connection's handshake after the server does. */
const longestPause = 2_000;

/** The most commands that may wait for answers: a stopped server must not fill our memory. */
const mostUnanswered = 65_536;

/** Opens a connection: the first attempt begins now. */
export function openConnection(settings: ConnectionSettings): Connection {
  const self: Connection = {
    settings,
    phase: { _tag: "Connecting" },
    known: undefined,
    waiting: [],
    unanswered: 0,
    answered: false,
    failures: 0,
    readySince: 0,
    watch: undefined,
    retry: undefined,
    drop: undefined,
  };
  attempt(self);
  return self;
}

/** Calls back at once, or when the first attempt to connect has ended. */
export function whenSettled(self: Connection, run: () => void): void {
  if (self.phase._tag === "Connecting") self.waiting.push(run);
  else run();
}

/** Ends a connection and all attempts to make it; what is under way becomes unknown. */
export function closeConnection(self: Connection): void {
  if (self.phase._tag === "Closed") return;
  self.phase = { _tag: "Closed" };
  self.retry?.();
  self.watch?.();
  self.watch = undefined;
  self.drop?.(new Error("closed"));
  settle(self);
}

/** Why a connection takes no command now. */
export function whyNot(self: Connection): unknown {
  return self.phase._tag === "Down"
    ? self.phase.cause
    : new Error(self.phase._tag === "Connecting" ? "not connected yet" : "closed");
}

/** Sends a command. One of the two is called, once: at once if the command cannot be sent, and certainly was not. */
export function send(
  self: Connection,
  command: ReadonlyArray<string | Buffer>,
  answer: (reply: unknown) => void,
  fail: (error: unknown) => void,
): void {
  if (self.phase._tag !== "Ready") return fail(whyNot(self));
  if (self.unanswered >= mostUnanswered) return fail(new Error("too many commands without an answer"));
  const { client } = self.phase;
  self.unanswered++;
  if (self.watch === undefined) watch(self);
  client.sendCommand(command).then((reply) => {
    heard(self);
    try {
      answer(reply);
    } catch (error) {
      fail(error);
    }
  }, (error) => {
    heard(self);
    refuse(self, error);
    fail(isDisconnect(error) ? whyNot(self) : error);
  });
}

/** Drops a connection whose server answered that it is in no state to be used. */
export function refuse(self: Connection, error: unknown): void {
  if (isUnusable(error)) self.drop?.(error);
}

/** Notes what a server says about itself, when asked again. */
export function learn(self: Connection, server: Server): void {
  if (self.phase._tag !== "Ready") return;
  if (server.unusable !== undefined) return self.drop?.(new Error(server.unusable));
  note(self, self.phase.client, server);
}

function heard(self: Connection): void {
  self.unanswered--;
  self.answered = true;
}

// A connection with commands that nobody answers is half open, or its server stopped: it is dropped after one to two
// times its patience. One appointment at a time, not one for each command.
function watch(self: Connection): void {
  self.answered = false;
  self.watch = self.settings.clock.after(self.settings.patience, () => {
    self.watch = undefined;
    if (self.unanswered === 0 || self.phase._tag !== "Ready") return;
    if (self.answered) watch(self);
    else self.drop?.(new Error(`no answer within ${self.settings.patience} ms`));
  });
}

function attempt(self: Connection): void {
  const { node, clock, patience } = self.settings;
  let over = false;
  const cancel = clock.after(patience, () => drop(new Error(`no connection within ${patience} ms`)));
  const drop = (error: unknown): void => {
    if (over) return;
    over = true;
    cancel();
    destroyClient(client);
    lost(self, error);
  };
  const { onChange } = self.settings;
  const told = onChange && ((key: string | undefined) => void (over || onChange(key)));
  const client = makeClient(node, patience, drop, () => over, told);
  self.drop = drop;
  client.connect().then(() => greet(client, clock)).then((server) => {
    if (over) return;
    if (server.unusable !== undefined) return drop(new Error(server.unusable));
    cancel();
    self.readySince = clock.now();
    note(self, client, server);
    self.settings.onEvent({ _tag: "ConnectionReady", node: node.name });
    settle(self);
  }).catch(drop);
}

function note(self: Connection, client: Client, server: Server): void {
  const { node, onEvent } = self.settings;
  const before = self.known;
  const same = before?.identity === server.identity;
  const changed = same ? before.changed : before === undefined ? server.started ?? server.met : server.met;
  self.known = { identity: server.identity, level: server.level, changed };
  self.phase = { _tag: "Ready", client, server };
  if (before === undefined) return;
  if (!same) onEvent({ _tag: "IdentityChanged", node: node.name });
  if (before.level !== server.level) onEvent({ _tag: "LevelChanged", node: node.name, level: server.level });
}

function lost(self: Connection, error: unknown): void {
  self.watch?.();
  self.watch = undefined;
  self.drop = undefined;
  if (self.phase._tag === "Closed") return;
  const { clock, node, onEvent } = self.settings;
  const reason = reasonOf(error);
  const lasted = self.phase._tag === "Ready" && clock.now() - self.readySince > longestPause;
  self.failures = lasted ? 0 : self.failures + 1;
  if (self.phase._tag !== "Down") onEvent({ _tag: "ConnectionLost", node: node.name, reason });
  self.phase = { _tag: "Down", reason, cause: error };
  const pause = Math.min(longestPause, shortestPause * 2 ** Math.min(self.failures, 10));
  self.retry = clock.after(pause * (0.5 + Math.random() / 2), () => attempt(self));
  settle(self);
}

function settle(self: Connection): void {
  for (const run of self.waiting.splice(0)) run();
}
