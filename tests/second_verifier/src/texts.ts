// Texts that voters write: which are refused, and which are one (docs/spec/ballot.md and docs/spec/tally.md, "Marks").

import { FOLDED, REFUSED, UNASSIGNED } from "./tables.ts";

function* ranges(table: string): Generator<{ first: number; last: number; step: number; to: number[] }> {
  for (const word of table.trim().split(/\s+/)) {
    const [from, to = ""] = word.split(">");
    const [range, step = "1"] = from.split("/");
    const [first, last = first] = range.split("-").map((point) => parseInt(point, 16));
    yield { first, last, step: Number(step), to: to === "" ? [] : to.split("+").map((point) => parseInt(point, 16)) };
  }
}

const refused = new Set<number>();
for (const { first, last } of [...ranges(UNASSIGNED), ...ranges(REFUSED)]) {
  for (let point = first; point <= last; point++) refused.add(point);
}

const folded = new Map<number, string>();
for (const { first, last, step, to } of ranges(FOLDED)) {
  for (let point = first; point <= last; point += step) {
    folded.set(point, to.length === 1 ? String.fromCodePoint(to[0] + point - first) : String.fromCodePoint(...to));
  }
}

/** What Corrigendum 4 changed after Unicode 3.2: it is normalised as before. */
const BEFORE_CORRIGENDUM_4 = new Map([
  [0x2f868, 0x2136a],
  [0x2f874, 0x5f33],
  [0x2f91f, 0x43ab],
  [0x2f95f, 0x7aae],
  [0x2f9bf, 0x4d57],
]);

const points = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);

export function isAllowed(text: string): boolean {
  return points(text).every((point) => !refused.has(point));
}

export function normalise(text: string): string {
  const mapped = points(text).map((point) => folded.get(point) ?? String.fromCodePoint(BEFORE_CORRIGENDUM_4.get(point) ?? point));
  return mapped.join("").normalize("NFKC").split(" ").filter((word) => word !== "").join(" ");
}

/** Orders texts by their code points. */
export function byCodePoints(one: string, other: string): number {
  const [left, right] = [points(one), points(other)];
  const at = left.findIndex((point, place) => point !== right[place]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at] - right[at] : 1;
}
