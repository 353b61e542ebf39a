// The integer v below a bound with V = v G, by baby steps and giant steps.

import { refuse } from "./bytes.ts";
import { type Element, G, ZERO, encode, times } from "./group.ts";

const text = (point: Element): string => Buffer.from(encode(point)).toString("latin1");
const baby = new Map<string, number>();
let next = ZERO;

/** The guess is tried first; a wrong one costs time alone. */
export function logarithm(V: Element, below: number, guess: number | null): number {
  if (guess !== null && guess >= 0 && guess < below && times(BigInt(guess), G).equals(V)) return guess;
  const steps = Math.ceil(Math.sqrt(below));
  while (baby.size < steps) {
    baby.set(text(next), baby.size);
    next = next.add(G);
  }
  const size = baby.size;
  const giant = times(-BigInt(size), G);
  let point = V;
  for (let at = 0; at < below; at += size) {
    const found = baby.get(text(point));
    if (found !== undefined && at + found < below) return at + found;
    point = point.add(giant);
  }
  return refuse("a sum is of no counts");
}
