import type { Redirection } from "./failure.ts";
import { closeNode, type Node, openNode } from "./node.ts";
import type { Step } from "./step.ts";
import type { Settings } from "./options.ts";

/** Which server a key lives on. */
export interface Router {
  /** The node of a key, or why there is none. */
  readonly route: (key: string) => Node | string;
  /** The node of all keys, where several may go in one command: not in a cluster, where each may be moved on its own. */
  readonly joining: Node | undefined;
  /** Calls back at once, or when the first attempt to learn where keys live has ended. */
  readonly whenSettled: (run: () => void) => void;
  readonly redirect: ((redirection: Redirection, step: Step) => boolean) | undefined;
  readonly nodes: () => ReadonlyArray<Node>;
  readonly close: () => void;
}

/** All keys on one server. */
export function singleRouter(settings: Settings): Router {
  const node = openNode(settings.addresses[0]!, settings);
  return {
    route: () => node,
    // Where a test makes the time, all is left to the scripts, which are told it.
    joining: settings.time === undefined ? node : undefined,
    whenSettled: (run) => run(),
    redirect: undefined,
    nodes: () => [node],
    close: () => closeNode(node),
  };
}
