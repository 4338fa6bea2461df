import type { Through } from "./settings.ts";

/** What a process of the bank is told when it is started. */
export interface BankWorkerSettings {
  readonly name: string;
  /** Where it writes down what it does. */
  readonly journal: string;
  /** The connection string of the database. */
  readonly database: string;
  readonly through: Exclude<Through, { readonly kind: "redis" | "sqlite" }>;
  /** Milliseconds; a commit may take a third of it. */
  readonly lease: number;
  readonly clients: number;
}

/** How many accounts there are, what each holds at first, and so all together at any time. */
export const accounts = 100;
const opening = 1_000;
export const total: number = accounts * opening;

/** An account as the cache holds it. */
export interface Account {
  readonly id: string;
  readonly balance: number;
  /** Which transfer wrote it, and which side of it the account was: no two writes write the same. */
  readonly mark: string;
}

/** The mark of accounts before their first transfer. */
export const openingMark = "opening";

/** The name of an account; of a fixed width, so that names sort as numbers do. */
export function accountName(index: number): string {
  return `a${String(index).padStart(3, "0")}`;
}

/** What every account is at first. */
export function openingOf(id: string): Account {
  return { id, balance: opening, mark: openingMark };
}

/** An account as one line of text, which is what the tier keeps and histories compare. */
export function showAccount({ id, balance, mark }: Account): string {
  return `${id} ${balance} ${mark}`;
}

/** Reads what {@linkcode showAccount} wrote. */
export function readAccount(text: string): Account {
  const [id = "", balance, mark = ""] = text.split(" ");
  return { id, balance: Number(balance), mark };
}

/** What all the accounts hold together. */
export function totalOf(texts: ReadonlyArray<string>): number {
  return texts.reduce((sum, text) => sum + readAccount(text).balance, 0);
}
