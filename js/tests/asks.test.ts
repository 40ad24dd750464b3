// @vitest-environment jsdom
// What the agent asks, through the public door: what is on the page, what goes up, and what the kernel
// must say before anything changes.

import axe from 'axe-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ask } from '../src/core/asks.ts';
import { drawn, goldens, Panel, snapshot } from './helpers.ts';

const running = { status: 'running', turn_id: 'turn', thread_id: 'own' } as const;

function ask(fields: Partial<Ask>): Ask {
  const input = ['questions', 'form', 'url'].includes(fields.kind ?? '');
  return {
    id: 'ask_1',
    kind: 'command',
    item_id: null,
    thread_id: 'own',
    reason: null,
    decisions: input ? [] : ['accept', 'decline', 'cancel'],
    command: null,
    elsewhere: null,
    changes: [],
    grant_root: null,
    permissions: null,
    rule: null,
    host: null,
    server: null,
    tool: null,
    arguments: null,
    questions: [],
    form: null,
    url: null,
    decision: null,
    by: null,
    answers: null,
    ...fields,
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets what draws with the faked clock come to its end. */
async function settled<T>(work: Promise<T>): Promise<T> {
  for (let turns = 0; turns < 2; turns++) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await vi.advanceTimersByTimeAsync(20);
  }
  return work;
}

/** A panel on which `asks` wait, past the moment in which a stray click would approve. */
async function waiting(...asks: Partial<Ask>[]) {
  const panel = new Panel(snapshot(running, [], 1, asks.map(ask))).initialize();
  const { el } = await settled(panel.show());
  await vi.advanceTimersByTimeAsync(1_000);
  await settled(drawn());
  const sent = () => panel.model.sent.slice(1) as unknown as Record<string, unknown>[];
  return { panel, el, sent };
}

const dock = (el: HTMLElement) => el.querySelector('.cdx-dock') as HTMLElement;
const button = (el: HTMLElement, name: string) =>
  [...dock(el).querySelectorAll('button')].find((b) => b.textContent === name) as HTMLElement;
const field = (el: HTMLElement, name: string) =>
  el.querySelector(`input[name=${name}]`) as HTMLInputElement;
const submit = (el: HTMLElement) =>
  el.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }));

describe('an approval', () => {
  it('shows what would be run, where and why, and one button for each decision', async () => {
    const { el } = await waiting({
      command: 'rm -rf build',
      elsewhere: '/srv',
      reason: 'It is stale.',
      rule: 'rm -rf',
      decisions: ['accept', 'accept_for_session', 'accept_with_rule', 'decline', 'cancel'],
    });
    for (const part of ['Run this command?', 'rm -rf build', '/srv', 'It is stale.'])
      expect(dock(el).textContent).toContain(part);
    expect([...dock(el).querySelectorAll('button')].map((b) => b.textContent)).toEqual([
      'Approve',
      'Approve for session',
      'Always allow rm -rf',
      'Deny',
      'Cancel turn',
    ]);
    expect(dock(el).textContent).toContain('commands that begin with rm -rf run without asking');
  });

  it('changes only when the kernel settles it', async () => {
    const { panel, el, sent } = await waiting({ command: 'ls' });
    button(el, 'Approve').click();
    button(el, 'Deny').click();
    await settled(drawn());
    expect(sent()).toEqual([{ op: 'respond', id: 'ask_1', decision: 'accept', ref: 1 }]);
    expect(el.querySelector('[role=status]')?.textContent).toBe('Waiting for you');
    expect(button(el, 'Sending…').getAttribute('aria-disabled')).toBe('true');
    expect(button(el, 'Deny').getAttribute('aria-disabled')).toBe('true');

    panel.model.emit('msg:custom', { op: 'reply', ref: 1, error: null });
    await settled(drawn());
    expect(button(el, 'Sending…')).toBeDefined();

    const done = ask({ command: 'ls', decision: 'accept', by: 'user' });
    await settled(panel.frame(['ask', 0, done]));
    expect(dock(el)).toBeNull();
    expect(el.querySelector('[role=status]')?.textContent).toBe('Running');
    expect(el.querySelector('.cdx-settled')?.textContent).toBe('Approved by you: ls');
  });

  it('can be decided again after the kernel refused', async () => {
    const { panel, el, sent } = await waiting({ command: 'ls' });
    button(el, 'Approve').click();
    panel.model.emit('msg:custom', { op: 'reply', ref: 1, error: 'No such ask waits.' });
    await settled(drawn());
    expect(dock(el).querySelector('[role=alert]')?.textContent).toBe('No such ask waits.');
    button(el, 'Deny').click();
    expect(sent()[1]).toEqual({ op: 'respond', id: 'ask_1', decision: 'decline', ref: 2 });
  });

  it('says when the kernel does not answer, and lets go of the buttons', async () => {
    const { el } = await waiting({ command: 'ls' });
    button(el, 'Approve').click();
    await vi.advanceTimersByTimeAsync(3_100);
    await settled(drawn());
    expect(dock(el).textContent).toContain('The kernel has not answered yet.');
    expect(button(el, 'Approve').getAttribute('aria-disabled')).toBe('false');
  });

  it('is not approved by the second of two clicks on what waited before it', async () => {
    const { panel, el, sent } = await waiting({ command: 'ls' });
    await settled(panel.frame(['ask', 1, ask({ id: 'ask_2', command: 'rm' })]));
    await vi.advanceTimersByTimeAsync(600);
    await settled(drawn());
    button(el, 'Approve').click();
    await settled(panel.frame(['ask', 0, ask({ command: 'ls', decision: 'accept', by: 'user' })]));
    button(el, 'Approve').click();
    expect(sent().map(({ id }) => id)).toEqual(['ask_1']);
    await vi.advanceTimersByTimeAsync(600);
    await settled(drawn());
    button(el, 'Approve').click();
    expect(sent().map(({ id }) => id)).toEqual(['ask_1', 'ask_2']);
  });

  it('is announced, takes no focus, and is not approved by what was meant for something else', async () => {
    const panel = new Panel(snapshot(running)).initialize();
    const { el } = await settled(panel.show());
    const box = el.querySelector('textarea') as HTMLElement;
    box.focus();
    await settled(panel.frame(['ask', 0, ask({ command: 'ls' })]));
    expect(document.activeElement).toBe(box);
    expect(el.querySelector('.cdx-sr[role=alert]')?.textContent).toBe('Run this command? ls');
    button(el, 'Approve').click();
    for (const key of ['Enter', ' ', 'y', 'a'])
      box.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    expect(panel.model.sent.slice(1)).toEqual([]);
  });

  it('is reached by Alt+A, and gives the focus on when it is settled', async () => {
    const { panel, el } = await waiting({ command: 'ls' }, { id: 'ask_2', command: 'pwd' });
    const key = { key: 'a', altKey: true, bubbles: true };
    el.querySelector('textarea')?.dispatchEvent(new KeyboardEvent('keydown', key));
    expect(document.activeElement?.textContent).toContain('ls');
    button(el, 'Approve').focus();
    await settled(panel.frame(['ask', 0, ask({ command: 'ls', decision: 'accept', by: 'user' })]));
    expect(document.activeElement?.textContent).toContain('pwd');
    await settled(panel.frame(['ask', 1, ask({ id: 'ask_2', decision: 'accept', by: 'user' })]));
    expect(document.activeElement).toBe(el.querySelector('.cdx-panel'));
  });

  it('hides nothing of what would be run', async () => {
    const { el } = await waiting({ command: 'rm -rf /\recho safe\u202e\u200b\x1b[8mx' });
    expect(dock(el).querySelector('pre')?.textContent).toBe(
      'rm -rf /⟨U+000D⟩echo safe⟨U+202E⟩⟨U+200B⟩⟨U+001B⟩[8mx',
    );
  });

  it('of files shows their diffs, of a tool its arguments, of a sub-agent who asks', async () => {
    const change = { path: 'a.py', moved_to: null, change: 'update', note: null };
    const { el } = await waiting(
      {
        kind: 'file_change',
        changes: [{ ...change, diff: '@@ -1 +1 @@\n-old\n+new', added: 1, removed: 1 }],
        grant_root: '/srv/shared',
      },
      {
        id: 'ask_2',
        kind: 'mcp_tool',
        server: 'lab',
        tool: 'echo',
        arguments: '{"a": 1}',
        thread_id: 'x',
      },
      { id: 'ask_3', kind: 'permissions', permissions: '{"network": true}' },
      { id: 'ask_4', host: 'example.org', command: 'fetch it' },
    );
    const [files, tool, permissions, host] = [...el.querySelectorAll('.cdx-ask')];
    expect(files?.textContent).toContain('Change 1 file?');
    expect(files?.querySelector('.cdx-diff-text.cdx-diff-add')?.textContent).toContain('new');
    expect(files?.textContent).toContain('write anywhere in /srv/shared');
    expect(tool?.textContent).toContain('Call lab.echo?asked by a sub-agent');
    expect(tool?.textContent).toContain('{"a": 1}');
    expect(permissions?.textContent).toContain('{"network": true}');
    expect(host?.textContent).toContain('Let this command reach example.org?');
  });

  it('waits no longer once the turn is over or the kernel gone', async () => {
    const { panel, el } = await waiting({ command: 'ls' });
    panel.model.emit('comm_live_update');
    await settled(drawn());
    expect(dock(el)).toBeNull();
  });
});

describe('questions', () => {
  const option = (label: string) => ({ label, description: `About ${label}` });
  const question = { id: 'q', header: 'Target', question: 'Which?', is_other: true };
  const questions = [
    { ...question, options: [option('Debug'), option('Release')], is_secret: false },
    { ...question, id: 't', question: 'The token?', options: [], is_secret: true },
  ];

  it('are answered by options, text of one’s own, and secrets that stay hidden', async () => {
    const { panel, el, sent } = await waiting({ kind: 'questions', questions });
    expect(dock(el).textContent).toContain('About Release');
    expect(field(el, 'f1').type).toBe('password');
    submit(el);
    await settled(drawn());
    expect(sent()).toEqual([]);
    expect(el.querySelectorAll('.cdx-field .cdx-error')).toHaveLength(2);

    field(el, 'o0').value = 'Both';
    field(el, 'o0').dispatchEvent(new Event('input', { bubbles: true }));
    field(el, 'f1').value = 's3cret';
    submit(el);
    expect(sent()).toEqual([
      { op: 'answer', id: 'ask_1', answers: { q: ['Both'], t: ['s3cret'] }, ref: 1 },
    ]);
    const told = {
      answers: { q: ['Both'], t: ['s3cret'] },
      decision: 'accept',
      by: 'user',
    } as const;
    await settled(panel.frame(['ask', 0, ask({ kind: 'questions', questions, ...told })]));
    expect(el.querySelector('.cdx-settled')?.textContent).toBe('Answered by you: Target: Both');
    expect(el.innerHTML).not.toContain('s3cret');
  });

  it('can be declined', async () => {
    const { el, sent } = await waiting({ kind: 'questions', questions });
    button(el, 'Decline to answer').click();
    expect(sent()).toEqual([{ op: 'answer', id: 'ask_1', answers: null, ref: 1 }]);
  });

  it('of a form are typed, and checked before they are sent', async () => {
    const form = {
      properties: {
        name: { type: 'string', title: 'Name' },
        size: { type: 'integer', minimum: 1 },
        ratio: { type: 'number', default: 0.5 },
        open: { type: 'boolean', default: true },
        level: { enum: [1, 2], enumNames: ['low', 'high'] },
        tags: { type: 'array', items: { enum: ['x', 'y'] } },
        note: { type: 'string' },
      },
      required: ['name'],
    };
    const { el, sent } = await waiting({ kind: 'form', form, server: 'lab' });
    field(el, 'f1').value = '1.5';
    submit(el);
    await settled(drawn());
    expect(
      [...el.querySelectorAll('.cdx-field .cdx-error')].map((e) => e.textContent?.trim()),
    ).toEqual(['An answer is needed.', 'A whole number is needed.']);
    expect(document.activeElement).toBe(field(el, 'f0'));
    field(el, 'f0').value = 'Ada';
    field(el, 'f1').value = '0';
    submit(el);
    await settled(drawn());
    expect(el.querySelector('.cdx-field .cdx-error')?.textContent?.trim()).toBe('At least 1.');
    field(el, 'f1').value = '3';
    (el.querySelectorAll('input[name=f4]')[1] as HTMLElement).click();
    (el.querySelector('input[name=f5]') as HTMLElement).click();
    submit(el);
    const answers = { name: 'Ada', size: 3, ratio: 0.5, open: true, level: 2, tags: ['x'] };
    expect(sent()).toEqual([{ op: 'answer', id: 'ask_1', answers, ref: 1 }]);
  });

  it('about a page link to pages only', async () => {
    const { el, sent } = await waiting(
      { kind: 'url', url: 'https://example.org/login', server: 'lab' },
      { id: 'ask_2', kind: 'url', url: 'javascript:alert(1)' },
    );
    const links = [...el.querySelectorAll('a')];
    expect(links.map((a) => [a.href, a.target, a.rel])).toEqual([
      ['https://example.org/login', '_blank', 'noopener noreferrer nofollow'],
    ]);
    expect(dock(el).textContent).toContain('javascript:alert(1)');
    submit(el);
    expect(sent()).toEqual([{ op: 'answer', id: 'ask_1', answers: {}, ref: 1 }]);
  });

  it.each([{ properties: 'none', required: 7 }, { properties: { a: null, b: { enum: 3 } } }])(
    'of a malformed form are still shown: %j',
    async (form) => {
      const { el } = await waiting({ kind: 'form', form: form as never });
      expect(button(el, 'Decline to answer')).toBeDefined();
    },
  );
});

describe('what was decided', () => {
  it('is said in words, folded when it is much', async () => {
    const cases: [Partial<Ask>, string][] = [
      [{ decision: 'accept', by: 'handler' }, 'Approved by your handler: ls'],
      [{ decision: 'accept_for_session', by: 'user' }, 'Approved for the session by you: ls'],
      [{ decision: 'accept_with_rule', by: 'user' }, 'Always allowed by you: ls'],
      [{ decision: 'decline', by: 'user' }, 'Denied by you: ls'],
      [{ decision: 'decline', by: 'timeout' }, 'Denied: nobody answered in time: ls'],
      [{ decision: 'decline', by: 'nobody' }, 'Denied: nobody was there to ask: ls'],
      [{ decision: 'decline', by: 'error' }, 'Denied: the handler failed: ls'],
      [{ decision: 'decline', by: 'turn' }, 'Declined because the turn ended: ls'],
      [{ decision: 'cancel', by: 'user' }, 'Turn cancelled by you: ls'],
    ];
    const { el } = await waiting(
      ...cases.map(([fields], at) => ({ id: `ask_${at}`, command: 'ls', ...fields })),
    );
    expect(el.querySelector('.cdx-decisions')?.textContent).toBe('9 decisions');
    (el.querySelector('.cdx-decisions summary') as HTMLElement).click();
    await settled(drawn());
    const lines = [...el.querySelectorAll('.cdx-settled li')].map((li) => li.textContent);
    expect(lines).toEqual(cases.map(([, words]) => words));
  });

  it('is shown for every ask of the recorded turns', async () => {
    for (const { view } of goldens()) {
      const panel = new Panel(JSON.stringify({ seq: 1, at: 0, view })).initialize();
      const { el } = await settled(panel.show());
      expect(el.querySelector('.cdx-dock')).toBeNull();
      expect(el.querySelector('.cdx-settled, .cdx-decisions') !== null).toBe(view.asks.length > 0);
    }
  });
});

it('an accessibility check finds nothing', { timeout: 20_000 }, async () => {
  const questions = [
    { id: 'q', header: 'Q', question: 'Which?', options: [], is_other: false, is_secret: true },
    {
      id: 'r',
      header: 'R',
      question: 'And?',
      options: [{ label: 'A', description: 'a' }],
      is_other: true,
      is_secret: false,
    },
  ];
  const { el } = await waiting(
    { command: 'ls', rule: 'ls', decisions: ['accept', 'accept_with_rule', 'decline'] },
    { id: 'ask_2', kind: 'questions', questions },
    { id: 'ask_3', kind: 'form', form: { properties: { n: { type: 'number' } } } },
    { id: 'ask_4', kind: 'url', url: 'https://example.org/' },
    { id: 'ask_5', command: 'pwd', decision: 'decline', by: 'timeout' },
  );
  submit(el);
  await settled(drawn());
  vi.useRealTimers();
  // What needs a layout or a whole page is checked in the real browser.
  const { violations } = await axe.run(el, {
    rules: { region: { enabled: false }, 'color-contrast': { enabled: false } },
  });
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
});
