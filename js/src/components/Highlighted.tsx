// Code with its parts in colours. Lines that did not change are kept as they were drawn, so code that
// grows costs its last line. What is long is drawn plain from there on.

import { createElement, Fragment, type VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { type Language, languageOf, partsOf } from '../core/highlight.ts';
import { visible } from '../core/plain.ts';

// More than one reads, and a line longer than any screen: colours would only cost time there.
const LONGEST = 50_000;
const LONGEST_LINE = 2_000;

interface Drawn {
  line: string;
  before: string;
  after: string;
  node: VNode;
}

/** `language` is what a fence names, such as `python`; code in one that is not known is plain. */
export function Highlighted({ text, language }: { text: string; language: string }) {
  const cache = useRef<{ language: string; lines: Drawn[] }>({ language, lines: [] });
  const known = languageOf(language);
  if (!known) return <>{visible(text)}</>;
  if (cache.current.language !== language) cache.current = { language, lines: [] };
  const { lines } = cache.current;
  const cut = text.length > LONGEST ? text.lastIndexOf('\n', LONGEST) + 1 : text.length;
  const source = text.slice(0, cut).split('\n');
  let open = '';
  source.forEach((line, at) => {
    let drawn = lines[at];
    if (drawn?.line !== line || drawn.before !== open) {
      drawn = lines[at] = draw(line, known, open);
    }
    open = drawn.after;
  });
  lines.length = source.length;
  return (
    <>
      {lines.map(({ node }, at) => (at > 0 ? ['\n', node] : node))}
      {visible(text.slice(cut))}
    </>
  );
}

function draw(line: string, language: Language, open: string): Drawn {
  const plain = line.length > LONGEST_LINE;
  const { parts, open: after } = plain
    ? { parts: [{ kind: '' as const, text: line }], open }
    : partsOf(line, language, open);
  const children = parts.map(({ kind, text }) =>
    kind ? <span class={`cdx-hl-${kind}`}>{visible(text)}</span> : visible(text),
  );
  return { line, before: open, after, node: createElement(Fragment, null, children) };
}
