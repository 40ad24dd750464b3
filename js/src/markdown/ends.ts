// Where in a text something that was begun ends: code, maths, a comment. What was sought in vain is not
// sought again, and what was found is gone on from; so asking from each place costs one look at all.

export class Ends {
  readonly #found = new Map<string, number>();

  constructor(private readonly text: string) {}

  /** Where `end` is from `from` on, which only grows; -1 if nowhere. */
  find(end: string, from: number): number {
    const known = this.#found.get(end);
    if (known !== undefined && (known < 0 || known >= from)) return known;
    let at = this.text.indexOf(end, from);
    while (at >= 0 && !this.#isWhole(end, at)) at = this.text.indexOf(end, at + 1);
    this.#found.set(end, at);
    return at;
  }

  #isWhole(end: string, at: number): boolean {
    const left = this.text[at - 1] ?? '';
    const right = this.text[at + end.length] ?? '';
    // A run of just that length.
    if (end[0] === '`') return left !== '`' && right !== '`';
    // As pandoc has it: what ends with a space, or goes on with a digit, is money.
    return end !== '$' || (!/[\s\\$]/.test(left) && !/[\d$]/.test(right));
  }
}
