// @vitest-environment jsdom
// A long turn, what the reader folded, and the line above the cards.

import { describe, expect, it } from 'vitest';
import type { Ask } from '../src/core/asks.ts';
import type { Card, Header } from '../src/core/types.ts';
import { card, drawn, Panel, snapshot } from './helpers.ts';

const running: Partial<Header> = { status: 'running' };

async function show(cards: Card[], header = running, asks: Ask[] = []) {
  const panel = new Panel(snapshot(header, cards, 1, asks)).initialize();
  const { el } = await panel.show();
  const press = async (name: string | RegExp) => {
    const named = [...el.querySelectorAll('button')].find((button) => {
      const label = button.getAttribute('aria-label') ?? button.textContent ?? '';
      return typeof name === 'string' ? label === name : name.test(label);
    });
    if (!named) throw new Error(`There is no button ${name}.`);
    named.click();
    await drawn();
  };
  return { panel, el, press };
}

const command = (id: string, fields: object = {}) =>
  card('command', id, { command: `run ${id}`, output: 'out\n', exit_code: 0, ...fields });
const many = (count: number) => Array.from({ length: count }, (_, at) => command(`c${at}`));
const titles = (el: Element) =>
  [...el.querySelectorAll('.cdx-command')].map((title) => title.textContent);
const open = (el: Element) => [...el.querySelectorAll('details')].map((details) => details.open);
// jsdom has no layout, so a box is at its end at all times; this says otherwise.
const scrolledUp = (el: Element) => {
  const box = el.querySelector('.cdx-cards') as HTMLElement;
  Object.defineProperties(box, { scrollHeight: { value: 9_000 }, clientHeight: { value: 600 } });
  box.dispatchEvent(new Event('scroll'));
};

describe('a long turn', () => {
  it('has its last cards in the page, and earlier ones in portions on request', async () => {
    const { el, press } = await show(many(300), { status: 'completed' });
    expect(titles(el)).toHaveLength(80);
    expect(titles(el)[0]).toBe('run c220');
    await press('Show 120 earlier steps of 220');
    expect(titles(el)[0]).toBe('run c100');
    await press('Show 100 earlier steps');
    expect(titles(el)).toEqual(many(300).map((_, at) => `run c${at}`));
    expect(el.querySelector('.cdx-earlier')).toBeNull();
    expect(document.activeElement).toBe(el.querySelector('.cdx-cards'));
  });

  it('lets old cards go while the reader is at the newest, and not while they are elsewhere', async () => {
    const { panel, el } = await show(many(80));
    const more = (from: number) =>
      panel.frame(
        ...many(from + 60)
          .slice(from)
          .map((each): ['card', Card] => ['card', each]),
      );
    await more(80);
    expect(titles(el)).toHaveLength(80);
    expect(titles(el).at(-1)).toBe('run c139');
    scrolledUp(el);
    await drawn();
    await more(140);
    expect(titles(el)).toHaveLength(140);
    expect(titles(el)[0]).toBe('run c60');
  });

  it('has a card that comes back as the reader left it', async () => {
    const { panel, el, press } = await show(many(80));
    el.querySelector('summary')?.click();
    await drawn();
    expect(open(el)[0]).toBe(true);
    // At the newest line again, so the first card leaves the page.
    await press('Newest');
    await panel.frame(
      ...many(200)
        .slice(80)
        .map((each): ['card', Card] => ['card', each]),
    );
    expect(titles(el)).not.toContain('run c0');
    scrolledUp(el);
    await press(/earlier steps/);
    expect(titles(el)[0]).toBe('run c0');
    expect(open(el).filter(Boolean)).toHaveLength(1);
    expect(open(el)[0]).toBe(true);
  });
});

describe('folding all', () => {
  it('opens every card, then folds every one; what the reader does after goes before it', async () => {
    const { el, press } = await show([command('a'), command('b', { status: 'failed' })]);
    expect(open(el)).toEqual([false, true]);
    await press('Expand all');
    expect(open(el)).toEqual([true, true]);
    el.querySelector('summary')?.click();
    await drawn();
    expect(open(el)).toEqual([false, true]);
    await press('Collapse all');
    expect(open(el)).toEqual([false, false]);
    el.querySelector('summary')?.click();
    await drawn();
    expect(open(el)).toEqual([true, false]);
  });

  it('holds for cards that come later, and keeps the focus where it was', async () => {
    const { panel, el, press } = await show([command('a')]);
    const button = el.querySelector<HTMLElement>('[aria-label="Expand all"]');
    button?.focus();
    await press('Expand all');
    await panel.frame(['card', command('b')]);
    expect(open(el)).toEqual([true, true]);
    expect(document.activeElement).toBe(button);
    expect(button?.getAttribute('aria-label')).toBe('Collapse all');
  });

  it('of one turn leaves another alone', async () => {
    const one = await show([command('a')]);
    const other = await show([command('a')]);
    await one.press('Expand all');
    expect([open(one.el), open(other.el)]).toEqual([[true], [false]]);
  });
});

describe('what waits for the reader', () => {
  const ask = {
    ...{ id: 'q', kind: 'command', item_id: 'a', command: 'run a', decision: null },
    ...{ decisions: [], changes: [], questions: [] },
  } as unknown as Ask;
  const begun = { status: 'in_progress', exit_code: null, output: '' };
  const mark = (el: Element) => el.querySelector('.cdx-card .cdx-mark')?.textContent;

  it('says so instead of that it runs, until it was decided', async () => {
    const { panel, el } = await show([command('a', begun)], running, [ask]);
    expect(mark(el)).toBe('waits for you');
    await panel.frame(['ask', 0, { ...ask, decision: 'accept', by: 'user' }]);
    expect(mark(el)).toBe('running');
  });

  it('is not told of another item, nor when the turn is over', async () => {
    const { el } = await show([command('b', begun)], running, [ask]);
    expect(mark(el)).toBe('running');
    const { el: over } = await show([command('a', begun)], { status: 'interrupted' }, [ask]);
    expect(mark(over)).toBe('no end reported');
  });
});

describe('the line above the cards', () => {
  it('tells model, effort, thread, and how full the context is', async () => {
    const { el } = await show([], {
      ...running,
      model: 'gpt-5.5',
      effort: 'high',
      thread_id: '01a2',
      thread_name: 'Build\u202e fixes',
      context_tokens: 31_008,
      context_window: 258_400,
    });
    const text = el.querySelector('.cdx-status')?.textContent;
    for (const part of ['gpt-5.5 high', 'Build⟨U+202E⟩ fixes', '12% of context'])
      expect(text).toContain(part);
    expect(text).toContain('31,008 of 258,400 tokens of context used');
    expect(el.querySelector('.cdx-state')?.getAttribute('title')).toBe('Thread 01a2');
    expect(el.querySelector('.cdx-context-full')).toBeNull();
  });

  it('warns of a context that is nearly full, and is silent about one that is unknown', async () => {
    const full = { ...running, context_tokens: 90, context_window: 100 };
    const { el } = await show([], full);
    expect(el.querySelector('.cdx-context-full')?.textContent).toContain('90%');
    for (const fields of [{ context_tokens: 5 }, { context_tokens: 5, context_window: 0 }]) {
      const { el: none } = await show([], { ...running, ...fields });
      expect(none.querySelector('.cdx-context')).toBeNull();
    }
  });
});
