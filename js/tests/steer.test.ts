// @vitest-environment jsdom
// Saying something to the agent while it works, and what the panel says about the way to the kernel.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Header } from '../src/core/types.ts';
import { card, drawn, Panel, snapshot } from './helpers.ts';

const running = { status: 'running', turn_id: 'turn', thread_id: 'own' } as const;

beforeEach(() => sessionStorage.clear());

async function shown(fields: Partial<Header> = running) {
  const panel = new Panel(snapshot(fields)).initialize();
  const { el, close } = await panel.show();
  const box = () => el.querySelector('textarea') as HTMLTextAreaElement;
  const note = () => el.querySelector('.cdx-steer')?.textContent ?? '';
  const write = async (text: string) => {
    box().value = text;
    box().dispatchEvent(new Event('input', { bubbles: true }));
    await drawn();
  };
  const press = async (init: KeyboardEventInit) => {
    const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init });
    box().dispatchEvent(event);
    await drawn();
    return event;
  };
  const reply = async (error: string | null) => {
    panel.model.emit('msg:custom', { op: 'reply', ref: 1, error });
    await drawn();
  };
  const sent = () => panel.model.sent.slice(1);
  return { panel, el, close, box, note, write, press, reply, sent };
}

describe('the box to steer', () => {
  it('is there only where the turn can be steered', async () => {
    expect((await shown({ status: 'running' })).box()).toBeNull();
    expect((await shown({ status: 'completed', turn_id: 't' })).box()).toBeNull();
    expect((await shown()).box()).not.toBeNull();
  });

  it('sends by Enter, and says what became of it until the agent has it', async () => {
    const { panel, box, note, write, press, reply, sent } = await shown();
    await write('Leave setup.py\nalone');
    expect((await press({ key: 'Enter' })).defaultPrevented).toBe(true);
    expect(sent()).toEqual([{ op: 'steer', text: 'Leave setup.py\nalone', ref: 1 }]);
    expect(note()).toContain('Sending…');
    expect(box().value).toBe('Leave setup.py\nalone');
    await reply(null);
    expect(box().value).toBe('');
    expect(note()).toContain('Sent; the agent sees it with its next step.');
    await panel.frame(['card', card('user', 'u', { text: 'Leave setup.py\nalone' })]);
    expect(note()).not.toContain('Sent');
  });

  it('leaves Shift+Enter and the keys of an input method alone', async () => {
    const { write, press, sent } = await shown();
    await write('日');
    expect((await press({ key: 'Enter', shiftKey: true })).defaultPrevented).toBe(false);
    await press({ key: 'Enter', isComposing: true });
    await press({ key: 'Enter', keyCode: 229 });
    expect(sent()).toEqual([]);
  });

  it('keeps the text when it was refused, and says why', async () => {
    const { el, box, write, press, reply } = await shown();
    await write('Faster');
    await press({ key: 'Enter' });
    await reply('The turn is at its end.');
    expect(box().value).toBe('Faster');
    expect(el.querySelector('.cdx-steer [role=alert]')?.textContent).toBe(
      'The turn is at its end.',
    );
  });

  it('keeps what was typed when the turn ends, and offers to copy it', async () => {
    const { panel, el, box, note, write } = await shown();
    const writeText = vi.fn(async () => undefined);
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    await write('And the docs');
    await panel.frame(['header', { status: 'completed' }]);
    expect(box().value).toBe('And the docs');
    expect(note()).toContain('it can go into the next cell');
    [...el.querySelectorAll('button')].find((b) => b.textContent === 'Copy')?.click();
    await drawn();
    expect(writeText).toHaveBeenCalledWith('And the docs');
    expect(note()).toContain('Copied.');
    vi.unstubAllGlobals();
  });

  it('brings what was typed back in the thread’s next panel, and in no other thread’s', async () => {
    const { write, close } = await shown();
    await write('And the docs');
    close();
    expect((await shown({ ...running, thread_id: 'other' })).box().value).toBe('');
    expect((await shown({ ...running, turn_id: 'next' })).box().value).toBe('And the docs');
  });

  it('is left by Escape for what is around the panel', async () => {
    const { el, box, press } = await shown();
    el.tabIndex = 0;
    box().focus();
    await press({ key: 'Escape' });
    expect(document.activeElement).toBe(el);
  });
});

describe('the way to the kernel', () => {
  /** Moves the clock, and lets what ticks once a second tick. */
  const clock = () => {
    const ticks = vi.spyOn(globalThis, 'setInterval').mock;
    const start = Date.now();
    let passed = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => start + passed * 1000);
    return async (seconds: number) => {
      passed += seconds;
      for (const [tick, every] of ticks.calls) if (every === 1000) (tick as () => void)();
      await drawn();
    };
  };

  it('is said to be deaf when hello is not answered, until something is', async () => {
    const later = clock();
    const { panel, el } = await shown();
    const deaf = () => el.querySelector('.cdx-deaf')?.textContent ?? '';
    expect(deaf()).toBe('');
    await later(4);
    expect(deaf()).toContain('%codex approve');
    await panel.frame(['header', { thread_name: 'x' }]);
    expect(deaf()).toContain('%codex approve');
    panel.model.emit('msg:custom', { op: 'reply', ref: 9, error: null });
    await drawn();
    expect(deaf()).toBe('');
  });

  it('is said to be broken when no sign of life comes', async () => {
    const later = clock();
    const { panel, el } = await shown();
    const stale = () => el.querySelector('.cdx-stale')?.textContent ?? '';
    await later(10);
    await panel.frame();
    await later(10);
    expect(stale()).toBe('');
    await later(4);
    expect(stale()).toContain('not connected for 14s');
    await panel.frame();
    expect(stale()).toBe('');
  });
});
