// Which ballots count, their sums, and the trustees' shares of these (docs/spec/tally.md).

import { concat, equal, join, need, pieces } from "./bytes.ts";
import { digitsOfLine } from "./capacity.ts";
import { type Election, type Plan } from "./election.ts";
import { type Element, G, Q, ZERO, elements, encode, hold, mod, times } from "./group.ts";
import { logarithm } from "./logarithm.ts";
import { type ContestResult, type Records } from "./records.ts";
import { type Line, shape, simple } from "./sigma.ts";
import { session } from "./transcript.ts";

/** A ballot that counts: the ciphertexts of its contests. */
type Held = Uint8Array[];

/** The ballots so far, of which one counts for each ballot key, in the order of the log. */
export class Ballots {
  readonly #revoting: "first" | "last";
  readonly #held = new Map<string, Held>();

  constructor({ manifest }: Election) {
    this.#revoting = manifest.revoting;
  }

  take(key: string, ciphertexts: Held): void {
    if (this.#held.has(key) && this.#revoting === "first") return;
    // Behind all others.
    this.#held.delete(key);
    this.#held.set(key, ciphertexts);
  }

  get size(): number {
    return this.#held.size;
  }

  all(): Held[] {
    return [...this.#held.values()];
  }
}

interface Ciphertext {
  A: Element;
  B: Element;
}

/** Of a modular inverse by Fermat. */
function inverse(value: bigint): bigint {
  let out = 1n;
  let base = mod(value);
  for (let exponent = Q - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) out = (out * base) % Q;
    base = (base * base) % Q;
  }
  return out;
}

/** The coefficients of the shares of these indices. */
export function lambdas(indices: number[]): Map<number, bigint> {
  return new Map(
    indices.map((i) => {
      const others = indices.filter((j) => j !== i);
      const over = others.reduce((product, j) => mod(product * BigInt(j)), 1n);
      return [i, mod(over * inverse(others.reduce((product, j) => mod(product * BigInt(j - i)), 1n)))];
    }),
  );
}

/** The encrypted tally. */
export class Tally {
  readonly #election: Election;
  readonly root: Uint8Array;
  readonly collected: number;
  readonly #sums: Ciphertext[];
  /** By trustees' indices. */
  readonly shares = new Map<number, Element[]>();

  constructor(election: Election, root: Uint8Array, ballots: Held[]) {
    this.#election = election;
    this.root = root;
    this.collected = ballots.length;
    const empty = { A: ZERO, B: ZERO };
    this.#sums = election.plans.flatMap((plan, place) => {
      if (!election.summed.includes(plan)) return [];
      return ballots.reduce(
        (sums, ballot) => {
          const points = elements(ballot[place]);
          return sums.map(({ A, B }, at) => ({ A: A.add(points[2 * at]), B: B.add(points[2 * at + 1]) }));
        },
        new Array<Ciphertext>(plan.size).fill(empty),
      );
    });
  }

  /** Whether there is something to decrypt. */
  get isNeeded(): boolean {
    return this.collected > 0 && this.#sums.length > 0;
  }

  /** The elements of a share that holds. */
  checkShare({ trustee, basis, shares, proof }: Records["decryption-share"], verification: Element): Element[] {
    need(this.isNeeded, "there is nothing to decrypt");
    need(!this.shares.has(this.#election.trusteeIndex(trustee)), "the trustee has posted a share");
    need(equal(basis, this.root), "the share is of another log");
    const m = this.#sums.length;
    need(shares.length === 32 * m, "the shares have another length");
    const D = elements(shares);
    const pads = this.#sums.map(({ A }) => A);
    need(pads.every((pad) => !pad.is0()), "a sum of pads is the identity");
    const lines: Line[] = [{ image: [[1, 1n]], terms: [[0, 0, 1n]] }];
    for (let j = 0; j < m; j++) lines.push({ image: [[m + 2 + j, 1n]], terms: [[0, 2 + j, 1n]] });
    const encoded = concat(encode(verification), ...pads.map(encode), shares);
    const context = session("decryption-proof", this.#election.id, trustee, this.root);
    need(hold(simple(shape(1, lines), [G, verification, ...pads, ...D], encoded, context, proof)), "the proof of a share does not hold");
    return D;
  }

  /** The counts of a line: blank as the count of choice 0 where that has no name. */
  #line(plan: Plan, at: number, first: number, lambda: Map<number, bigint>, published: number[]): number[] {
    const base = this.#election.manifest.capacity + 1;
    const out: number[] = [];
    digitsOfLine(plan.contest, base - 1).forEach((digits, place) => {
      const own = published.slice(out.length, out.length + digits);
      const guess = own.length === digits ? own.reduceRight((total, digit) => total * base + digit, 0) : null;
      out.push(...this.#digits(first + at * plan.width + place, digits, lambda, guess));
    });
    return out;
  }

  #digits(place: number, digits: number, lambda: Map<number, bigint>, guess: number | null): number[] {
    const base = this.#election.manifest.capacity + 1;
    if (this.collected === 0) return new Array<number>(digits).fill(0);
    const V = [...lambda].reduce((rest, [i, factor]) => rest.subtract(times(factor, this.shares.get(i)![place])), this.#sums[place].B);
    let value = logarithm(V, base ** digits, guess);
    return Array.from({ length: digits }, () => {
      const digit = value % base;
      value = Math.floor(value / base);
      return digit;
    });
  }

  /** The counts of the choices from place 1 on, for each line of each contest that is added up. The published counts are guesses. */
  counts(contests: ContestResult[]): Map<Plan, number[][]> {
    const { quorum } = this.#election.manifest;
    const lambda = lambdas([...this.shares.keys()].slice(0, quorum));
    const out = new Map<Plan, number[][]>();
    let first = 0;
    for (const plan of this.#election.summed) {
      const published = contests.find((contest) => contest.id === plan.contest.id);
      const blank = plan.contest.kind === "approval" || plan.contest.allow_blank;
      const guesses = plan.lines.map((_, at) => {
        const counts = published?.kind === "lines" ? (published.lines[at]?.counts ?? []) : [];
        return blank ? counts : counts.slice(1);
      });
      out.set(plan, plan.lines.map((_, at) => this.#line(plan, at, first, lambda, guesses[at])));
      first += plan.size;
    }
    return out;
  }
}

/** The rows of a batch as they were cast. */
export function rowsOf(ballots: Held[], contest: number, first: number, width: number): Uint8Array {
  return join(ballots.flatMap((ballot) => pieces(ballot[contest], 64).slice(first, first + width)));
}
