/** How many slots the keys of a Redis Cluster are spread over. */
export const slotCount = 16_384;

const encoder = new TextEncoder();

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? crc << 1 ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

/** The slot of a key in a Redis Cluster: CRC16 of the key, or of what stands in its first pair of braces. */
export function keySlot(key: string): number {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of encoder.encode(hashed)) crc = (crc << 8 ^ table[(crc >> 8 ^ byte) & 0xff]!) & 0xffff;
  return crc % slotCount;
}
