const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "UTC" });

/** A count: 12,345. */
export function showCount(count: number): string {
  return whole.format(count);
}

/** A share, with one decimal where that says something: 12.3 %. */
export function showShare(share: number): string {
  const percent = share * 100;
  return `${percent >= 99.95 ? "100" : percent.toFixed(1)} %`;
}

/** A range of shares: 10.1–14.8 %. */
export function showRange({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)} %`;
}

/** A day in UTC: Nov 22. */
export function showDay(at: number): string {
  return day.format(at);
}

/** A time in UTC, by what tells it apart from the others of a span: the day, the time of day, or both. */
export function showTime(at: number, span: number): string {
  if (span > 4 * 24 * hour) return day.format(at);
  return span > 18 * hour ? `${day.format(at)}, ${minute.format(at)}` : minute.format(at);
}

const hour = 3_600_000;

/** An id for an element, of any text. */
export function elementId(prefix: string, text: string): string {
  return `${prefix}-${encodeURIComponent(text).replaceAll(/[%!'()*~]/g, "_")}`;
}
