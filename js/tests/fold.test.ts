// The law of the fold: the kernel's frames, folded here, give the kernel's view.

import { describe, expect, it } from 'vitest';
import { fold } from '../src/core/fold.ts';
import { TurnStore } from '../src/core/store.ts';
import { EMPTY_VIEW, type Operation, type View } from '../src/core/types.ts';
import { card, goldens, header, plain } from './helpers.ts';

const recorded = goldens();

it('has recorded turns to fold', () => {
  expect(recorded.length).toBeGreaterThan(0);
});

describe.each(recorded)('the recorded turn $name', ({ snapshot, frames, view }) => {
  it('folds to the view that the kernel has', () => {
    const start = snapshot?.view ?? EMPTY_VIEW;
    const end = frames.reduce<View | null>((now, { ops }) => now && fold(now, ops), start);
    expect(end && plain(end)).toEqual(view);
  });

  it('gives that view through the store, with duplicates and a gap that is healed', () => {
    const sent: unknown[] = [];
    const store = new TurnStore({
      send: (message) => sent.push(message),
      now: () => 0,
      schedule: () => undefined,
    });
    if (snapshot) store.load(JSON.stringify(snapshot));
    const middle = Math.floor(frames.length / 2);
    for (const [at, frame] of frames.entries()) {
      if (at === middle && frames.length > 2) continue;
      store.receive({ op: 'frame', ...frame });
      store.receive({ op: 'frame', ...frame });
    }
    const last = frames.at(-1);
    if (frames.length > 2) expect(sent).toEqual([{ op: 'resync', have: store.state.seq }]);
    store.receive({ op: 'snapshot', seq: last?.seq ?? 0, at: 0, view });
    expect(plain(store.state.view)).toEqual(view);
  });
});

describe('an operation', () => {
  const before: View = {
    header: header({ status: 'running' }),
    cards: [
      card('message', 'a', { text: 'One' }),
      card('command', 'b', { command: 'ls', output: '', exit_code: null }),
    ],
    asks: [],
  };
  const folded = (...operations: Operation[]) => fold(before, operations);

  it('leaves the view it is folded onto as it was', () => {
    const copy = structuredClone(before);
    folded(
      ['header', { status: 'completed' }],
      ['append', 'a', 'text', '!'],
      ['set', 'b', { exit_code: 0 }],
    );
    expect(before).toEqual(copy);
  });

  it('changes fields of the header', () => {
    expect(folded(['header', { interrupting: true }])?.header).toEqual({
      ...before.header,
      interrupting: true,
    });
  });

  it('adds, sets, replaces and appends, keeping the identity of every other card', () => {
    const next = folded(
      ['append', 'b', 'output', 'x\n'],
      ['append', 'b', 'output', 'y\n'],
      ['set', 'b', { exit_code: 1, status: 'failed' }],
      ['card', card('error', 'c', { message: 'm' })],
    );
    expect(next?.cards[0]).toBe(before.cards[0]);
    expect(next && plain(next)).toMatchObject({
      cards: [{}, { output: 'x\ny\n', exit_code: 1, status: 'failed' }, { message: 'm' }],
    });
    const other = card('unknown', 'a', { type: 't', raw: '{}' });
    expect(folded(['replace', 'a', other])?.cards[0]).toBe(other);
  });

  it('appends to what had grown before a set, and a set may start it anew', () => {
    const next = folded(
      ['append', 'a', 'text', ' two'],
      ['set', 'a', { text: 'Three' }],
      ['append', 'a', 'text', '!'],
    );
    expect(next && plain(next)).toMatchObject({ cards: [{ text: 'Three!' }, {}] });
  });

  it('may append to any text, and only long ones stop being strings', () => {
    const search = { ...before, cards: [card('search', 's', { query: '', action: '' })] };
    const next = fold(search, [['append', 's', 'query', 'python']]);
    expect(next?.cards).toEqual([{ ...search.cards[0], query: 'python' }]);
  });

  it('that does not fit says so instead of guessing', () => {
    expect(folded(['set', 'nowhere', {}])).toBeNull();
    expect(folded(['append', 'b', 'exit_code', 'x'])).toBeNull();
    expect(folded(['append', 'a', 'nothing', 'x'])).toBeNull();
    expect(folded(['teleport', 'a'] as unknown as Operation)).toBeNull();
  });

  it('may replace everything', () => {
    expect(folded(['reset', EMPTY_VIEW])).toEqual(EMPTY_VIEW);
  });
});
