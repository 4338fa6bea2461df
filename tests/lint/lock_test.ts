import { assertEquals, assertMatch } from "@std/assert";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

Deno.test("every npm package in the lock file has its integrity", async () => {
  const { npm } = JSON.parse(await read("deno.lock"));
  for (const [name, { integrity }] of Object.entries<{ integrity?: string }>(npm)) {
    assertMatch(`${name} ${integrity}`, /^\S+ sha512-/);
  }
});

Deno.test("neither the lock file nor deno.json names a registry's host", async () => {
  for (const path of ["deno.lock", "deno.json"]) assertEquals((await read(path)).match(/https?:\/\/\S+/g), null, path);
});
