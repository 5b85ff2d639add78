/**
 * Node 22 says at each start that SQLite is experimental. The store is built on it with open eyes and its tests run there,
 * so that one line would only unsettle operators; every other warning still appears.
 */
export function silenceSqliteWarning(): void {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: never[]) => {
    const text = typeof warning === 'string' ? warning : warning.message;
    if (!text.startsWith('SQLite is an experimental feature')) Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
}
