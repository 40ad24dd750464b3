// The program's door: takes the model that the loader hands it, and gives the panel of its kind.
// Beside the loader the only file that touches the model. One store per model; each view only
// watches it. Everything goes up by `send`: on ipykernel 7.4 the second and later `save_changes`
// never arrive (research/kernel.md).

import { render as draw, h } from 'preact';
import { Panel } from './components/Panel.tsx';
import { TurnStore } from './core/store.ts';
import type { FromKernel, ToKernel } from './core/types.ts';
import type { Face, Model } from './loader.ts';

/** The kinds of panels, by what the trait `face` calls them. */
const FACES: Record<string, (model: Model) => Face> = { turn };

/** The loader calls this once per model. */
export default function start(model: Model): Face {
  const make = FACES[model.get('face')];
  if (!make) throw new Error(`there is no panel of the kind ${model.get('face')}`);
  return make(model);
}

function turn(model: Model): Face {
  const store = new TurnStore({
    send: (message) => send(model, message),
    now: () => Date.now() / 1000,
    schedule: (redraw) => requestAnimationFrame(redraw),
  });
  const close = connect(model, store);
  return {
    close,
    render(el) {
      const root = document.createElement('div');
      el.append(root);
      draw(h(Panel, { store }), root);
      return () => {
        draw(null, root);
        root.remove();
      };
    },
  };
}

function connect(model: Model, store: TurnStore): () => void {
  const onMessage = (message: FromKernel) => store.receive(message);
  const onSnapshot = () => store.load(model.get('snapshot'));
  const onCommChange = () => {
    if (!model.comm_live) store.lost();
    // The event does not say which way the change went: if the kernel lives, its answer will.
    store.hello();
  };
  onSnapshot();
  model.on('msg:custom', onMessage);
  model.on('change:snapshot', onSnapshot);
  model.on('comm_live_update', onCommChange);
  store.hello();
  return () => {
    model.off('msg:custom', onMessage);
    model.off('change:snapshot', onSnapshot);
    model.off('comm_live_update', onCommChange);
  };
}

function send(model: Model, message: ToKernel): void {
  try {
    model.send(message);
  } catch {
    // The kernel is dead, and the channel says so to whoever tries to use it. `lost` shows it.
  }
}
