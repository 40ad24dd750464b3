// What the benchmarks see of a page: when something was painted, and how much came over the wire.
// Added to a page before its own scripts. Knows JupyterLab's cells and channel; of the panel only
// its class, and for `held` that it is Preact's and is given a store.

window.probe = (() => {
  const clock = () => performance.timeOrigin + performance.now();

  // ---- the wire: what comes from the kernel, by the length of its payload

  let bytes = 0;
  const lengthOf = (data) => (typeof data === 'string' ? new Blob([data]).size : data.byteLength);
  window.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address);
      if (!this.url.includes('/channels')) return;
      this.addEventListener('message', ({ data }) => {
        bytes += lengthOf(data);
      });
    }
  };

  // ---- the screen: the newest number in a cell's output, looked for behind each frame

  const NUMBER = /n(\d{7})/g;
  // Far more than there is of buttons and labels behind the text.
  const NODES = 100;

  function newestIn(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    let node = walker.lastChild();
    for (let looked = 0; node && looked < NODES; looked++, node = walker.previousNode()) {
      const numbers = node.data.slice(-200).match(NUMBER);
      if (numbers) return Number(numbers.at(-1).slice(1));
    }
    return -1;
  }

  const output = (cell) =>
    document.querySelectorAll('.jp-Notebook .jp-Cell')[cell]?.querySelector('.jp-OutputArea');

  let watched = null;

  /** Looks at a cell's output from now on, until another is watched. */
  function watch(cell) {
    const now = { numbers: [], times: [], newest: -1, spent: 0, frames: 0, panelAt: null };
    watched = now;
    bytes = 0;
    // A message posted in a frame is delivered behind it, when the page has been painted.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      const at = clock();
      const root = output(cell);
      if (!root) return;
      now.frames++;
      const newest = newestIn(root);
      if (newest > now.newest) {
        now.newest = newest;
        now.numbers.push(newest);
        now.times.push(at);
      }
      if (now.panelAt === null && root.querySelector('.cdx-panel')?.checkVisibility()) {
        now.panelAt = at;
      }
      now.spent += clock() - at;
    };
    const frame = () => {
      if (watched !== now) return;
      port2.postMessage(null);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  let pressedAt = null;
  addEventListener(
    'keydown',
    ({ timeStamp }) => {
      pressedAt = performance.timeOrigin + timeStamp;
    },
    true,
  );

  function seen() {
    const { numbers, times, spent, frames, panelAt } = watched;
    return { numbers, times, spent, frames, panelAt, pressedAt, bytes };
  }

  // ---- what the panel holds, on the page or not

  function storeIn(node) {
    if (node?.props?.store) return node.props.store;
    for (const child of node?.__k ?? []) {
      const store = storeIn(child);
      if (store) return store;
    }
    return null;
  }

  /** The text of the panel's last card: its length and its SHA-256. */
  async function held(cell) {
    const panel = output(cell).querySelector('.cdx-panel');
    const card = storeIn(panel.parentElement.__k).state.view.cards.at(-1);
    const text = new TextEncoder().encode(String(card.kind === 'command' ? card.output : card.text));
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
    const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0'));
    return { length: text.length, sha256: hex.join('') };
  }

  return { watch, seen, held, newest: () => watched.newest };
})();
