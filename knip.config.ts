/** What counts as used: whatever can be reached from tests, workers, bins and the packages' public files. */
import type { KnipConfig } from 'knip';
import cli from './packages/cli/package.json' with { type: 'json' };

const config: KnipConfig = {
  workspaces: {
    '.': {
      // Floors and parts of the bench are processes, started by their path.
      entry: ['e2e/**/*.test.ts', 'bench/run.ts', 'bench/{floors,parts}/*.ts'],
      project: ['{e2e,bench}/**/*.ts', 'scripts/*.mjs', '*.ts'],
    },
    'packages/*': {
      entry: ['src/**/*.worker.ts', 'test/**/*.test.ts'],
      project: ['{src,test}/**/*.ts'],
    },
    'packages/cli': {
      entry: ['src/main.ts', 'scripts/*.mjs', 'test/**/*.test.ts'],
      project: ['{src,test}/**/*.ts', '{bin,scripts}/*.{js,mjs}'],
      // The published package depends on what its bundle imports, wherever in the workspaces that is; the bundler compares the two.
      ignoreDependencies: Object.keys(cli.dependencies),
    },
  },
  // The system's own.
  ignoreBinaries: ['apt-get', 'dpkg-query', 'mount', 'prlimit', 'taskset', 'umount'],
  ignoreExportsUsedInFile: true,
};

export default config;
