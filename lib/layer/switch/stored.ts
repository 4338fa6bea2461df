import type { Mode, SwitchState } from "./machine.ts";

/**
 * A switch as a slot holds it, with what bounds those who go by it. Both are the longest that any process asked for, so
 * that two deployments whose options differ agree on how long a step is held.
 */
export interface StoredSwitch extends SwitchState {
  /** How long one may go by it, in milliseconds. */
  readonly poll: number;
  /** How long a write may go on that locked nothing, in milliseconds. */
  readonly lease: number;
}

const format = 1;
const size = 11;
const modes: ReadonlyArray<Mode> = ["on", "drain", "off"];

/** The bytes of a switch. */
export function encodeSwitch({ mode, wish, poll, lease }: StoredSwitch): Uint8Array {
  const bytes = Uint8Array.of(format, modes.indexOf(mode), modes.indexOf(wish), ...new Uint8Array(8));
  const view = new DataView(bytes.buffer);
  view.setUint32(3, Math.ceil(poll));
  view.setUint32(7, Math.ceil(lease));
  return bytes;
}

/** The switch of some bytes; undefined if they are none. */
export function decodeSwitch(bytes: Uint8Array): StoredSwitch | undefined {
  const [mode, wish] = [modes[bytes[1] ?? -1], modes[bytes[2] ?? -1]];
  if (bytes.length !== size || bytes[0] !== format || mode === undefined || wish === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { mode, wish, poll: view.getUint32(3), lease: view.getUint32(7) };
}
