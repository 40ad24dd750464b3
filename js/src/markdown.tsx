// What markdown looks like: the only file that turns the agent's text into elements.
// Text from the agent is hostile. There is no HTML here to sanitise: tokens become elements one by
// one, with attributes written below and no others, and HTML in the text is shown as the text it is.
// So nothing of the agent's ever reaches an HTML parser.

import type { MarkedToken, Token, Tokens } from 'marked';
import { Component, type ComponentChildren } from 'preact';
import { decodeEntities } from './core/entities.ts';
import { visible } from './core/plain.ts';

// Deeper than people write, and far from where drawing exhausts the stack.
const DEEPEST = 24;

// Addresses that may be opened, in a new tab that cannot reach back.
const OPENABLE = /^(?:https?:\/\/|mailto:)/i;

// Images that come with the text; anything else would tell a stranger who is reading.
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z\d+/=\s]+$/i;

/** One top-level block. Drawn again only when its token is another one. */
export class MarkdownBlock extends Component<{ token: Token }> {
  override shouldComponentUpdate(next: { token: Token }): boolean {
    return next.token !== this.props.token;
  }

  override render() {
    return draw(this.props.token, 0);
  }
}

function drawAll(tokens: readonly Token[] | undefined, depth: number): ComponentChildren {
  return tokens?.map((token) => draw(token, depth + 1));
}

function draw(any: Token, depth: number): ComponentChildren {
  const token = any as MarkedToken;
  if (depth > DEEPEST) return token.raw;
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading':
      return drawHeading(token, depth);
    case 'paragraph':
      return <p>{drawAll(token.tokens, depth)}</p>;
    case 'blockquote':
      return <blockquote>{drawAll(token.tokens, depth)}</blockquote>;
    case 'list':
      return drawList(token, depth);
    case 'checkbox':
      return <input type="checkbox" checked={token.checked} disabled aria-label="Task" />;
    case 'code':
      return <CodeBlock text={token.text} />;
    case 'table':
      return drawTable(token, depth);
    case 'hr':
      return <hr />;
    case 'html':
      return token.block ? <CodeBlock text={token.text.trimEnd()} /> : token.text;
    case 'strong':
      return <strong>{drawAll(token.tokens, depth)}</strong>;
    case 'em':
      return <em>{drawAll(token.tokens, depth)}</em>;
    case 'del':
      return <del>{drawAll(token.tokens, depth)}</del>;
    case 'codespan':
      return <code>{visible(token.text)}</code>;
    case 'br':
      return <br />;
    case 'link':
      return drawLink(token, depth);
    case 'image':
      return drawImage(token);
    case 'escape':
      return token.text;
    case 'text':
      return token.tokens ? drawAll(token.tokens, depth) : readable(token.text);
    default:
      return (token as Token).raw;
  }
}

/** Text as markdown means it: references read, and what they spell kept from turning the line. */
function readable(text: string): string {
  return visible(decodeEntities(text));
}

function drawHeading({ depth: level, tokens }: Tokens.Heading, depth: number) {
  const children = drawAll(tokens, depth);
  // The notebook's own headings come first: a message never begins a chapter of it.
  if (level === 1) return <h3>{children}</h3>;
  if (level === 2) return <h4>{children}</h4>;
  if (level === 3) return <h5>{children}</h5>;
  return <h6>{children}</h6>;
}

function drawList({ ordered, start, items }: Tokens.List, depth: number) {
  const children = items.map(({ task, tokens }) => (
    <li class={task ? 'cdx-md-task' : undefined}>{drawAll(tokens, depth)}</li>
  ));
  return ordered ? <ol start={Number(start) || 1}>{children}</ol> : <ul>{children}</ul>;
}

function drawTable({ header, rows }: Tokens.Table, depth: number) {
  const side = ({ align }: Tokens.TableCell) => (align ? `cdx-md-${align}` : undefined);
  return (
    <div class="cdx-md-wide">
      <table>
        <thead>
          <tr>
            {header.map((cell) => (
              <th class={side(cell)}>{drawAll(cell.tokens, depth)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td class={side(cell)}>{drawAll(cell.tokens, depth)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CodeBlock({ text }: { text: string }) {
  return (
    <pre class="cdx-pre cdx-code">
      <code>{visible(text)}</code>
    </pre>
  );
}

function drawLink({ href, tokens, autolink }: Tokens.Link, depth: number) {
  const address = autolink ? href : decodeEntities(href);
  const children = drawAll(tokens, depth);
  // Agents cite files as links; such a path means nothing to the page that the notebook is on.
  if (!OPENABLE.test(address)) {
    return (
      <span class="cdx-md-path" title={visible(address)}>
        {children}
      </span>
    );
  }
  return (
    <a href={address} title={visible(address)} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function drawImage({ href, text }: Tokens.Image) {
  const alt = readable(text);
  if (IMAGE.test(href)) return <img class="cdx-md-image" src={href} alt={alt} />;
  return <span class="cdx-md-path">[image not loaded: {alt || 'no description'}]</span>;
}
