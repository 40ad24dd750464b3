// The protocol: numbered frames, gaps, resyncs and snapshots, and when views are told.

import { beforeEach, expect, it } from 'vitest';
import { isDeaf, isOver, staleFor, TurnStore } from '../src/core/store.ts';
import type { Header, Operation, ToKernel, View } from '../src/core/types.ts';
import { card, header } from './helpers.ts';

let time: number;
let sent: ToKernel[];
let draws: (() => void)[];
let store: TurnStore;

beforeEach(() => {
  time = 1000;
  sent = [];
  draws = [];
  store = new TurnStore({
    send: (message) => sent.push(message),
    now: () => time,
    schedule: (draw) => draws.push(draw),
  });
});

const status = (value: Header['status']): Operation => ['header', { status: value }];
const frame = (seq: number, ...ops: Operation[]) =>
  store.receive({ op: 'frame', seq, at: time, ops });
const view = (fields: Partial<Header>): View => ({ header: header(fields), cards: [], asks: [] });

it('begins with an empty view, on which frame 1 builds', () => {
  store.load('');
  frame(1, status('running'));
  expect(store.state).toMatchObject({ seq: 1, view: { header: { status: 'running' } } });
});

it('begins with the snapshot of the trait where there is one', () => {
  store.load(JSON.stringify({ seq: 7, at: 990, view: view({ status: 'running' }) }));
  frame(7, status('failed'));
  frame(8, ['header', { thread_id: 't' }]);
  expect(store.state).toMatchObject({
    seq: 8,
    view: { header: { status: 'running', thread_id: 't' } },
  });
});

it('says hello with what it has', () => {
  store.load(JSON.stringify({ seq: 7, at: 990, view: view({}) }));
  store.hello();
  expect(sent).toEqual([{ op: 'hello', have: 7 }]);
});

it('drops what it has already', () => {
  frame(1, status('running'));
  frame(1, status('failed'));
  expect(store.state.view.header.status).toBe('running');
  expect(sent).toEqual([]);
});

it('asks once after a gap and waits for the snapshot', () => {
  frame(1, status('running'));
  frame(3, status('failed'));
  frame(4, status('failed'));
  expect(sent).toEqual([{ op: 'resync', have: 1 }]);
  expect(store.state.view.header.status).toBe('running');
  store.receive({ op: 'snapshot', seq: 4, at: time, view: view({ status: 'interrupted' }) });
  frame(5, ['header', { thread_id: 't' }]);
  expect(store.state).toMatchObject({ seq: 5, view: { header: { status: 'interrupted' } } });
  expect(sent).toHaveLength(1);
});

it('asks again when the answer seems to be lost too', () => {
  frame(2, status('running'));
  time += 6;
  frame(3, status('running'));
  expect(sent).toHaveLength(2);
});

it('takes an operation that does not fit for a gap', () => {
  frame(1, ['append', 'nowhere', 'text', 'x']);
  expect(sent).toEqual([{ op: 'resync', have: 0 }]);
});

it('ignores a snapshot that is older than what it has', () => {
  frame(1, status('running'));
  frame(2, status('completed'));
  store.receive({ op: 'snapshot', seq: 1, at: time, view: view({ status: 'running' }) });
  expect(store.state.view.header.status).toBe('completed');
});

it('does not redraw for a snapshot of what it shows', () => {
  frame(1, ['card', card('message', 'a', { text: 'x' })]);
  const before = store.state.view;
  store.receive({ op: 'snapshot', seq: 1, at: time, view: structuredClone(before) });
  expect(store.state.view).toBe(before);
});

it('tells views at most once per drawing', () => {
  let told = 0;
  const stop = store.watch(() => told++);
  frame(1, status('running'));
  frame(2, status('completed'));
  expect([told, draws.length]).toEqual([0, 1]);
  draws.pop()?.();
  expect(told).toBe(1);
  stop();
  frame(3, status('failed'));
  draws.pop()?.();
  expect(told).toBe(1);
});

it('measures the skew of the clocks by the message that was least late', () => {
  store.receive({ op: 'frame', seq: 1, at: 940, ops: [] });
  store.receive({ op: 'frame', seq: 2, at: 938, ops: [] });
  expect(store.state.skew).toBe(60);
});

it('counts only frames that say something as news', () => {
  frame(1, status('running'));
  time += 20;
  frame(2);
  expect(store.state.newsAt).toBe(1000);
  frame(3, status('running'));
  expect(store.state.newsAt).toBe(1020);
});

it('takes a turn for over when the kernel is gone, until it hears from it again', () => {
  frame(1, status('running'));
  store.lost();
  expect(isOver(store.state)).toBe(true);
  store.receive({ op: 'snapshot', seq: 1, at: time, view: view({ status: 'running' }) });
  expect(isOver(store.state)).toBe(false);
});

it('is deaf while a hello waits for its answer, which frames are not', () => {
  const deaf = () => isDeaf(store.state, time);
  store.hello();
  time += 3;
  expect(deaf()).toBe(false);
  time += 1;
  expect(deaf()).toBe(true);
  frame(1, status('running'));
  store.load(JSON.stringify({ seq: 2, at: time, view: view({ status: 'running' }) }));
  expect(deaf()).toBe(true);
  store.hello();
  expect(deaf()).toBe(true);
  store.receive({ op: 'snapshot', seq: 2, at: time, view: view({ status: 'running' }) });
  expect(deaf()).toBe(false);
  store.hello();
  time += 4;
  expect(deaf()).toBe(true);
  store.receive({ op: 'reply', ref: 1, error: null });
  expect(deaf()).toBe(false);
});

it('is stale when a running turn gives no sign of life', () => {
  frame(1, status('running'));
  time += 12;
  expect(staleFor(store.state, time)).toBe(0);
  frame(2);
  time += 12.5;
  expect(staleFor(store.state, time)).toBe(12);
  frame(3, status('completed'));
  time += 60;
  expect(staleFor(store.state, time)).toBe(0);
});

it('resolves a command with what the kernel replied to it', async () => {
  const refused = store.command({ op: 'steer', text: 'a' });
  const done = store.command({ op: 'steer', text: 'b' });
  store.receive({ op: 'reply', ref: 2, error: null });
  store.receive({ op: 'reply', ref: 1, error: 'No.' });
  expect(await Promise.all([refused, done])).toEqual(['No.', null]);
});
