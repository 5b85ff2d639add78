/**
 * Names: in this dialect a name is a registration, its id and its service in one.
 *
 * An instance that came by another dialect is called `{service}@{instance id}` here. A name that was registered literally
 * wins; a foreign instance's bare id is not a name. Both parts may hold an `@`: the first split that names an instance counts.
 */
import type { InstanceId, InstanceView, Registry } from '@rollcall/core';

/** The name of this dialect, in records and in the catalog. */
export const DIALECT = 'infini';

/** What an instance is called here. */
export function nameOf({ record }: InstanceView): string {
  return record.dialect === DIALECT ? record.id : `${record.service}@${record.id}`;
}

/** The instance called so, whatever dialect it came by. */
export function findByName(registry: Registry, name: string): InstanceView | undefined {
  const own = registry.instance(asId(name));
  if (own?.record.dialect === DIALECT) return own;

  for (let at = name.indexOf('@'); at !== -1; at = name.indexOf('@', at + 1)) {
    const foreign = registry.instance(asId(name.slice(at + 1)));
    if (foreign !== undefined && foreign.record.dialect !== DIALECT && foreign.record.service === name.slice(0, at)) return foreign;
  }
  return undefined;
}

/**
 * Whom a command means that also reaches an instance which expired and is remembered. Undefined for a foreign instance's
 * bare id: that is not a name here.
 */
export function idMeant(registry: Registry, name: string): InstanceId | undefined {
  const found = findByName(registry, name);
  if (found !== undefined) return found.record.id;
  return registry.instance(asId(name)) === undefined ? asId(name) : undefined;
}

/** Any string may be asked for; only the registry knows which are ids. */
export function asId(name: string): InstanceId {
  return name as InstanceId;
}
