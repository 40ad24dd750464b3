// @vitest-environment jsdom
// The inspector through the door of the program: a model, what it sends, and what is on the page.

import axe from 'axe-core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Face } from '../src/loader.ts';
import start from '../src/widget.ts';
import { card, drawn, FakeModel, header } from './helpers.ts';

const USAGE = {
  input_tokens: 1200,
  cached_input_tokens: 1000,
  output_tokens: 50,
  reasoning_output_tokens: 20,
};
const turn = (key: string, fields: object = {}) => ({
  key,
  live: false,
  forks: true,
  prompt: `prompt ${key}`,
  status: 'completed',
  started_at: 1000,
  ended_at: 1010,
  usage: USAGE,
  counts: { command: 2, message: 1 },
  ...fields,
});
const CARDS = [
  card('command', 'c', {
    command: 'ls',
    output: 'a.txt',
    exit_code: 0,
    started_at: 1002,
    ended_at: 1005,
  }),
  card('message', 'm', { text: 'All done.' }),
];
const VIEW = {
  header: header({ status: 'completed', prompt: 'Do it', started_at: 1000, ended_at: 1010 }),
  cards: CARDS,
  asks: [],
};

class Page {
  readonly model = new FakeModel();
  readonly face: Face;
  readonly el = document.createElement('div');
  readonly close: () => void;

  constructor() {
    this.model.face = 'inspector';
    this.face = start(this.model as never);
    document.body.append(this.el);
    this.close = this.face.render(this.el);
  }

  get sent() {
    return this.model.sent as unknown as Record<string, unknown>[];
  }

  async hear(message: object) {
    this.model.emit('msg:custom', message);
    await drawn();
  }

  async list(turns: object[], fields: object = {}) {
    const about = { title: 'Thread x', reading: false, error: null, note: null, closes: true };
    await this.hear({ op: 'turns', ...about, turns, ...fields });
  }

  /** Answers the last question of a kind. */
  async reply(op: string, fields: object, error: string | null = null) {
    const asked = this.sent.findLast((message) => message.op === op);
    await this.hear({ op: 'reply', ref: asked?.ref, error, ...fields });
    await drawn();
  }

  async opened(...keys: string[]) {
    await this.list(keys.map((key) => turn(key)));
    await this.reply('turn', { seq: 1, at: 1010, view: VIEW });
  }

  find<E extends HTMLElement>(selector: string): E {
    const found = this.el.querySelector<E>(selector);
    if (!found) throw new Error(`There is no ${selector}`);
    return found;
  }

  get rows() {
    return [...this.el.querySelectorAll<HTMLElement>('[role=option]')];
  }

  get chosen() {
    return this.rows.findIndex((row) => row.getAttribute('aria-selected') === 'true');
  }

  async press(selector: string, key: string) {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    this.find(selector).dispatchEvent(event);
    await drawn();
  }

  async click(words: string) {
    const all = [...this.el.querySelectorAll<HTMLElement>('button, label, [role=option]')];
    all.find((one) => one.textContent?.includes(words))?.click();
    await drawn();
  }
}

const pages: Page[] = [];
const page = () => {
  const one = new Page();
  pages.push(one);
  return one;
};
afterEach(() => {
  for (const one of pages.splice(0)) {
    one.close();
    one.face.close();
    one.el.remove();
  }
});

describe('the list', () => {
  it('is asked for, and the newest turn is opened', async () => {
    const one = page();
    expect(one.sent).toEqual([{ op: 'hello' }]);
    expect(one.el.textContent).toContain('Reading the turns');
    await one.opened('a', 'b');
    expect(one.sent.at(-1)).toMatchObject({ op: 'turn', key: 'b' });
    expect(one.chosen).toBe(1);
    expect(one.el.textContent).toContain('All done.');
  });

  it('says of each turn how it went', async () => {
    const one = page();
    await one.opened('a', 'b');
    const [row] = one.rows;
    expect(row?.textContent).toMatch(/completed1\. prompt a/);
    expect(row?.textContent?.replaceAll('\u00a0', ' ')).toMatch(/10s · ↑1.2k ↓50 · 2 commands/);
  });

  it('is moved through by keys, and Enter goes to the turn', async () => {
    const one = page();
    await one.opened('a', 'b', 'c');
    await one.press('[role=listbox]', 'ArrowUp');
    expect(one.chosen).toBe(1);
    await one.press('[role=listbox]', 'Home');
    expect(one.chosen).toBe(0);
    await one.press('[role=listbox]', 'ArrowUp');
    expect(one.chosen).toBe(0);
    const list = one.find('[role=listbox]');
    expect(list.getAttribute('aria-activedescendant')).toBe(one.rows[0]?.id);
    await one.press('[role=listbox]', 'Enter');
    expect(document.activeElement).toBe(one.find('.cdx-chosen'));
  });

  it('is searched by the kernel, and only its latest answer counts', async () => {
    const one = page();
    await one.opened('a', 'b', 'c');
    await one.press('[role=listbox]', '/');
    const box = one.find<HTMLInputElement>('.cdx-find');
    expect(document.activeElement).toBe(box);
    for (const text of ['n', 'ne']) {
      box.value = text;
      box.dispatchEvent(new Event('input', { bubbles: true }));
    }
    const [first, second] = one.sent.filter((message) => message.op === 'search');
    expect(second).toMatchObject({ text: 'ne' });
    await one.hear({ op: 'reply', ref: second?.ref, error: null, keys: ['a'] });
    await one.hear({ op: 'reply', ref: first?.ref, error: null, keys: ['a', 'b'] });
    await drawn();
    expect(one.rows.map((row) => row.textContent?.includes('prompt a'))).toEqual([true]);
    expect(one.el.textContent).toContain('1 of 3 turns found');
    await one.press('.cdx-find', 'Escape');
    expect(one.rows).toHaveLength(3);
  });

  it('is absent beside a single turn, and says so where there is none', async () => {
    const one = page();
    await one.opened('a');
    expect(one.rows).toHaveLength(0);
    await one.list([]);
    expect(one.el.textContent).toContain('has had no turn yet');
  });

  it('says why it could not be read, and is read again', async () => {
    const one = page();
    await one.list([], { error: 'No <b>such</b> thread' });
    expect(one.find('[role=alert]').textContent).toContain('No <b>such</b> thread');
    await one.click('Read again');
    expect(one.sent.at(-1)).toEqual({ op: 'turns' });
  });

  it('shows tokens as bars, and to screen readers as a table', async () => {
    const one = page();
    await one.list([turn('a'), turn('b', { usage: null })]);
    const cells = [...one.el.querySelectorAll('table td')].map((cell) => cell.textContent);
    expect(cells.slice(0, 4)).toEqual(['1,000', '200', '20', '30']);
    expect(new Set(cells.slice(4))).toEqual(new Set(['not known']));
    expect(one.find('.cdx-usage svg').getAttribute('aria-hidden')).toBe('true');
    expect(one.el.querySelectorAll('.cdx-turn-bar title')).toHaveLength(4);
  });
});

describe('the chosen turn', () => {
  it('is asked for once, however often it is chosen', async () => {
    const one = page();
    await one.opened('a', 'b');
    await one.click('prompt a');
    await one.reply('turn', { seq: 1, at: 1010, view: VIEW });
    await one.click('prompt b');
    await one.click('prompt a');
    expect(one.sent.filter((message) => message.op === 'turn')).toHaveLength(2);
  });

  it('shows only the kinds that are ticked', async () => {
    const one = page();
    await one.opened('a', 'b');
    const kinds = () =>
      [...one.el.querySelectorAll<HTMLElement>('article')].map((step) => step.dataset.kind);
    expect(kinds()).toEqual(['command', 'message']);
    await one.click('Commands');
    expect(kinds()).toEqual(['command']);
    await one.click('Commands');
    expect(kinds()).toEqual(['command', 'message']);
  });

  it('says when each step ran, where that is known', async () => {
    const one = page();
    await one.opened('a', 'b');
    const [first, second] = one.el.querySelectorAll<HTMLElement>('.cdx-when');
    expect(first?.title).toBe('2.0s into the turn, for 3.0s');
    expect(first?.querySelector<HTMLElement>('.cdx-span')?.style.width).toBe('30%');
    expect(second?.textContent).toBe('');
  });

  it('is forked, and what came of it is said', async () => {
    const one = page();
    await one.opened('a', 'b');
    await one.click('Fork here');
    expect(one.sent.at(-1)).toMatchObject({ op: 'fork', key: 'b' });
    await one.reply('fork', {}, 'exec cannot');
    expect(one.find('.cdx-outcome').textContent).toBe('exec cannot');
    await one.list([turn('a'), turn('b')], { note: 'The notebook goes on.' });
    expect(one.el.textContent).toContain('The notebook goes on.');
  });

  it('says why it cannot be opened', async () => {
    const one = page();
    await one.list([turn('a'), turn('b')]);
    await one.reply('turn', {}, 'It is not in the list any more.');
    expect(one.el.textContent).toContain('not in the list any more');
  });

  it('is live while it runs: frames, a gap, Stop, and an end that was lost', async () => {
    const one = page();
    const running = turn('r', { live: true, forks: false, status: 'running', ended_at: null });
    await one.list([turn('a'), running]);
    const now = { ...VIEW, header: header({ status: 'running', started_at: 1000 }) };
    await one.reply('turn', { seq: 4, at: 1010, view: now });
    const frame = (seq: number, ...ops: unknown[]) =>
      one.hear({ op: 'frame', key: 'r', seq, at: 1011, ops });
    await frame(5, ['append', 'm', 'text', ' And more.']);
    expect(one.el.textContent).toContain('All done. And more.');
    await frame(9, ['append', 'm', 'text', '!']);
    expect(one.sent.at(-1)).toEqual({ op: 'resync', key: 'r', have: 5 });
    await one.click('Stop');
    expect(one.sent.at(-1)).toEqual({ op: 'interrupt', key: 'r' });
    const before = one.sent.length;
    await one.list([turn('a'), turn('r', { status: 'interrupted' })]);
    expect(one.sent.slice(before)).toEqual([{ op: 'resync', key: 'r', have: 5 }]);
  });
});

it('what is done to a turn that runs goes up with its key, and is replied to', async () => {
  const one = page();
  await one.list([turn('a'), turn('r', { live: true, status: 'running', ended_at: null })]);
  const now = { ...VIEW, header: header({ status: 'running', turn_id: 't', started_at: 1000 }) };
  await one.reply('turn', { seq: 1, at: 1010, view: now });
  const box = one.find<HTMLTextAreaElement>('.cdx-steer textarea');
  box.value = 'Faster';
  box.dispatchEvent(new Event('input', { bubbles: true }));
  await drawn();
  one.find<HTMLButtonElement>('.cdx-steer button').click();
  await drawn();
  const steer = one.sent.at(-1);
  expect(steer).toMatchObject({ op: 'steer', text: 'Faster', key: 'r' });
  await one.hear({ op: 'reply', key: 'r', ref: steer?.ref, error: 'It takes no more.' });
  await drawn();
  expect(one.find('.cdx-steer').parentElement?.textContent).toContain('It takes no more.');
});

it('nothing of it is unfit for who does not see it', async () => {
  const one = page();
  await one.opened('a', 'b', 'c');
  // What needs a layout or a whole page is checked in the real browser.
  const { violations } = await axe.run(one.el, {
    rules: { region: { enabled: false }, 'color-contrast': { enabled: false } },
  });
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
});

describe('the channel', () => {
  it('may close: what was opened can still be read', async () => {
    const one = page();
    await one.opened('a', 'b');
    one.model.emit('comm_live_update');
    await drawn();
    expect(one.el.textContent).toContain('The kernel has gone');
    expect(one.el.textContent).toContain('All done.');
    await one.opened('a', 'b');
    expect(one.el.textContent).not.toContain('The kernel has gone');
  });

  it('is closed by the reader', async () => {
    const one = page();
    await one.opened('a', 'b');
    await one.click('Close');
    expect(one.sent.at(-1)).toEqual({ op: 'close' });
  });

  it('leaves nothing behind', async () => {
    const one = page();
    await one.opened('a', 'b');
    one.close();
    expect(one.el.childElementCount).toBe(0);
    one.face.close();
    expect(one.model.listeners).toBe(0);
  });
});
