// An image that a tool gave back: small at first, as large as there is room for on request.

import { useState } from 'preact/hooks';

export function Picture({ url, name }: { url: string; name: string }) {
  const [large, setLarge] = useState(false);
  const [broken, setBroken] = useState(false);
  if (broken) return <p class="cdx-quiet cdx-picture-broken">{name} cannot be shown.</p>;
  return (
    <button
      type="button"
      class="cdx-picture"
      aria-expanded={large}
      title={large ? 'Smaller' : 'Larger'}
      onClick={() => setLarge(!large)}
    >
      <img src={url} alt={name} onError={() => setBroken(true)} />
    </button>
  );
}
