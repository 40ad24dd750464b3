// The rules of the house that no linter knows.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../src');
const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));
const code = files.filter(({ path }) => /\.tsx?$/.test(path));
const withText = (pattern: RegExp) =>
  code
    .filter(({ text }) => pattern.test(text))
    .map((f) => f.path)
    .sort();

it('every file says first what it holds, and is short', () => {
  for (const { path, text } of files) {
    expect(text, path).toMatch(/^(\/\/|\/\*) \w/);
    expect(text.split('\n').length, path).toBeLessThan(250);
  }
});

it('only the loader and widget.ts touch the model', () => {
  expect(withText(/@anywidget|\bmodel\.(get|set|on|off|send|save_changes)\b/)).toEqual([
    'loader.ts',
    'widget.ts',
  ]);
  expect(withText(/save_changes\(/)).toEqual([]);
});

it('only markdown.tsx draws markdown, and nothing makes HTML from strings', () => {
  expect(withText(/markdown\/inline\.ts'/)).toEqual(['markdown.tsx']);
  expect(withText(/from 'marked'/)).toEqual([]);
  expect(
    withText(/innerHTML|outerHTML|insertAdjacentHTML|DOMParser|document\.write|__html/i),
  ).toEqual([]);
});

it('the core knows neither Preact nor the DOM', () => {
  const core = code.filter(({ path }) => path.startsWith('core/'));
  for (const { path, text } of core) {
    expect(text, path).not.toMatch(/preact|\bdocument\b|\bwindow\b|requestAnimationFrame|\.\.\//);
  }
  // What reads markdown knows of the core, and as little of the page.
  for (const { path, text } of code.filter((file) => file.path.startsWith('markdown/'))) {
    expect(text, path).not.toMatch(/preact|\bdocument\b|\bwindow\b|\.\.\/(?!core\/)/);
  }
});

it('the page’s other styles are left alone', () => {
  for (const { path, text } of files.filter((file) => file.path.endsWith('.css'))) {
    const rules = text.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/([^{};]+)\{/g);
    for (const [, selector = ''] of rules) {
      if (/^\s*(@|to\b)/.test(selector)) continue;
      for (const part of selector.split(/,(?![^(]*\))/))
        expect(part.trim(), path).toMatch(/^\.cdx-/);
    }
  }
});
