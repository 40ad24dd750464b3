// What anywidget imports for each panel: takes the panel's program from wherever it is, once per
// page, and hands the model over to it. Knows the channel and the page's styles; nothing of what is
// shown. It travels with every panel, so it is small: `build.mjs` has its budget.

import type { AnyModel } from '@anywidget/types';

interface Texts {
  js: string;
  css: string;
}

export interface Traits {
  face: string;
  program_id: string;
  program: Texts | null;
  snapshot: string;
}

export type Model = AnyModel<Traits> & { comm_live?: boolean };

/** A model's panel, as the program shows it; any number of views of it may be drawn. */
export interface Face {
  /** Draws a view; returns how to take it away. */
  render(el: HTMLElement): () => void;
  close(): void;
}

/** The program's default export. */
export type Start = (model: Model) => Face;

// The channel drops messages silently, and a kernel may be busy.
const AGAIN_AFTER = 5000;

/** A program of one version, shared by all panels of the page that are drawn by it. */
class Program {
  css = '';
  askedAt = 0;
  readonly started: Promise<Start>;
  private resolve!: (texts: Texts) => void;

  constructor(load: Import) {
    this.started = new Promise<Texts>((resolve) => {
      this.resolve = resolve;
    }).then(async ({ js, css }) => {
      this.css = css;
      return (await load(js)).default;
    });
  }

  take(texts: Texts): void {
    this.askedAt = Number.POSITIVE_INFINITY;
    this.resolve(texts);
  }
}

type Import = (js: string) => Promise<{ default: Start }>;

const fromText: Import = async (js) => {
  const url = URL.createObjectURL(new Blob([js], { type: 'text/javascript' }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  return module;
};

/** anywidget calls this once per model. */
export default function loader(load = fromText) {
  let id: string;
  let program: Program;
  let face: Promise<Face | undefined>;
  return {
    // Does not wait: until it has returned anywidget delivers no message, and after two seconds it
    // never will.
    initialize({ model }: { model: Model }): () => void {
      // Found by a name, because each panel's loader is a module of its own.
      const page = globalThis as { [key: symbol]: Map<string, Program> | undefined };
      const key = Symbol.for('codex-notebook');
      const programs = page[key] ?? new Map<string, Program>();
      page[key] = programs;
      id = model.get('program_id');
      program = programs.get(id) ?? new Program(load);
      programs.set(id, program);
      const brought = model.get('program');
      if (brought) program.take(brought);

      const hear = (message: { op: string } & Texts) => {
        if (message.op === 'program') program.take(message);
      };
      const ask = () => {
        if (Date.now() - program.askedAt < AGAIN_AFTER) return;
        program.askedAt = Date.now();
        try {
          model.send({ op: 'program' });
        } catch {
          // The kernel is dead; the views say what they wait for.
        }
      };
      model.on('msg:custom', hear);
      ask();
      // Whoever asked may be gone before it is answered, so all that wait look after it.
      const asking = setInterval(ask, 1000);

      let closed = false;
      const settle = () => {
        clearInterval(asking);
        model.off('msg:custom', hear);
      };
      face = program.started.then((start) => (closed ? undefined : start(model)));
      face.catch(() => undefined);
      program.started.then(settle, () => {
        settle();
        // Another panel may bring a sound one.
        if (programs.get(id) === program) programs.delete(id);
      });
      return () => {
        closed = true;
        settle();
        face.then(
          (known) => known?.close(),
          () => undefined,
        );
      };
    },

    async render({ el }: { el: HTMLElement }): Promise<() => void> {
      const words = document.createElement('div');
      el.append(words);
      const late = setTimeout(() => {
        words.textContent = 'Waiting for the kernel to send this panel…';
      }, AGAIN_AFTER);
      try {
        const known = await face;
        dress(el, id, program.css);
        const clear = known?.render(el);
        words.remove();
        return clear ?? (() => undefined);
      } catch (error) {
        words.textContent = `This panel cannot be shown: ${error}`;
        return () => words.remove();
      } finally {
        clearTimeout(late);
      }
    },
  };
}

/** Puts the program's styles where they reach `el`, unless they are there. */
function dress(el: HTMLElement, id: string, css: string): void {
  const root = el.getRootNode();
  // Before JupyterLab attaches a view, its root is no document.
  const place = root instanceof ShadowRoot ? root : el.ownerDocument.head;
  const name = `codex-notebook-${id}`;
  if (place.querySelector(`.${name}`)) return;
  const style = document.createElement('style');
  style.className = name;
  style.textContent = css;
  place.append(style);
}
