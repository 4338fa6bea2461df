/** What becomes of a cache's entry when its row was changed. */
export type Telling = "set" | "delete";

/** What a node of a library is connected to. */
export interface Connection {
  /** Where values are kept: a Redis, or a gate in front of it. */
  readonly port: number;
  /** The same server by another way, for the messages between nodes: they travel on connections of their own. */
  readonly busPort: number;
  /** Begins the name of every key and channel. */
  readonly namespace: string;
  /** How long entries live in either tier, in milliseconds. */
  readonly ttl: number;
  /** Reads a row from the source of truth. */
  readonly load: (key: string) => Promise<string>;
}

/** A write of one row. */
export interface Change {
  readonly key: string;
  readonly value: string;
  readonly tell: Telling;
  /** Changes the row in the source of truth. */
  readonly save: () => Promise<void>;
}

/** One process of an application, as far as its cache goes. What fails, rejects. */
export interface PeerNode extends AsyncDisposable {
  /** Reads through the tiers; a library that knows deadlines of loads gives up after so many milliseconds. */
  readonly get: (key: string, deadline?: number) => Promise<string | undefined>;
  /** Reads many keys through the tiers; a text says why the library cannot. */
  readonly getMany: ((keys: ReadonlyArray<string>) => Promise<unknown>) | string;
  /** Saves a change, and tells the cache in the way of the library. */
  readonly write: (change: Change) => Promise<void>;
  /** Empties the cache; of a library that has no such thing, of these keys. */
  readonly clear: (keys: ReadonlyArray<string>) => Promise<unknown>;
}

/** A library. */
export interface Peer {
  readonly name: string;
  /** Which packages it consists of here, and how its tiers are stacked. */
  readonly about: string;
  readonly connect: (connection: Connection) => Promise<PeerNode>;
}

/** A write as those libraries have it: they know nothing of the source, so it comes first, and the cache is told then. */
export async function tellAfter(
  { key, value, tell, save }: Change,
  cache: {
    readonly set: (key: string, value: string) => PromiseLike<unknown>;
    readonly delete: (key: string) => PromiseLike<unknown>;
  },
): Promise<void> {
  await save();
  await (tell === "set" ? cache.set(key, value) : cache.delete(key));
}
