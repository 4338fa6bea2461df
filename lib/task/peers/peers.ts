import { bentocache } from "./bentocache.ts";
import { cacheManager } from "./cache_manager.ts";
import { cacheable } from "./cacheable.ts";
import { lamina, laminaWithMemory } from "./lamina.ts";
import { layeredLoader } from "./layered_loader.ts";
import type { Peer } from "./peer.ts";

/** This package, and the others; their packages are imported when they connect. */
export const peers: ReadonlyArray<Peer> = [
  lamina,
  laminaWithMemory,
  bentocache,
  cacheable,
  cacheManager,
  layeredLoader,
];
