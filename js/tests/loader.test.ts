// @vitest-environment jsdom
// The loader, with models as anywidget gives them and an import that the test decides.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import loader, { type Face, type Model, type Start } from '../src/loader.ts';

const PROGRAM = { js: 'the program', css: '.cdx-x { color: red }' };
const ID = '0123456789ab';
const programs = () => (globalThis as { [key: symbol]: unknown })[Symbol.for('codex-notebook')];

type Handler = (message: unknown) => void;

/** A panel's model, the loader that anywidget imports for it, and what both of them do. */
class Panel {
  readonly sent: unknown[] = [];
  readonly handlers = new Set<Handler>();
  readonly module;
  readonly model: Model;
  stop: () => void = () => undefined;

  constructor(load: ReturnType<typeof page>, program: typeof PROGRAM | null = null, id = ID) {
    const traits = { face: 'turn', program_id: id, program, snapshot: '' };
    this.model = {
      get: (name: keyof typeof traits) => traits[name],
      send: (message: unknown) => this.sent.push(message),
      on: (_: string, handler: Handler) => this.handlers.add(handler),
      off: (_: string, handler: Handler) => this.handlers.delete(handler),
    } as unknown as Model;
    this.module = loader(load.load);
    this.stop = this.module.initialize({ model: this.model });
  }

  receive(message: unknown): void {
    for (const handler of [...this.handlers]) handler(message);
  }

  async show(el = body()): Promise<{ el: HTMLElement; clear: () => void }> {
    return { el, clear: await this.module.render({ el }) };
  }
}

function body(parent: Node = document.body): HTMLElement {
  const el = document.createElement('div');
  parent.appendChild(el);
  return el;
}

/** What is imported on one page: a program that writes its model's face into each view. */
function page() {
  const closed: Model[] = [];
  const start = vi.fn<Start>((model): Face => {
    return {
      render: (el) => {
        el.append(`drawn as ${model.get('face')}`);
        return () => el.replaceChildren();
      },
      close: () => closed.push(model),
    };
  });
  const load = vi.fn(async (_: string) => ({ default: start as Start }));
  return { closed, start, load };
}

const styles = (root: ParentNode = document) =>
  [...root.querySelectorAll('style')].map((style) => style.textContent);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  (programs() as Map<string, unknown>)?.clear();
  document.body.replaceChildren();
  document.head.replaceChildren();
});

describe('a panel that carries the program', () => {
  it('is drawn by it, and asks for nothing', async () => {
    const here = page();
    const panel = new Panel(here, PROGRAM);
    const { el } = await panel.show();
    expect(el.textContent).toBe('drawn as turn');
    expect(here.load.mock.calls).toEqual([[PROGRAM.js]]);
    expect(styles()).toEqual([PROGRAM.css]);
    expect(panel.sent).toEqual([]);
  });

  it('is drawn in every view, and the styles are there once', async () => {
    const here = page();
    const panel = new Panel(here, PROGRAM);
    const [first, second] = [await panel.show(), await panel.show()];
    expect(second.el.innerHTML).toBe(first.el.innerHTML);
    expect(styles()).toHaveLength(1);
    expect(here.start).toHaveBeenCalledTimes(1);
    first.clear();
    expect(first.el.childNodes).toHaveLength(0);
    expect(second.el.textContent).toBe('drawn as turn');
  });

  it('leaves nothing to do once it is closed', async () => {
    const here = page();
    const panel = new Panel(here, PROGRAM);
    await panel.show();
    panel.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(here.closed).toEqual([panel.model]);
    expect(panel.handlers.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a panel without the program', () => {
  it('takes it from the page, where another one left it', async () => {
    const here = page();
    await new Panel(here, PROGRAM).show();
    const later = new Panel(here);
    const { el } = await later.show();
    expect(el.textContent).toBe('drawn as turn');
    expect(later.sent).toEqual([]);
    expect(here.load).toHaveBeenCalledTimes(1);
    expect(styles()).toHaveLength(1);
  });

  it('asks the kernel where the page has none, and asks again', async () => {
    const here = page();
    const panel = new Panel(here);
    const view = panel.show();
    expect(panel.sent).toEqual([{ op: 'program' }]);
    await vi.advanceTimersByTimeAsync(6_500);
    expect(panel.sent).toHaveLength(2);
    panel.receive({ op: 'frame', seq: 1, at: 0, ops: [] });
    expect(here.load).not.toHaveBeenCalled();
    panel.receive({ op: 'program', ...PROGRAM });
    const { el } = await view;
    expect(el.textContent).toBe('drawn as turn');
    // jsdom tells of a loaded style by a timer of its own.
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    panel.receive({ op: 'program', ...PROGRAM });
    expect(here.load).toHaveBeenCalledTimes(1);
  });

  it('says in words what it waits for', async () => {
    const panel = new Panel(page());
    const el = body();
    const view = panel.show(el);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(el.textContent).toContain('Waiting for the kernel');
    panel.receive({ op: 'program', ...PROGRAM });
    await view;
    expect(el.textContent).toBe('drawn as turn');
  });

  it('returns at once, because anywidget delivers nothing before it has', () => {
    const panel = new Panel(page());
    expect(panel.stop).toBeTypeOf('function');
    expect(panel.handlers.size).toBe(1);
  });

  it('is not drawn when it was closed before the program came', async () => {
    const here = page();
    const panel = new Panel(here);
    const view = panel.show();
    const other = new Panel(here);
    panel.stop();
    expect(panel.handlers.size).toBe(0);
    other.receive({ op: 'program', ...PROGRAM });
    expect((await view).el.textContent).toBe('');
    expect(here.start.mock.calls).toEqual([[other.model]]);
  });

  it('survives a channel that throws', async () => {
    const here = page();
    const panel = new Panel(here);
    panel.model.send = () => {
      throw new Error('Kernel is dead');
    };
    await vi.advanceTimersByTimeAsync(12_000);
    panel.receive({ op: 'program', ...PROGRAM });
    expect((await panel.show()).el.textContent).toBe('drawn as turn');
  });
});

describe('several panels without the program', () => {
  it('ask once for all', async () => {
    const here = page();
    const panels = [new Panel(here), new Panel(here), new Panel(here)];
    const views = panels.map((panel) => panel.show());
    expect(panels.flatMap((panel) => panel.sent)).toHaveLength(1);
    panels[0]?.receive({ op: 'program', ...PROGRAM });
    for (const { el } of await Promise.all(views)) expect(el.textContent).toBe('drawn as turn');
    expect(here.load).toHaveBeenCalledTimes(1);
  });

  it('ask in place of one that is gone before it is answered', async () => {
    const here = page();
    const [first, second] = [new Panel(here), new Panel(here)];
    first.stop();
    await vi.advanceTimersByTimeAsync(6_000);
    expect(second.sent).toEqual([{ op: 'program' }]);
  });
});

it('programs of two versions are kept apart', async () => {
  const [old, fresh] = [page(), page()];
  await new Panel(old, PROGRAM).show();
  await new Panel(fresh, { ...PROGRAM, js: 'newer' }, 'another').show();
  expect(old.start).toHaveBeenCalledTimes(1);
  expect(fresh.load.mock.calls).toEqual([['newer']]);
  expect(fresh.start).toHaveBeenCalledTimes(1);
  expect(styles()).toHaveLength(2);
});

it('in a shadow root the styles are put there', async () => {
  const host = body();
  const root = host.attachShadow({ mode: 'open' });
  const panel = new Panel(page(), PROGRAM);
  await panel.show(body(root));
  await panel.show(body(root));
  expect(styles(root)).toEqual([PROGRAM.css]);
  expect(styles()).toEqual([]);
});

it('a view that is not attached yet gets its styles from the document', async () => {
  const panel = new Panel(page(), PROGRAM);
  await panel.show(document.createElement('div'));
  expect(styles()).toEqual([PROGRAM.css]);
});

it('a program that cannot be loaded is said in words, and the next panel may bring a sound one', async () => {
  const broken = page();
  broken.load.mockRejectedValue(new SyntaxError('<b>unexpected</b> end'));
  const panel = new Panel(broken, PROGRAM);
  const { el, clear } = await panel.show();
  expect(el.textContent).toContain('cannot be shown');
  expect(el.textContent).toContain('<b>unexpected</b> end');
  expect(el.querySelector('b')).toBeNull();
  clear();
  expect(el.childNodes).toHaveLength(0);

  const { el: sound } = await new Panel(page(), PROGRAM).show();
  expect(sound.textContent).toBe('drawn as turn');
});

it('a panel that the program refuses is said in words, and the program stays', async () => {
  const here = page();
  here.start.mockImplementationOnce(() => {
    throw new Error('there is no panel of the kind hologram');
  });
  const { el } = await new Panel(here, PROGRAM).show();
  expect(el.textContent).toContain('no panel of the kind hologram');
  expect((await new Panel(here).show()).el.textContent).toBe('drawn as turn');
});
