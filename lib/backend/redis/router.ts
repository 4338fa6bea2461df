import { clusterRouter } from "./cluster.ts";
import type { Redirection } from "./failure.ts";
import { closeNode, type Node, openNode } from "./node.ts";
import type { Step } from "./step.ts";
import type { Settings } from "./options.ts";
import { sentinelRouter } from "./sentinel.ts";

/** Which server a key lives on. */
export interface Router {
  /** The node of a key, or why there is none. */
  readonly route: (key: string) => Node | string;
  /** The node of all keys, where several may go in one command: not in a cluster, where each may be moved on its own. */
  readonly joining: Node | undefined;
  /** Calls back at once, or when the first attempt to learn where keys live has ended. */
  readonly whenSettled: (run: () => void) => void;
  readonly redirect: ((redirection: Redirection, step: Step) => boolean) | undefined;
  /** The node to which a key's own sent us, for a command that is no step; undefined where there is only one. */
  readonly follow: ((redirection: Redirection, key: string) => Node | undefined) | undefined;
  readonly nodes: () => ReadonlyArray<Node>;
  readonly close: () => void;
}

/** The router of a place. */
export function routerOf(settings: Settings): Router {
  if (settings.sentinel !== undefined) return sentinelRouter(settings, settings.sentinel);
  return settings.isCluster ? clusterRouter(settings) : singleRouter(settings);
}

/** All keys on one server. */
function singleRouter(settings: Settings): Router {
  const node = openNode(settings.addresses[0]!, settings);
  return {
    route: () => node,
    // Where a test makes the time, all is left to the scripts, which are told it.
    joining: settings.time === undefined ? node : undefined,
    whenSettled: (run) => run(),
    redirect: undefined,
    follow: undefined,
    nodes: () => [node],
    close: () => closeNode(node),
  };
}
