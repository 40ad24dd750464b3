// @vitest-environment jsdom
// Cards: what each kind shows, what stands open, and that long texts stay off the page.

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Card, Header } from '../src/core/types.ts';
import { card, drawn, Panel, snapshot } from './helpers.ts';

async function show(cards: Card[], header: Partial<Header> = { status: 'running' }) {
  const panel = new Panel(snapshot(header, cards)).initialize();
  const { el } = await panel.show();
  return { panel, el };
}

const button = (el: Element, name: RegExp) =>
  [...el.querySelectorAll('button')].find((b) => name.test(b.textContent ?? ''));
const command = (fields: object) =>
  card('command', 'c', { command: 'make', output: '', exit_code: null, ...fields });
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');

describe('a command', () => {
  it('stands open while it runs, and folds when it has ended well', async () => {
    const { panel, el } = await show([command({ status: 'in_progress', output: 'so far\n' })]);
    expect(el.querySelector('details')?.open).toBe(true);
    await panel.frame(['set', 'c', { status: 'completed', exit_code: 0, output: 'all\n' }]);
    expect(el.querySelector('details')?.open).toBe(false);
    expect(el.textContent).toContain('exit 0');
    expect(el.textContent).not.toContain('all');
  });

  it('stays as the reader folded it', async () => {
    const { panel, el } = await show([command({ status: 'in_progress', output: 'so far\n' })]);
    el.querySelector('summary')?.click();
    await drawn();
    expect(el.querySelector('details')?.open).toBe(false);
    await panel.frame(['set', 'c', { status: 'failed', exit_code: 2 }]);
    expect(el.querySelector('details')?.open).toBe(false);
    el.querySelector('summary')?.click();
    await drawn();
    expect(el.textContent).toContain('so far');
  });

  it('stands open when it failed, with its exit code', async () => {
    const { el } = await show([command({ status: 'failed', exit_code: 3, output: 'why\n' })]);
    expect(el.querySelector('details')?.open).toBe(true);
    expect(el.querySelector('.cdx-is-failed .cdx-mark-word')?.textContent).toBe('exit 3');
  });

  it('that never told its end says so when the turn is over', async () => {
    const { el } = await show([command({ status: 'in_progress' })], { status: 'completed' });
    expect(el.textContent).toContain('no end reported');
  });

  it('shows all of a long line or of several when it is open', async () => {
    const { el } = await show([
      command({ command: 'for a in b; do\n  echo $a\ndone', status: 'failed' }),
    ]);
    expect(el.querySelector('.cdx-whole')?.textContent).toContain('echo $a');
    expect(el.querySelector('.cdx-command')?.textContent).toBe('for a in b; do');
  });

  it('says where it ran, if that was elsewhere, without control characters', async () => {
    const { el } = await show([command({ elsewhere: '/srv/\x1b[31mdata\u202e' })]);
    expect(el.querySelector('.cdx-where')?.textContent).toBe('in /srv/data⟨U+202E⟩');
    const { el: here } = await show([command({ elsewhere: null })]);
    expect(here.querySelector('.cdx-where')).toBeNull();
  });

  it('took as long as the CLI says, or else as our clock does', async () => {
    const times = { started_at: 10, ended_at: 13 };
    const { el } = await show([command({ ...times, duration_ms: 2140 })]);
    expect(el.querySelector('.cdx-card .cdx-time')?.textContent).toBe('2.1s');
    const { el: ours } = await show([command(times)]);
    expect(ours.querySelector('.cdx-card .cdx-time')?.textContent).toBe('3.0s');
  });

  it('has no terminal escapes in its output', async () => {
    const { el } = await show([
      command({ status: 'failed', output: '\x1b[31mred\x1b[0m\n10%\r99%\n' }),
    ]);
    expect(el.querySelector('.cdx-pre')?.textContent).toBe('red\n99%\n');
  });

  it('has the colours of its output as elements, also where they began before its end', async () => {
    const { panel, el } = await show([
      command({ status: 'in_progress', output: `\x1b[32m${numbered(5_000)}` }),
    ]);
    const coloured = () => el.querySelector<HTMLElement>('.cdx-pre span');
    expect(coloured()?.style.color).toBe('var(--cdx-green)');
    expect(coloured()?.textContent).toMatch(/line 4999\n$/);
    await panel.frame(['append', 'c', 'output', 'still\x1b[0m plain <b>\n']);
    expect(coloured()?.textContent).toMatch(/still$/);
    expect(el.querySelector('.cdx-pre')?.textContent).toMatch(/still plain <b>\n$/);
    expect(el.querySelector('.cdx-pre b')).toBeNull();
  });
});

describe('copying', () => {
  const clipboard = (writeText: () => Promise<void>) =>
    vi.stubGlobal('navigator', { clipboard: { writeText } });
  afterEach(() => vi.unstubAllGlobals());
  const failed = command({ status: 'failed', command: 'ls\u202e', output: '\x1b[31mred\x1b[0m\n' });

  it('takes what is seen, no escapes with it, and says so aloud', async () => {
    const writeText = vi.fn(async () => undefined);
    clipboard(writeText);
    const { el } = await show([failed]);
    button(el, /^Copy output$/)?.click();
    await drawn();
    expect(writeText).toHaveBeenLastCalledWith('red\n');
    expect(el.querySelector('.cdx-bar [role=status]:not(:empty)')?.textContent).toBe('Copied');
    button(el, /^Copy command$/)?.click();
    await drawn();
    expect(writeText).toHaveBeenLastCalledWith('ls⟨U+202E⟩');
  });

  it('that the browser refuses is tried the old way, and else admitted', async () => {
    clipboard(async () => {
      throw new Error('refused');
    });
    const { el } = await show([failed]);
    const copied: string[] = [];
    Object.assign(document, {
      execCommand: () => copied.push((document.activeElement as HTMLTextAreaElement).value) > 0,
    });
    button(el, /^Copy output$/)?.click();
    await drawn();
    expect(copied).toEqual(['red\n']);
    expect(button(el, /^Copied$/)).toBeTruthy();
    Object.assign(document, { execCommand: () => false });
    button(el, /^Copy command$/)?.click();
    await drawn();
    expect(button(el, /^Could not copy$/)).toBeTruthy();
    expect(document.querySelector('textarea')).toBeNull();
  });
});

describe('long output', () => {
  it('is on the page with its end only, however much comes', async () => {
    const { panel, el } = await show([command({ status: 'in_progress', output: numbered(5_000) })]);
    const onPage = () => el.querySelector('.cdx-scroll')?.textContent ?? '';
    expect(onPage().split('\n').length).toBeLessThanOrEqual(201);
    expect(onPage()).toMatch(/line 4999\n$/);
    for (let i = 0; i < 20; i++)
      await panel.frame(['append', 'c', 'output', `more ${i}\n`.repeat(500)]);
    expect(onPage().length).toBeLessThanOrEqual(16_384);
    expect(onPage()).toMatch(/more 19\n$/);
  });

  it('is shown whole on request, in blocks of which only the last is drawn again', async () => {
    const { panel, el } = await show([command({ status: 'in_progress', output: numbered(5_000) })]);
    button(el, /^Show all 5,000 lines$/)?.click();
    await drawn();
    expect(el.querySelector('.cdx-scroll')?.textContent).toBe(numbered(5_000));
    const [first] = el.querySelectorAll('.cdx-pre');
    const text = first?.firstChild;
    await panel.frame(['append', 'c', 'output', 'the end\n']);
    expect(el.querySelector('.cdx-pre')?.firstChild).toBe(text);
    expect(el.querySelector('.cdx-scroll')?.textContent).toMatch(/the end\n$/);
    button(el, /^Show only the end$/)?.click();
    await drawn();
    expect(el.querySelector('.cdx-scroll')?.textContent?.length).toBeLessThanOrEqual(16_384);
  });

  it('of many megabytes comes by and by', async () => {
    const { el } = await show([command({ status: 'failed', output: numbered(300_000) })]);
    button(el, /^Show more of 300,000 lines \(3\.\d MB\)$/)?.click();
    await drawn();
    const some = el.querySelectorAll('.cdx-pre').length;
    expect(some).toBe(64);
    button(el, /^Show more/)?.click();
    await drawn();
    expect(el.querySelectorAll('.cdx-pre')).toHaveLength(128);
  });
});

describe('changed files', () => {
  const change = (path: string, fields: object = {}) => ({
    path,
    moved_to: null,
    change: 'update',
    diff: '@@ -1 +1 @@\n-old\n+new\n',
    note: null,
    added: 1,
    removed: 1,
    ...fields,
  });

  it('show their diff with signs and line numbers', async () => {
    const { el } = await show([card('files', 'f', { changes: [change('a.py')] })]);
    const rows = [...el.querySelectorAll('.cdx-diff tr')].map((row) => row.textContent);
    expect(rows).toEqual(['@@ -1 +1 @@', '1−removedold', '1+addednew']);
    expect(el.querySelector('.cdx-counts')?.textContent).toContain('+1');
  });

  it('have the words marked that changed in a line', async () => {
    const diff = '@@ -1 +1 @@\n-rate = 0.1 # old\n+rate = 0.2 # old\n';
    const { el } = await show([card('files', 'f', { changes: [change('a.py', { diff })] })]);
    expect([...el.querySelectorAll('mark')].map((mark) => mark.textContent)).toEqual(['1', '2']);
  });

  it('stand side by side where there is room, all of them once it was chosen', async () => {
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(private readonly told: (entries: object[]) => void) {}
        observe() {
          this.told([{ contentRect: { width: 900 } }]);
        }
        disconnect() {}
      },
    );
    const { el } = await show([
      card('files', 'f', { changes: [change('a.py')] }),
      card('files', 'g', { changes: [change('b.py')] }),
    ]);
    const rows = () =>
      [...el.querySelectorAll('.cdx-diff')].map((table) => table.querySelectorAll('tr').length);
    expect(rows()).toEqual([3, 3]);
    const beside = () => button(el, /^Side by side$/);
    expect(beside()?.getAttribute('aria-pressed')).toBe('false');
    beside()?.click();
    await drawn();
    expect(rows()).toEqual([2, 2]);
    expect(beside()?.getAttribute('aria-pressed')).toBe('true');
    expect(el.querySelector('tr:last-child')?.textContent).toBe('1−removedold1+addednew');
    beside()?.click();
    await drawn();
    expect(rows()).toEqual([3, 3]);
    vi.unstubAllGlobals();
  });

  it('that were declined are told as not made, and stay folded', async () => {
    const changes = [change('a.py'), change('b.py')];
    const { el } = await show([card('files', 'f', { changes, status: 'declined' })]);
    expect(el.querySelector('summary')?.textContent).toContain('2 files left as they were');
    expect(el.querySelector('details')?.open).toBe(false);
    expect(el.querySelector('.cdx-mark-word')?.textContent).toBe('declined');
  });

  it('that moved say from where to where', async () => {
    const moved = change('a.py', { moved_to: 'src/b.py' });
    const { el } = await show([card('files', 'f', { changes: [moved] })]);
    expect(el.querySelector('.cdx-path')?.textContent).toBe('a.py → src/b.py');
    expect(el.querySelector('.cdx-change .cdx-sr')?.textContent).toBe('moved ');
    expect(el.querySelectorAll('.cdx-diff tr')).toHaveLength(3);
  });

  it('say why there is no diff, and count nothing then', async () => {
    const none = change('logo.png', { diff: null, note: 'Not a text file.' });
    const { el } = await show([card('files', 'f', { changes: [none] })]);
    expect(el.querySelector('.cdx-note')?.textContent).toBe('Not a text file.');
    expect(el.querySelector('.cdx-counts, details')).toBeNull();
  });

  it('fold where they are large, and show the rest of a very large diff on request', async () => {
    const diff = `@@ -0,0 +1,900 @@\n${'+x\n'.repeat(900)}`;
    const { el } = await show([
      card('files', 'f', { changes: [change('a.py'), change('big.py', { diff, added: 900 })] }),
    ]);
    const [, small, big] = el.querySelectorAll('details');
    expect([small?.open, big?.open]).toEqual([true, false]);
    big?.querySelector('summary')?.click();
    await drawn();
    expect(big?.querySelectorAll('tr')).toHaveLength(200);
    button(el, /^Show all 901 lines$/)?.click();
    await drawn();
    expect(big?.querySelectorAll('tr')).toHaveLength(901);
    button(el, /^Show only the beginning$/)?.click();
    await drawn();
    expect(big?.querySelectorAll('tr')).toHaveLength(200);
  });
});

describe('the other kinds', () => {
  it('reasoning is folded under its headline', async () => {
    const { el } = await show([
      card('reasoning', 'r', { text: '**Looking around**\n\nThe details.' }),
    ]);
    expect(el.querySelector('summary')?.textContent).toContain('Looking around');
    expect(el.querySelector('details')?.open).toBe(false);
  });

  it('reasoning that the model shows whole grows below its summary, still folded', async () => {
    const fields = { text: '**Looking**\n\nBriefly.', raw_text: 'First', status: 'in_progress' };
    const { panel, el } = await show([card('reasoning', 'r', fields)]);
    await panel.frame(['append', 'r', 'raw_text', ' I look.']);
    expect(el.textContent).not.toContain('I look.');
    el.querySelector('summary')?.click();
    await drawn();
    expect(el.querySelector('.cdx-body')?.textContent).toMatch(/Briefly\.First I look\.$/);
    await panel.frame(['append', 'r', 'raw_text', numbered(5_000)]);
    expect(el.querySelector('.cdx-scroll')?.textContent?.length).toBeLessThanOrEqual(16_384);
  });

  it('reasoning without a summary has a name, running and done', async () => {
    const thought = card('reasoning', 'r', { text: '', raw_text: 'Hm.', status: 'in_progress' });
    const { panel, el } = await show([thought]);
    expect(el.querySelector('summary')?.textContent).toContain('Thinking…');
    await panel.frame(['set', 'r', { status: 'completed' }]);
    expect(el.querySelector('summary')?.textContent).toMatch(/: Thought$/);
  });

  it('what the user said is theirs, word for word', async () => {
    const { el } = await show([card('user', 'u', { text: 'No, *not*\n<b>that</b>' })]);
    expect(el.querySelector('article')?.textContent).toBe('You: No, *not*\n<b>that</b>');
    const { el: silent } = await show([card('user', 'u', { text: '' })]);
    expect(silent.querySelector('article')?.textContent).toBe('You: (no text)');
  });

  it('a remark on the way is quieter than an answer', async () => {
    const said = (phase: string | null) => card('message', String(phase), { text: 'Hi', phase });
    const { el } = await show([said('commentary'), said('final_answer'), said(null)]);
    const quiet = [...el.querySelectorAll('.cdx-md')].map((md) => !!md.closest('.cdx-quiet'));
    expect(quiet).toEqual([true, false, false]);
  });

  it('a plan in words is markdown below its heading, open, and grows', async () => {
    const { panel, el } = await show([
      card('plan', 'p', { text: '1. read\n2. **fi', status: 'in_progress' }),
    ]);
    await panel.frame(['append', 'p', 'text', 'x**\n']);
    await panel.frame(['set', 'p', { status: 'completed' }]);
    expect(el.querySelector('details')?.open).toBe(true);
    expect(el.querySelector('summary .cdx-title')?.textContent).toBe('Plan');
    expect(el.querySelector('.cdx-md ol strong')?.textContent).toBe('fix');
  });

  it('an activity is one line that says how it stands', async () => {
    const looked = card('activity', 'a', { label: 'Looked at p.png', status: 'in_progress' });
    const { panel, el } = await show([looked]);
    expect(el.querySelector('.cdx-row')?.textContent).toBe('Looked at p.pngrunning');
    await panel.frame(['set', 'a', { status: 'completed' }]);
    expect(el.querySelector('.cdx-row')?.textContent).toBe('Looked at p.pngdone');
    expect(el.querySelector('details')).toBeNull();
  });

  it('a plan is a checklist with its count', async () => {
    const items = [
      { text: 'one', completed: true },
      { text: 'two', completed: false },
    ];
    const { el } = await show([card('todo', 't', { items, status: 'in_progress' })]);
    expect([...el.querySelectorAll('li')].map((li) => li.textContent)).toEqual([
      'Done: one',
      'To do: two',
    ]);
    expect(el.textContent).toContain('1 of 2');
  });

  it('a tool shows its name, arguments, and what came of it', async () => {
    const { el } = await show([
      card('tool', 't', {
        name: 'lab.echo',
        arguments: '{\n "a": 1\n}',
        result: 'hey',
        error: 'broke',
        status: 'failed',
      }),
    ]);
    for (const part of ['lab.echo', '{ "a": 1 }', 'hey', 'broke'])
      expect(el.textContent).toContain(part);
  });

  const PNG = 'data:image/png;base64,iVBORw0KGgo=';

  it('a tool shows its images, small at first, and no address that is not an image', async () => {
    const hostile = [
      'https://x.test/a.png',
      'data:image/svg+xml;base64,PHN2Zz4=',
      `${PNG}" onload="x`,
    ];
    const { el } = await show([
      card('tool', 't', {
        name: 'lab.plot',
        arguments: '{}',
        result: '[image]',
        error: null,
        images: [PNG, ...hostile],
      }),
    ]);
    const images = [...el.querySelectorAll('img')];
    expect(images.map((image) => image.getAttribute('src'))).toEqual([PNG]);
    expect(images[0]?.alt).toBe('Image 1 of 1 from lab.plot');
    expect(el.querySelector('.cdx-output')).toBeNull();
    const picture = el.querySelector<HTMLElement>('.cdx-picture');
    picture?.click();
    await drawn();
    expect(picture?.getAttribute('aria-expanded')).toBe('true');
    images[0]?.dispatchEvent(new Event('error'));
    await drawn();
    expect(el.textContent).toContain('Image 1 of 1 from lab.plot cannot be shown.');
  });

  const search = (fields: object) =>
    card('search', 's', { query: '', action: '{"type": "x"}', ...fields });

  it('a page that was opened is a link that leads nowhere back, if it is one of the web', async () => {
    const url = 'https://docs.python.org/3/';
    const { el } = await show([search({ query: url, url })]);
    const link = el.querySelector('a');
    expect(el.querySelector('article')?.textContent).toContain(`Opened ${url}`);
    expect(link?.getAttribute('href')).toBe(url);
    expect(link?.target).toBe('_blank');
    expect(link?.rel).toBe('noopener noreferrer nofollow');
    expect(el.querySelector('details')).toBeNull();
    for (const bad of [
      'javascript:alert(1)',
      'data:text/html,x',
      '//x.test',
      ' https://x.test',
      '',
    ]) {
      const { el: other } = await show([search({ url: bad })]);
      expect(other.querySelector('a'), bad).toBeNull();
    }
  });

  it('a search tells all that was looked for, and as it came only what it has no words for', async () => {
    const { el } = await show([search({ query: 'wheel tags', queries: ['musl'] })]);
    expect([...el.querySelectorAll('q')].map((q) => q.textContent)).toEqual(['wheel tags', 'musl']);
    expect(el.querySelector('details')).toBeNull();
    const { el: within } = await show([search({ url: 'https://x.test/\u202e', pattern: 'abi3' })]);
    expect(within.querySelector('article')?.textContent).toContain(
      'Looked for abi3 in https://x.test/⟨U+202E⟩',
    );
    const { el: strange } = await show([search({})]);
    strange.querySelector('summary')?.click();
    await drawn();
    expect(strange.querySelector('.cdx-whole')?.textContent).toBe('{"type": "x"}');
  });

  it('a sub-agent tells how those that it is about stand', async () => {
    const agents = [
      { thread_id: '01a2-7784f58', status: 'completed', message: 'All <b>fine</b>.' },
      { thread_id: '01a2-7784f59', status: 'pendingInit', message: null },
    ];
    const { el } = await show([card('agent', 'a', { name: 'wait', prompt: '', agents })]);
    el.querySelector('summary')?.click();
    await drawn();
    expect([...el.querySelectorAll('li')].map((li) => li.textContent)).toEqual([
      '…784f58 completedAll <b>fine</b>.',
      '…784f59 pending init',
    ]);
  });

  it('a search, a sub-agent and a warning say what they are', async () => {
    const { el } = await show([
      card('search', 's', { query: 'asyncio', action: '' }),
      card('agent', 'a', { name: 'spawn_agent', prompt: 'go' }),
      card('error', 'e', { message: 'careful' }),
    ]);
    expect([...el.querySelectorAll('article')].map((a) => a.textContent)).toEqual([
      expect.stringContaining('Searched the web asyncio'),
      expect.stringContaining('Sub-agent spawn_agent'),
      'Warning: careful',
    ]);
  });

  it('an answer of a type is shown as the JSON it is', async () => {
    const { el } = await show([card('message', 'm', { text: '{"total":10.0}' })], {
      status: 'completed',
      output_type: 'Invoice',
    });
    expect(el.querySelector('.cdx-pre')?.textContent).toBe('{\n  "total": 10.0\n}');
  });

  it('an item that nobody knows is shown as it came', async () => {
    const strange = { ...card('error', 'x', { message: '' }), kind: 'hologram', beam: 7 } as never;
    const { el } = await show([
      card('unknown', 'u', { type: 'new_item', raw: '{"a": 1}' }),
      strange,
    ]);
    for (const summary of el.querySelectorAll('summary')) summary.click();
    await drawn();
    for (const part of ['new_item', '{"a": 1}', 'hologram', '"beam": 7'])
      expect(el.textContent).toContain(part);
  });

  it('many notices are folded', async () => {
    const { el } = await show([], { status: 'running', notices: ['a', 'b', 'c'] });
    expect(el.querySelector('summary')?.textContent).toContain('3 notices');
  });
});
