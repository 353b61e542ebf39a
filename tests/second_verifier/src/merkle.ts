// The Merkle tree of RFC 6962, as it grows (docs/spec/board.md).

import { sha256 } from "./hashing.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export class Tree {
  size = 0;
  /** The roots of the perfect trees that the entries fall into, the largest first, with how many entries each is of. */
  #roots: { of: number; root: Uint8Array }[] = [];

  append(entry: Uint8Array): void {
    this.size += 1;
    let last = { of: 1, root: sha256(LEAF, entry) };
    while (this.#roots.at(-1)?.of === last.of) {
      const left = this.#roots.pop()!;
      last = { of: 2 * last.of, root: sha256(NODE, left.root, last.root) };
    }
    this.#roots.push(last);
  }

  root(): Uint8Array {
    if (this.size === 0) return sha256();
    return this.#roots.map(({ root }) => root).reduceRight((right, left) => sha256(NODE, left, right));
  }
}
