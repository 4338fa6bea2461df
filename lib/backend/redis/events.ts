import type { Level } from "../../protocol/slot.ts";

/**
 * What a Redis backend reports beside its replies. Nodes are named by host and port.
 *
 * - `ConnectionReady`: a connection was made, and its server was asked who it is.
 * - `ConnectionLost`: one was lost, or not made; attempts go on for as long as the backend is open.
 * - `WatchRefused`: a server does not tell of changes, so that waiting readers poll; asked again every minute, told once.
 * - `IdentityChanged`: another server, or another life of the same one, answers: its older entries count as absent.
 * - `PrimaryChanged`: the sentinels name another primary, which is connected to.
 * - `LevelChanged`: the server's eviction policy asks for another level.
 * - `LocksSwept`: one step of the sweep looked at so many keys, and dropped so many dead locks.
 */
export type RedisEvent =
  | { readonly _tag: "ConnectionReady"; readonly node: string }
  | { readonly _tag: "ConnectionLost"; readonly node: string; readonly reason: string }
  | { readonly _tag: "WatchRefused"; readonly node: string; readonly reason: string }
  | { readonly _tag: "IdentityChanged"; readonly node: string }
  | { readonly _tag: "PrimaryChanged"; readonly node: string }
  | { readonly _tag: "LevelChanged"; readonly node: string; readonly level: Level }
  | { readonly _tag: "LocksSwept"; readonly node: string; readonly keys: number; readonly dropped: number };
