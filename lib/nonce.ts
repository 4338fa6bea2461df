/** Makes names that no other process and no other call makes: a random prefix for the process, and a counter. */
export function nonces(): () => string {
  const prefix = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36).padStart(2, "0"))
    .join("");
  let count = 0;
  return () => prefix + (count++).toString(36);
}
