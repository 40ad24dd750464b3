// The program's door: takes the model that the loader hands it, and gives the panel of its kind.
// Beside the loader the only file that touches the model. One store per model; each view only
// watches it. Everything goes up by `send`: on ipykernel 7.4 the second and later `save_changes`
// never arrive (research/kernel.md).

import { type ComponentChild, render as draw, h } from 'preact';
import { Panel } from './components/Panel.tsx';
import { TurnStore } from './core/store.ts';
import type { FromKernel, ToKernel } from './core/types.ts';
import { Inspector } from './inspector/Inspector.tsx';
import { InspectorStore } from './inspector/store.ts';
import type { FromKept, ToKept } from './inspector/types.ts';
import type { Face, Model } from './loader.ts';

/** The kinds of panels, by what the trait `face` calls them. */
const FACES: Record<string, (model: Model) => Face> = { turn, inspector };

/** The loader calls this once per model. */
export default function start(model: Model): Face {
  const make = FACES[model.get('face')];
  if (!make) throw new Error(`there is no panel of the kind ${model.get('face')}`);
  return make(model);
}

const CLOCK = {
  now: () => Date.now() / 1000,
  schedule: (redraw: () => void) => {
    requestAnimationFrame(redraw);
  },
};

function turn(model: Model): Face {
  const store = new TurnStore({ ...CLOCK, send: (message) => send(model, message) });
  const onSnapshot = () => store.load(model.get('snapshot'));
  onSnapshot();
  model.on('change:snapshot', onSnapshot);
  const disconnect = connect(model, store);
  const close = () => {
    model.off('change:snapshot', onSnapshot);
    disconnect();
  };
  return { close, render: (el) => drawn(el, h(Panel, { store })) };
}

function inspector(model: Model): Face {
  const store = new InspectorStore({ ...CLOCK, send: (message) => send(model, message) });
  return { close: connect(model, store), render: (el) => drawn(el, h(Inspector, { store })) };
}

function drawn(el: HTMLElement, view: ComponentChild): () => void {
  const root = document.createElement('div');
  el.append(root);
  draw(view, root);
  return () => {
    draw(null, root);
    root.remove();
  };
}

interface Store {
  receive: (message: never) => void;
  lost: () => void;
  hello: () => void;
}

function connect(model: Model, store: Store): () => void {
  const onMessage = (message: FromKernel | FromKept) => store.receive(message as never);
  const onCommChange = () => {
    if (!model.comm_live) store.lost();
    // The event does not say which way the change went: if the kernel lives, its answer will.
    store.hello();
  };
  model.on('msg:custom', onMessage);
  model.on('comm_live_update', onCommChange);
  store.hello();
  return () => {
    model.off('msg:custom', onMessage);
    model.off('comm_live_update', onCommChange);
  };
}

function send(model: Model, message: ToKernel | ToKept): void {
  try {
    model.send(message);
  } catch {
    // The kernel is dead, and the channel says so to whoever tries to use it. `lost` shows it.
  }
}
