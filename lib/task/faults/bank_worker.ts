/**
 * One process of the bank: clients that transfer between accounts, read accounts, and add all of them up, until they are
 * told to stop, or are killed.
 *
 * @module
 */
import * as E from "fp-ts/lib/Either.js";
import { openLedger } from "./bank_ledger.ts";
import {
  accountName,
  accounts,
  type BankWorkerSettings,
  readAccount,
  showAccount,
  total,
  totalOf,
} from "./bank_settings.ts";
import { type Body, openTeller, type Teller } from "./bank_teller.ts";
import { type Journal, openJournal } from "./journal.ts";
import { TextLineStream } from "./lines.ts";
import { sleep, someTime } from "./patience.ts";
import type { CrashPoint } from "./settings.ts";

/** Milliseconds between two operations of a client, on average: some of the machine is left to the servers. */
const pause = 12;

/** So many operations are transfers, and so many add up all accounts; the others read one. */
const transferShare = 0.15;
const totalShare = 0.004;

/** The most that is transferred at once. */
const most = 100;

interface Worker {
  readonly settings: BankWorkerSettings;
  readonly teller: Teller;
  readonly journal: Journal;
  stopping: boolean;
  made: number;
}

async function main(settings: BankWorkerSettings): Promise<void> {
  const journal = openJournal(settings.journal);
  let armed: CrashPoint | undefined;
  const reach = (point: CrashPoint): void => void (armed === point && Deno.kill(Deno.pid, "SIGKILL"));
  const ledger = openLedger(settings.database, settings.lease, {
    before: () => reach("between lock and commit"),
    after: () => reach("between commit and unlock"),
  });
  const meanwhile = (id: string): Promise<void> => transfer(worker, "control", [id, neighbourOf(id)]);
  const teller = await openTeller(settings, ledger.store, journal, meanwhile);
  const worker: Worker = { settings, teller, journal, stopping: false, made: 0 };
  const clients: Array<Promise<void>> = [];
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    if (line === "time") say(String(performance.now()));
    else if (line === "go") { for (let i = 0; i < settings.clients; i++) clients.push(runClient(worker, `${i}`)); }
    else if (line === "stop") break;
    else armed = line as CrashPoint;
  }
  worker.stopping = true;
  await Promise.all(clients);
  await teller.close();
  await ledger.close();
  journal.close();
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function neighbourOf(id: string): string {
  return accountName((Number(id.slice(1)) + 1) % accounts);
}

/** The square makes the first accounts the hottest, so that transfers meet each other and readers. */
function someAccount(): string {
  return accountName(Math.floor(Math.random() ** 2 * accounts));
}

async function runClient(worker: Worker, client: string): Promise<void> {
  while (!worker.stopping) {
    const drawn = Math.random();
    const id = someAccount();
    const other = someAccount();
    if (drawn < totalShare) await addUp(worker);
    else if (drawn < totalShare + transferShare) {
      await transfer(worker, client, [id, other === id ? neighbourOf(id) : other]);
    } else await read(worker, client, id);
    await sleep(someTime(pause));
  }
}

async function read({ settings, teller, journal }: Worker, client: string, id: string): Promise<void> {
  const start = performance.now();
  const { value, verdict } = await teller.read(id);
  const end = performance.now();
  if (value === undefined) journal.note(`read.failed.${verdict}`);
  else journal.read(`${settings.name}.${client}`, id, value, start, end, verdict);
}

/** What all accounts hold together, as one transaction sees it; of one that did not end well nobody should think anything. */
async function addUp({ teller, journal }: Worker): Promise<void> {
  let seen = NaN;
  const body: Body = (tx) => async () => {
    const texts: Array<string> = [];
    for (let i = 0; i < accounts; i++) {
      const got = await tx.get(accountName(i))();
      if (got._tag === "Left") return got;
      if (got.right._tag === "Some") texts.push(got.right.value);
    }
    seen = totalOf(texts);
    return E.right(undefined);
  };
  const outcome = await teller.transact([], body);
  if (outcome !== "committed") journal.note(`total.${outcome}`);
  else journal.note(seen === total ? "total.seen" : "total.wrong");
}

/** A transfer as it goes on: what its last attempt writes, of which nothing is known until it ends. */
interface Transfer {
  readonly by: string;
  readonly name: string;
  /** In their order, so that no two transfers wait for each other. */
  readonly ids: ReadonlyArray<string>;
  attempts: number;
  begun: ReadonlyArray<string>;
}

/** Moves some money between two accounts, in one transaction. */
async function transfer(worker: Worker, client: string, both: readonly [string, string]): Promise<void> {
  const { settings, teller, journal } = worker;
  const by = `${settings.name}.${client}`;
  const made: Transfer = { by, name: `${by}.${worker.made++}`, ids: both.toSorted(), attempts: 0, begun: [] };
  const outcome = await teller.transact(made.ids, (tx) => async () => {
    // What is run again was aborted before.
    end(journal, made, "aborted");
    const balances: Array<number> = [];
    for (const id of made.ids) {
      const got = await teller.balanceIn(tx, id)();
      if (got._tag === "Left") return got;
      balances.push(readAccount(got.right._tag === "Some" ? got.right.value : "").balance);
    }
    const texts = moved(made, balances);
    texts.forEach((text, side) => journal.begin(by, made.ids[side]!, text, performance.now()));
    made.begun = texts;
    for (const [side, text] of texts.entries()) {
      const put = await tx.put(made.ids[side]!, text)();
      if (put._tag === "Left") return put;
    }
    return E.right(undefined);
  });
  end(journal, made, outcome);
  journal.note(`transfer.${outcome}`);
}

function end(journal: Journal, made: Transfer, outcome: string): void {
  for (const text of made.begun) journal.end(text, performance.now(), outcome);
  made.begun = [];
}

/** The accounts after some of the richer one's money went to the other one. */
function moved(made: Transfer, balances: ReadonlyArray<number>): ReadonlyArray<string> {
  made.attempts += 1;
  const [one = 0, other = 0] = balances;
  const amount = Math.floor(1 + Math.random() * Math.min(most, Math.max(one, other) - 1));
  const signed = one > other ? amount : -amount;
  return [one - signed, other + signed].map((balance, side) =>
    showAccount({ id: made.ids[side]!, balance, mark: `${made.name}.${made.attempts}` })
  );
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
