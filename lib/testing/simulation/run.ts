import { judge } from "./judge.ts";
import { happen } from "./misfortune.ts";
import { clientsOf } from "./operation.ts";
import type { Plan } from "./plan.ts";
import { crash, restart, start } from "./process.ts";
import { checkQuiet, rest } from "./quiet.ts";
import type { Setting } from "./setting.ts";
import type { World } from "./world.ts";
import { worldOf } from "./world.ts";

/** Runs a plan from its beginning until all is over, and judges it. */
export async function run(
  setting: Setting,
  plan: Plan,
  met: Map<string, number> = new Map(),
  log?: Array<string>,
): Promise<World> {
  const world = worldOf(setting, plan, met, log);
  for (let process = 0; process < plan.processes; process++) start(world, process);
  const clients = clientsOf(world);
  for (const event of plan.events) {
    if (event._tag === "Delay") continue;
    world.clock.after(event.at, () => {
      switch (event._tag) {
        case "Action":
          return clients.ask(event);
        case "Restart":
          return restart(world, event.process);
        case "Mishap":
          return happen(world, event, (life, down) => {
            crash(world, life, down);
            clients.leave(life);
          });
      }
    });
  }
  await rest(world);
  judge(world);
  if (world.violations.length === 0) await checkQuiet(world);
  return world;
}
