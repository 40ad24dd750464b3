// Builds the panel: src/ -> ../codex_notebook/static/: loader.js, widget.js and widget.css.
// The result is committed, so it must come out the same on every machine: no paths, no dates, no
// source map. The loader travels with every panel and the rest once per kernel, hence the budgets.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const BUDGETS = { 'loader.js': 2_000, 'widget.js': 100_000, 'widget.css': 30_000 };
const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'codex_notebook', 'static');

// Their licence (MIT) asks that its notice travels with every copy.
const notices = ['preact'].map((name) => {
  const folder = join(here, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const holders = readFileSync(join(folder, 'LICENSE'), 'utf8').match(/^copyright \(c\).*$/gim);
  return `${name} ${version} (${license}; ${holders.join('; ')})`;
});

const shared = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};
const built = await Promise.all([
  build({ ...shared, entryPoints: ['src/loader.ts'] }),
  build({
    ...shared,
    entryPoints: ['src/widget.ts', 'src/widget.css'],
    // Children as arguments and not as a property: a fiftieth of the program less.
    jsx: 'transform',
    jsxFactory: 'h',
    jsxFragment: 'Fragment',
    inject: ['jsx.mjs'],
    tsconfigRaw: '{}',
    banner: { js: `/*! Built by js/build.mjs. Contains ${notices.join(', ')}. */` },
  }),
]);

for (const [path, { bytes }] of built.flatMap(({ metafile }) => Object.entries(metafile.outputs))) {
  const file = path.split('/').at(-1);
  const budget = BUDGETS[file];
  process.stdout.write(`${file}: ${bytes.toLocaleString('en')} bytes\n`);
  if (bytes > budget) {
    process.stderr.write(`${file} is over its budget of ${budget.toLocaleString('en')} bytes.\n`);
    process.exitCode = 1;
  }
}
