// What markdown looks like: the only file that turns the agent's text into elements.
// Text from the agent is hostile. There is no HTML here to sanitise: blocks and inlines become elements
// one by one, with attributes written below and no others, and HTML in the text is shown as the text
// it is. So nothing of the agent's ever reaches an HTML parser.

import { Component, type ComponentChildren } from 'preact';
import { Highlighted } from './components/Highlighted.tsx';
import { visible } from './core/plain.ts';
import { inlinesOf } from './markdown/inline.ts';
import type { Block, Inline, Links, List, Span } from './markdown/tree.ts';

// Addresses that may be opened, in a new tab that cannot reach back.
const OPENABLE = /^(?:https?:\/\/|mailto:)/i;

// Images that come with the text; anything else would tell a stranger who is reading.
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z\d+/=\s]+$/i;

interface Props {
  block: Block;
  links: Links;
}

/** One block. Drawn again only when it is another one. */
export class MarkdownBlock extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    return next.block !== this.props.block || next.links !== this.props.links;
  }

  override render({ block, links }: Props) {
    switch (block.type) {
      case 'heading':
        return drawHeading(block.level, drawText(block.text, links));
      case 'paragraph':
        return <p>{drawText(block.text, links)}</p>;
      case 'quote':
        return <blockquote>{drawBlocks(block.children, links)}</blockquote>;
      case 'list':
        return drawList(block, drawBlocks(block.children, links));
      case 'item': {
        const { done } = block;
        return (
          <li class={done === undefined ? undefined : 'cdx-md-task'}>
            {done !== undefined && (
              <input type="checkbox" checked={done} disabled aria-label="Task" />
            )}
            {drawBlocks(block.children, links)}
          </li>
        );
      }
      case 'code':
        return drawCode(<Highlighted text={block.text} language={block.language} />);
      case 'html':
        return drawCode(visible(block.text.trimEnd()));
      case 'math':
        return <pre class="cdx-pre cdx-md-math">{visible(block.text.trimEnd())}</pre>;
      case 'table':
        return drawTable(block, links);
      case 'rule':
        return <hr />;
      default:
        return null;
    }
  }
}

function drawBlocks(blocks: readonly Block[], links: Links): ComponentChildren {
  return blocks.map((block, at) => <MarkdownBlock key={at} block={block} links={links} />);
}

function drawText(text: string, links: Links): ComponentChildren {
  return drawInlines(inlinesOf(text, links));
}

function drawInlines(inlines: readonly Inline[]): ComponentChildren {
  return inlines.map(drawInline);
}

function drawInline(inline: Inline): ComponentChildren {
  if (typeof inline === 'string') return visible(inline);
  switch (inline.type) {
    case 'code':
      return <code>{visible(inline.text)}</code>;
    case 'math':
      return <span class="cdx-md-math">{visible(inline.text)}</span>;
    case 'break':
      return <br />;
    case 'strong':
      return <strong>{drawInlines(inline.children)}</strong>;
    case 'em':
      return <em>{drawInlines(inline.children)}</em>;
    case 'del':
      return <del>{drawInlines(inline.children)}</del>;
    case 'link':
      return drawLink(inline);
    case 'image':
      return drawImage(inline);
  }
}

function drawHeading(level: number, children: ComponentChildren) {
  // The notebook's own headings come first: a message never begins a chapter of it.
  if (level === 1) return <h3>{children}</h3>;
  if (level === 2) return <h4>{children}</h4>;
  if (level === 3) return <h5>{children}</h5>;
  return <h6>{children}</h6>;
}

function drawList({ start, loose }: List, children: ComponentChildren) {
  const spacing = loose ? undefined : 'cdx-md-tight';
  if (start === null) return <ul class={spacing}>{children}</ul>;
  return (
    <ol class={spacing} start={start}>
      {children}
    </ol>
  );
}

function drawCode(children: ComponentChildren) {
  return (
    <pre class="cdx-pre cdx-code">
      <code>{children}</code>
    </pre>
  );
}

function drawTable({ align, rows }: Block & { type: 'table' }, links: Links) {
  const [head = [], ...body] = rows;
  const cells = (row: string[], Cell: 'th' | 'td') =>
    row.map((cell, at) => (
      <Cell class={align[at] ? `cdx-md-${align[at]}` : undefined}>{drawText(cell, links)}</Cell>
    ));
  return (
    <div class="cdx-md-wide">
      <table>
        <thead>
          <tr>{cells(head, 'th')}</tr>
        </thead>
        <tbody>
          {body.map((row) => (
            <tr>{cells(row, 'td')}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function drawLink({ href = '', children }: Span) {
  // Agents cite files as links; such a path means nothing to the page that the notebook is on.
  if (!OPENABLE.test(href)) {
    return (
      <span class="cdx-md-path" title={visible(href)}>
        {drawInlines(children)}
      </span>
    );
  }
  return (
    <a href={href} title={visible(href)} target="_blank" rel="noopener noreferrer nofollow">
      {drawInlines(children)}
    </a>
  );
}

function drawImage({ href = '', children }: Span) {
  const alt = visible(wordsOf(children));
  if (IMAGE.test(href)) return <img class="cdx-md-image" src={href} alt={alt} />;
  return <span class="cdx-md-path">[image not loaded: {alt || 'no description'}]</span>;
}

function wordsOf(inlines: readonly Inline[]): string {
  return inlines
    .map((inline) => {
      if (typeof inline === 'string') return inline;
      if ('text' in inline) return inline.text;
      return 'children' in inline ? wordsOf(inline.children) : ' ';
    })
    .join('');
}
