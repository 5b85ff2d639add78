/**
 * Log levels, and the variable `RUST_LOG` that the original infini-registry takes its level from.
 *
 * `RUST_LOG` holds directives, separated by commas: `level`, `target`, or `target=level`; what follows a `/` is a filter
 * on text. The directive for our own name (`infini_registry`) counts before the general one, whatever their order.
 * Directives for other programs and words that we do not know are left alone, as the original's logger does.
 */
import { type Kind, oneOf } from './kinds.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'off'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logLevel: Kind<LogLevel> = oneOf(logLevels, 'LEVEL');

const ourTarget = 'infini_registry';

export const rustLog: Kind<LogLevel> = {
  ...logLevel,
  expected: `directives such as info or info,${ourTarget}=debug, with one of ${logLevels.join(', ')}`,
  fromText(text) {
    let general: LogLevel | undefined;
    let ours: LogLevel | undefined;
    for (const directive of (text.split('/', 1)[0] ?? '').split(',')) {
      const [target = '', level] = directive.split('=', 2).map((part) => part.trim());
      if (target === ourTarget) {
        // A target alone lets everything of it through.
        ours = level === undefined || level === '' ? 'trace' : logLevel.fromText(level);
        if (ours === undefined) return undefined;
      } else if (level === undefined) general = logLevel.fromText(target) ?? general;
    }
    return ours ?? general ?? 'info';
  },
};
