// @vitest-environment jsdom
// The panel through its public door: a model as anywidget gives it, and what is on the page.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { card, drawn, Panel, snapshot } from './helpers.ts';

const button = (el: HTMLElement, name: RegExp) =>
  [...el.querySelectorAll('button')].find((b) => name.test(b.textContent ?? ''));
const status = (el: HTMLElement) => el.querySelector('[role=status]')?.textContent;
const running = { status: 'running', started_at: Date.now() / 1000 - 5 } as const;

describe('a model', () => {
  it('says hello when it starts, with what the trait held', () => {
    const panel = new Panel(snapshot(running, [], 12)).initialize();
    expect(panel.model.sent).toEqual([{ op: 'hello', have: 12 }]);
  });

  it('needs no snapshot to begin', async () => {
    const panel = new Panel().initialize();
    const { el } = await panel.show();
    expect(panel.model.sent).toEqual([{ op: 'hello', have: 0 }]);
    expect(status(el)).toBe('Starting');
    await panel.frame(['header', running], ['card', card('message', 'm', { text: 'Hello' })]);
    expect(status(el)).toBe('Running');
    expect(el.textContent).toContain('Hello');
  });

  it('takes the snapshot that the kernel sets at the end', async () => {
    const panel = new Panel().initialize();
    const { el } = await panel.show();
    panel.model.snapshot = snapshot(
      { status: 'completed' },
      [card('message', 'm', { text: 'End' })],
      9,
    );
    panel.model.emit('change:snapshot');
    await drawn();
    expect(status(el)).toBe('Completed');
    expect(el.textContent).toContain('End');
  });

  it('asks for a snapshot after a gap and shows it', async () => {
    const panel = new Panel().initialize();
    const { el } = await panel.show();
    panel.model.emit('msg:custom', { op: 'frame', seq: 3, at: 0, ops: [['header', running]] });
    expect(panel.model.sent.at(-1)).toEqual({ op: 'resync', have: 0 });
    const { view } = JSON.parse(snapshot({ status: 'failed', error: 'No luck' }));
    panel.model.emit('msg:custom', { op: 'snapshot', seq: 3, at: 0, view });
    await drawn();
    expect(el.querySelector('[role=alert]')?.textContent).toContain('No luck');
  });

  it('leaves nothing behind', async () => {
    const panel = new Panel(snapshot(running)).initialize();
    const { el, close } = await panel.show();
    expect(panel.model.listeners).toBeGreaterThan(0);
    close();
    expect(el.childElementCount).toBe(0);
    panel.destroy();
    expect(panel.model.listeners).toBe(0);
    expect(panel.model.save_changes).not.toHaveBeenCalled();
  });

  it('ticks no longer once its view is gone', async () => {
    const set = vi.spyOn(globalThis, 'setInterval');
    const clear = vi.spyOn(globalThis, 'clearInterval');
    const { close } = await new Panel(snapshot(running)).initialize().show();
    const ticks = () => set.mock.results.filter((_, at) => set.mock.calls[at]?.[1] === 1000);
    await vi.waitFor(() => expect(ticks().length).toBeGreaterThan(0));
    close();
    await drawn();
    for (const { value } of ticks()) expect(clear).toHaveBeenCalledWith(value);
  });

  it('is of a kind that this program knows, or refused in words', () => {
    const panel = new Panel();
    panel.model.face = 'hologram';
    expect(() => panel.initialize()).toThrow('no panel of the kind hologram');
    expect(panel.model.listeners).toBe(0);
  });

  it('survives a channel that throws', () => {
    const panel = new Panel(snapshot(running));
    panel.model.send = () => {
      throw new Error('Kernel is dead');
    };
    expect(() => panel.initialize()).not.toThrow();
  });
});

describe('two views of one model', () => {
  it('show the same, and one may go while the other stays', async () => {
    const panel = new Panel().initialize();
    const first = await panel.show();
    const second = await panel.show();
    await panel.frame(['card', card('message', 'm', { text: 'One', status: 'in_progress' })]);
    expect(second.el.innerHTML).toBe(first.el.innerHTML);
    first.close();
    await panel.frame(['append', 'm', 'text', ' two']);
    expect(second.el.textContent).toContain('One two');
    expect(panel.model.sent).toEqual([{ op: 'hello', have: 0 }]);
  });
});

describe('Stop', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  /** Lets what draws with the faked clock come to its end. */
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await vi.advanceTimersByTimeAsync(50);
    return work;
  };

  it('asks for an interrupt, and changes only when the kernel says so', async () => {
    const panel = new Panel(snapshot(running)).initialize();
    const { el } = await settled(panel.show());
    const stop = () => button(el, /stop/i) as HTMLButtonElement;
    const looks = () => [stop().textContent, stop().getAttribute('aria-disabled')];

    stop().click();
    await settled(Promise.resolve());
    expect(panel.model.sent.slice(1)).toEqual([{ op: 'interrupt' }]);
    expect(looks()).toEqual(['Stop', 'false']);

    await settled(panel.frame(['header', { interrupting: true }]));
    expect(looks()).toEqual(['Stopping…', 'true']);
    await vi.advanceTimersByTimeAsync(1_000);
    stop().click();
    expect(panel.model.sent.slice(1)).toHaveLength(1);
    expect(status(el)).toBe('Stopping');

    await vi.advanceTimersByTimeAsync(2_500);
    expect(looks()).toEqual(['Stop now', 'false']);
    stop().click();
    expect(panel.model.sent.slice(1)).toEqual([{ op: 'interrupt' }, { op: 'interrupt' }]);

    await settled(panel.frame(['header', { interrupting: false, status: 'interrupted' }]));
    expect(button(el, /stop/i)).toBeUndefined();
    expect(status(el)).toBe('Interrupted');
  });

  it('takes a double click for one press, because the second press kills', async () => {
    const panel = new Panel(snapshot(running)).initialize();
    const { el } = await settled(panel.show());
    button(el, /stop/i)?.click();
    button(el, /stop/i)?.click();
    expect(panel.model.sent.slice(1)).toEqual([{ op: 'interrupt' }]);
  });
});

describe('a kernel that goes away', () => {
  it('is said to be gone while the turn runs, and is believed when it speaks again', async () => {
    const panel = new Panel(
      snapshot(running, [
        card('command', 'c', {
          command: 'sleep 9',
          output: '',
          exit_code: null,
          status: 'in_progress',
        }),
      ]),
    ).initialize();
    const { el } = await panel.show();
    panel.model.emit('comm_live_update');
    await drawn();
    expect(status(el)).toBe('kernel gone – interrupted');
    expect(button(el, /stop/i)).toBeUndefined();
    expect(el.textContent).toContain('no end reported');
    await panel.frame(['header', { thread_id: 't' }]);
    expect(status(el)).toBe('Running');
  });

  it('changes nothing about a turn that has ended', async () => {
    const panel = new Panel(snapshot({ status: 'completed' })).initialize();
    const { el } = await panel.show();
    panel.model.emit('comm_live_update');
    await drawn();
    expect(status(el)).toBe('Completed');
  });
});

describe('the status line', () => {
  const line = async (fields: Parameters<typeof snapshot>[0]) => {
    const { el } = await new Panel(snapshot(fields)).initialize().show();
    return el.querySelector('.cdx-status') as HTMLElement;
  };

  it('says what the turn runs with', async () => {
    const usage = {
      input_tokens: 12_345,
      cached_input_tokens: 10,
      output_tokens: 678,
      reasoning_output_tokens: 0,
    };
    const el = await line({
      ...running,
      model: null,
      sandbox: 'read-only',
      output_type: 'list[int]',
      usage,
    });
    for (const part of ['default model', 'read-only', 'list[int]', '↑12.3k ↓678']) {
      expect(el.textContent).toContain(part);
    }
    expect(el.querySelector('.cdx-badge-danger')).toBeNull();
  });

  it('shows full access in red', async () => {
    const el = await line({ ...running, sandbox: 'danger-full-access' });
    expect(el.querySelector('.cdx-badge-danger')?.textContent).toContain('full access');
  });

  it('counts time by the kernel’s clock', async () => {
    const kernel = Date.now() / 1000 - 3600;
    const panel = new Panel(
      JSON.stringify({
        seq: 1,
        at: kernel,
        view: JSON.parse(snapshot({ status: 'running', started_at: kernel - 65 })).view,
      }),
    ).initialize();
    const { el } = await panel.show();
    expect(el.querySelector('.cdx-time')?.textContent).toBe('1m 05s');
  });

  it('says when there has been no news for long', async () => {
    const panel = new Panel(snapshot(running)).initialize();
    const later = Date.now() + 12_500;
    vi.spyOn(Date, 'now').mockReturnValue(later);
    const { el } = await panel.show();
    expect(el.querySelector('.cdx-silence')?.textContent).toBe('no news for 12s');
    await panel.frame(['header', { thread_id: 't' }]);
    expect(el.querySelector('.cdx-silence')).toBeNull();
  });
});
