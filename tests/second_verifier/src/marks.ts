// Marks, which are bytes held by elements: of rankings and of texts (docs/spec/ballot.md, "Marks").

import { concat, equal, fromUtf8, need, pieces, refuse } from "./bytes.ts";
import { type Element, element, encode } from "./group.ts";
import { type MarkContest } from "./manifest.ts";
import { isAllowed, normalise } from "./texts.ts";

const PIECE = 30;

/** The encodings that could hold a piece, in their order: the last byte counts slower than the first. */
function* candidates(piece: Uint8Array): Generator<Uint8Array> {
  for (let last = 0; last < 128; last++) {
    for (let first = 0; first < 256; first += 2) yield concat(Uint8Array.of(first), piece, Uint8Array.of(last));
  }
}

const held = new Map<string, Uint8Array>();

/** The encoding of the element that holds a piece. */
function holding(piece: Uint8Array): Uint8Array {
  const name = Buffer.from(piece).toString("latin1");
  const known = held.get(name);
  if (known !== undefined) return known;
  for (const encoded of candidates(piece)) {
    try {
      element(encoded);
    } catch {
      continue;
    }
    if (held.size < 10_000) held.set(name, encoded);
    return encoded;
  }
  return refuse("no element holds these bytes");
}

export function embed(mark: Uint8Array, width: number): Element[] {
  const padded = concat(Uint8Array.of(mark.length), mark, new Uint8Array(PIECE * width - 1 - mark.length));
  return pieces(padded, PIECE).map((piece) => element(holding(piece)));
}

/** The bytes that the elements of a row hold. */
export function extract(points: Element[]): Uint8Array {
  const data = concat(
    ...points.map((point) => {
      const encoded = encode(point);
      const piece = encoded.subarray(1, 31);
      need(!point.is0() && equal(holding(piece), encoded), "an element holds nothing");
      return piece;
    }),
  );
  const end = 1 + data[0];
  need(end <= data.length && data.subarray(end).every((byte) => byte === 0), "the elements hold no mark");
  return data.subarray(1, end);
}

/** Refuses bytes that are no mark of the contest. */
export function checkMark(contest: MarkContest, mark: Uint8Array): void {
  if (contest.kind === "ranking") {
    if (mark.length === 0 && contest.allow_blank) return;
    need(mark.every((place) => place < contest.options.length), "an option is ranked that there is not");
    need(new Set(mark).size === mark.length, "an option is ranked twice");
    need(mark.length >= contest.minimum && mark.length <= contest.maximum, "too few or too many are ranked");
    return;
  }
  need(mark.length <= contest.max_bytes, "the text is too long");
  if (mark.length === 0 && contest.allow_blank) return;
  const text = fromUtf8(mark);
  need(isAllowed(text), "a character of the text is refused");
  need(normalise(text) !== "", "the text is empty");
}
