/**
 * Properties as values: names with their values, by namespace.
 */

export function mergeProperties(known = {}, change = {}) {
  const merged = { ...known };
  for (const [namespace, values] of Object.entries(change)) {
    merged[namespace] = { ...merged[namespace], ...values };
  }
  return merged;
}

export function dropProperties(known = {}, names = {}) {
  const rest = { ...known };
  for (const [namespace, gone] of Object.entries(names)) {
    rest[namespace] = Object.fromEntries(
      Object.entries(rest[namespace] ?? {}).filter(([name]) => !gone.includes(name)),
    );
  }
  return rest;
}
