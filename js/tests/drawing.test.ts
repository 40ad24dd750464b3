// @vitest-environment jsdom
// What is drawn, and what is left alone: once per frame of the screen, and only what changed.

import { options } from 'preact';
import { describe, expect, it, vi } from 'vitest';
import type { Card } from '../src/core/types.ts';
import { MarkdownBlock } from '../src/markdown.tsx';
import { card, drawn, goldens, Panel, snapshot } from './helpers.ts';

const running = { status: 'running' } as const;

describe('drawing', () => {
  it('leaves the cards alone that did not change', async () => {
    const panel = new Panel(
      snapshot(running, [
        card('message', 'a', { text: 'First' }),
        card('message', 'b', { text: 'Grow', status: 'in_progress' }),
      ]),
    ).initialize();
    const { el } = await panel.show();
    const [first, second] = el.querySelectorAll('article');
    const changed: Node[] = [];
    const watcher = new MutationObserver((records) =>
      changed.push(...records.map((r) => r.target)),
    );
    watcher.observe(el, { subtree: true, childList: true, characterData: true, attributes: true });
    await panel.frame(['append', 'b', 'text', 'ing']);
    watcher.disconnect();
    expect(second?.textContent).toBe('Growing');
    expect(changed.some((node) => second?.contains(node))).toBe(true);
    expect(changed.some((node) => first?.contains(node))).toBe(false);
  });

  it('does not even look at them, nor at the blocks before the one that grows', async () => {
    const panel = new Panel(
      snapshot(running, [
        card('command', 'c', { command: 'ls', output: '', exit_code: null, status: 'in_progress' }),
        card('message', 'm', { text: 'One.\n\nTwo.\n\nThr', status: 'in_progress' }),
      ]),
    ).initialize();
    const { el } = await panel.show();
    const looked: string[] = [];
    const { diffed } = options;
    options.diffed = (node) => {
      diffed?.(node);
      if (typeof node.type === 'function') looked.push(node.type.name);
    };
    const block = vi.spyOn(MarkdownBlock.prototype, 'render');
    await panel.frame(['append', 'm', 'text', 'ee.']);
    Object.assign(options, { diffed });
    expect(el.textContent).toContain('Three.');
    expect(looked).toContain('MessageCard');
    expect(looked).not.toContain('CommandCard');
    expect(block).toHaveBeenCalledTimes(1);
  });

  it('draws many frames at once', async () => {
    const panel = new Panel(
      snapshot(running, [card('message', 'a', { text: '', status: 'in_progress' })]),
    ).initialize();
    const { el } = await panel.show();
    let draws = 0;
    const watcher = new MutationObserver(() => draws++);
    watcher.observe(el, { subtree: true, childList: true, characterData: true });
    const frames = Array.from({ length: 50 }, (_, i) =>
      panel.frame(['append', 'a', 'text', `${i} `]),
    );
    await Promise.all(frames);
    watcher.disconnect();
    expect(el.querySelector('article')?.textContent).toMatch(/^0 1 2 .* 49 $/);
    expect(draws).toBeLessThanOrEqual(2);
  });

  it('puts a card that cannot be drawn aside and goes on', async () => {
    const broken = { ...card('todo', 'x', { items: [] }), items: null } as unknown as Card;
    const panel = new Panel(
      snapshot(running, [broken, card('message', 'm', { text: 'Still here' })]),
    ).initialize();
    const { el } = await panel.show();
    expect(el.textContent).toContain('could not be shown');
    expect(el.textContent).toContain('Still here');
  });

  it.each(goldens())('shows the recorded turn $name', async ({ snapshot: start, frames, view }) => {
    const panel = new Panel(start && JSON.stringify(start)).initialize();
    const { el } = await panel.show();
    for (const frame of frames) panel.model.emit('msg:custom', { op: 'frame', ...frame });
    await drawn();
    expect(el.querySelectorAll('article')).toHaveLength(view.cards.length);
    expect(el.textContent).not.toContain('could not be shown');
  });
});
