// A line of markdown while it is read from the left. Indentation counts in columns, of which a tab
// has up to four and may be taken in parts.

export class Line {
  /** What is read already, in characters and in columns. */
  #at = 0;
  #column = 0;
  /** Columns of a tab that is read in part. */
  #owed = 0;

  constructor(readonly text: string) {}

  /** How far the next character that is no space is, in columns. */
  get indent(): number {
    let at = this.#at;
    let column = this.#column;
    for (; ; at++) {
      const c = this.text[at];
      if (c === ' ') column++;
      else if (c === '\t') column += 4 - (column % 4);
      else return column - this.#column;
    }
  }

  get blank(): boolean {
    return !this.rest;
  }

  /** What is not read yet, from the first character that is no space. */
  get rest(): string {
    let at = this.#at;
    while (this.text[at] === ' ' || this.text[at] === '\t') at++;
    return this.text.slice(at);
  }

  /** What is not read yet, with its indentation. */
  get all(): string {
    return ' '.repeat(this.#owed) + this.text.slice(this.#owed ? this.#at + 1 : this.#at);
  }

  /** Whether a space or tab comes next; at the end there is none. */
  get spaced(): boolean {
    return this.indent > 0;
  }

  /** Reads up to so many columns of space. */
  skip(columns: number): void {
    for (; columns > 0; columns--) {
      const c = this.text[this.#at];
      if (c !== ' ' && c !== '\t') return;
      this.#column++;
      this.#owed = c === '\t' ? 3 - ((this.#column - 1) % 4) : 0;
      if (!this.#owed) this.#at++;
    }
  }

  /** Reads the space before the next character, and so many characters. */
  take(characters: number): void {
    this.skip(this.indent);
    this.#at += characters;
    this.#column += characters;
  }
}
