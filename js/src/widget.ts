// The panel's door to the notebook: the only file that touches the anywidget model.
// One store per model, made in `initialize`; each view only watches it. Everything goes up by
// `send`: on ipykernel 7.4 the second and later `save_changes` never arrive (research/kernel.md).

import type { AnyModel, InitializeProps, RenderProps } from '@anywidget/types';
import { render as draw, h } from 'preact';
import { Panel } from './components/Panel.tsx';
import { TurnStore } from './core/store.ts';
import type { FromKernel, ToKernel } from './core/types.ts';

interface Traits {
  snapshot: string;
}

type Model = AnyModel<Traits> & { comm_live?: boolean };

/** anywidget calls this once per model. */
export default function widget() {
  let store: TurnStore;
  return {
    initialize({ model }: Pick<InitializeProps<Traits>, 'model'>) {
      store = new TurnStore({
        send: (message) => send(model, message),
        now: () => Date.now() / 1000,
        schedule: (redraw) => requestAnimationFrame(redraw),
      });
      return connect(model, store);
    },

    render({ el }: Pick<RenderProps<Traits>, 'el'>) {
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
