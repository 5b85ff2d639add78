import manifest from '../package.json' with { type: 'json' };

/** Of the published package. */
export const version: string = manifest.version;
