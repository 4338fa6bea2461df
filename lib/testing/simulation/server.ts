import type { Backend, Call, Request } from "../../backend/port.ts";
import type { At, Operation, Reply, Slot } from "../../protocol/slot.ts";
import { absent } from "../../protocol/slot.ts";
import type { Fault } from "../explorer/names.ts";
import { delayOf, survives } from "./delay.ts";
import { drawn } from "./dice.ts";
import type { Mishap } from "./plan.ts";
import { commandFaults } from "./plan.ts";
import type { Life, World } from "./world.ts";
import { befall, mark, meet, note } from "./world.ts";

type Bytes = Uint8Array;

/** A process's connection to the server: requests take time, and each takes effect as one step of the slot function. */
export function connect(world: World, life: () => Life): Backend<Bytes> {
  const close = (): Promise<void> => Promise.resolve();
  return {
    name: "simulated",
    level: () => world.setting.level,
    run: (requests, call) => () => {
      const replies: Array<Reply<Bytes>> = [];
      let open = requests.length;
      if (open === 0) return Promise.resolve(replies);
      return new Promise((resolve) => {
        requests.forEach((request, i) =>
          send(world, life(), request, call, (reply) => {
            replies[i] = reply;
            if (--open === 0) resolve(replies);
          })
        );
      });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How a slot is called in what people read. */
export function labelOf(slot: string): string {
  return slot.replace(/^lamina:([^:]*):0:'?/, "$1 ");
}

function send(
  world: World,
  life: Life,
  request: Request<Bytes>,
  call: Call,
  answer: (reply: Reply<Bytes>) => void,
): void {
  if (life.state === "crashed") return;
  const { operation: { _tag }, slot } = request;
  const delay = delayOf(world, `${_tag} of ${labelOf(slot)} by ${life.name}`, "command");
  const { name } = delay;
  const mishap = mishapOf(world, _tag);
  if ("owner" in request.operation) world.owners.set(request.operation.owner, life);
  if ("token" in request.operation) world.owners.set(request.operation.token, life);
  world.clock.after(delay.before, () => {
    if (!survives(world, life, delay)) return note(world, () => `lost with its process: ${name}`);
    const reply = arrive(world, name, request, call, mishap);
    if (reply !== undefined) world.clock.after(delay.after, () => life.state === "crashed" || answer(reply));
  });
}

/** What goes wrong with a command. A look changes nothing, so that it can only be lost; only a hit can be unreadable. */
function mishapOf(world: World, tag: Operation<Bytes>["_tag"]): Mishap | undefined {
  return befall(world, tag === "look" ? losing : losingOrRepeating, tag);
}

const losing: ReadonlySet<Fault> = new Set<Fault>(["failedNotApplied"]);
const losingOrRepeating: ReadonlySet<Fault> = new Set([...commandFaults].filter((fault) => fault !== "unreadable"));
const unreadable: ReadonlySet<Fault> = new Set<Fault>(["unreadable"]);

const unanswered: Reply<Bytes> = { _tag: "Unreachable", reason: "simulated" };

/** A command arrives: it takes effect, or whatever its misfortune says. No reply: its sender never hears anything. */
function arrive(
  world: World,
  name: string,
  request: Request<Bytes>,
  call: Call,
  mishap: Mishap | undefined,
): Reply<Bytes> | undefined {
  if (mishap === undefined) return onReplicas(world, name, request.operation, effect(world, name, request, call));
  const isLate = mishap.fault === "appliedLate" || mishap.fault === "appliedTwice";
  mark(world, mishap, isLate ? `${name}, ${mishap.later} ms later` : name);
  const unheard = mishap.pick % 2 === 0 ? unanswered : undefined;
  const again = (): void => {
    world.clock.after(mishap.later, () => effect(world, `late, ${name}`, request, call));
  };
  switch (mishap.fault) {
    case "appliedButReportedFailed":
      effect(world, name, request, call);
      return unheard;
    case "appliedLate":
      again();
      return unheard;
    case "appliedTwice":
      again();
      return onReplicas(world, name, request.operation, effect(world, name, request, call));
    default:
      return unheard;
  }
}

/** One step of a slot, at a moment of the server's own. */
function effect(world: World, name: string, { slot, operation }: Request<Bytes>, call: Call): Reply<Bytes> {
  const at = atNow(world, call.lease);
  const [after, reply] = world.setting.apply(world.slots.get(slot) ?? absent, operation, at);
  keep(world, slot, after);
  meet(world, `${operation._tag} → ${reply._tag}`);
  note(world, () => `${name}: ${reply._tag}`);
  if (!("found" in reply) || reply.found === undefined || world.armed.length === 0) return reply;
  const mishap = befall(world, unreadable, operation._tag);
  if (mishap === undefined) return reply;
  mark(world, mishap, `what ${name} finds`);
  return { ...reply, found: { ...reply.found, payload: Uint8Array.of(255) } };
}

/** What the server knows now. Its moments are all different, as those of a server are that counts microseconds. */
export function atNow(world: World, leased: number = world.setting.lease): At {
  world.served = Math.max(world.served + 1 / 1_024, world.clock.now());
  const { identity, changed, served, setting: { level } } = world;
  return { now: served, lease: leased, level, identity: `${identity}`, changed };
}

function keep(world: World, name: string, slot: Slot<Bytes>): void {
  if (slot._tag === "Absent") world.slots.delete(name);
  else world.slots.set(name, slot);
}

/**
 * Where a lock counts only on the replicas: either the replica that has fallen behind catches up, or the client hears
 * that it did not. So it is after an unlock that found its lock gone, since what that emptied must stay empty.
 */
function onReplicas(world: World, name: string, operation: Operation<Bytes>, reply: Reply<Bytes>): Reply<Bytes> {
  const guards = reply._tag === "Locked" ||
    operation._tag === "unlock" && (reply._tag === "Lost" || reply._tag === "Foreign");
  if (world.copy === undefined || world.setting.replicas !== "waited for" || !guards) return reply;
  if (drawn(world.plan.seed, `replicated ${name} ${world.clock.now()}`) % 2 === 0) {
    world.copy = new Map(world.slots);
    return reply;
  }
  meet(world, "notOnReplicas");
  note(world, () => `not on the replica: ${name}`);
  return unanswered;
}
