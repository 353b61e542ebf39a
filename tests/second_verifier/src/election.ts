// An election: the manifest, its id, and what follows from it for ballots (docs/spec/manifest.md, docs/spec/ballot.md).

import { need } from "./bytes.ts";
import { digitsOfLine, entrySizes, totals, widthOf } from "./capacity.ts";
import { type Element, G } from "./group.ts";
import { tagged } from "./hashing.ts";
import { type Contest, type Manifest, choices, isLines, isMixed, isSummed, lineIds } from "./manifest.ts";
import { issuingKey } from "./rsa.ts";
import { type Clause, type Line, type Shape, shape } from "./sigma.ts";

/** What is mixed together: the ciphertexts of a contest's line, from the place `first` of the contest's on. */
export interface Batch {
  contest: Contest;
  plan: Plan;
  line: string;
  width: number;
  first: number;
}

/** A contest as ballots hold it. */
export interface Plan {
  contest: Contest;
  lines: string[];
  width: number;
  /** All ciphertexts, of every line. */
  size: number;
  /** The weights of each choice in the ciphertexts of a line; none for marks. */
  weights: bigint[][];
  branches: Shape[];
  sums: Shape[];
}

/** The weight of every choice in every ciphertext. */
function weightsOf(contest: Contest, capacity: number): bigint[][] {
  if (!isLines(contest)) return [];
  const base = BigInt(capacity) + 1n;
  const digits = digitsOfLine(contest, capacity);
  return choices(contest).map((_, choice) =>
    digits.map((_, at) => {
      const place = choice - 1 - at * digits[0];
      return place >= 0 && place < digits[0] ? base ** BigInt(place) : 0n;
    }),
  );
}

/** One branch: the line's choice has these weights. */
function branch(weights: bigint[]): Shape {
  const lines = weights.flatMap((weight, at): Line[] => [
    { image: [[2 + 2 * at, 1n]], terms: [[at, 0, 1n]] },
    { image: [[3 + 2 * at, 1n], [0, -weight]], terms: [[at, 1, 1n]] },
  ]);
  return shape(weights.length, lines);
}

/** One branch: so many options are approved. */
function total(options: number, approved: number): Shape {
  const places = Array.from({ length: options }, (_, at) => 2 + 2 * at);
  return shape(1, [
    { image: places.map((place): [number, bigint] => [place, 1n]), terms: [[0, 0, 1n]] },
    { image: [...places.map((place): [number, bigint] => [place + 1, 1n]), [0, -BigInt(approved)]], terms: [[0, 1, 1n]] },
  ]);
}

/** The randomness of every ciphertext of a mark is known. */
function known(width: number): Shape {
  return shape(width, Array.from({ length: width }, (_, at): Line => ({ image: [[1 + at, 1n]], terms: [[at, 0, 1n]] })));
}

function planOf(contest: Contest, capacity: number): Plan {
  const lines = lineIds(contest);
  const width = widthOf(contest, capacity);
  const weights = weightsOf(contest, capacity);
  const branches = isLines(contest) ? weights.map(branch) : [known(width)];
  const sums = totals(contest).map((approved) => total(lines.length, approved));
  return { contest, lines, width, size: lines.length * width, weights, branches, sums };
}

/** The clauses of a contest's proof over its ciphertexts: A, B, A, B, … as elements and as bytes. */
export function clauses(plan: Plan, key: Element, encodedKey: Uint8Array, points: Element[], data: Uint8Array): Clause[] {
  if (!isLines(plan.contest)) {
    const pads = points.filter((_, at) => at % 2 === 0);
    const encoded = Buffer.concat(pads.map((_, at) => data.subarray(64 * at, 64 * at + 32)));
    return [{ branches: plan.branches, points: [G, ...pads], encoded }];
  }
  const over = (from: number, to: number, branches: Shape[]): Clause => ({
    branches,
    points: [G, key, ...points.slice(2 * from, 2 * to)],
    encoded: Buffer.concat([encodedKey, data.subarray(64 * from, 64 * to)]),
  });
  const out = plan.lines.map((_, at) => over(at * plan.width, (at + 1) * plan.width, plan.branches));
  if (plan.sums.length > 0) out.push(over(0, plan.size, plan.sums));
  return out;
}

export class Election {
  readonly manifest: Manifest;
  readonly id: Uint8Array;
  readonly plans: Plan[];
  readonly batches: Batch[];
  readonly #sizes: Map<string, number>;

  constructor(manifest: Manifest, body: Uint8Array) {
    this.manifest = manifest;
    this.id = tagged("election-id", body);
    this.plans = manifest.contests.map((contest) => planOf(contest, manifest.capacity));
    this.#sizes = entrySizes(manifest, manifest.registrars.map((registrar) => issuingKey(registrar.key).bits / 8));
    this.batches = this.plans
      .filter((plan) => isMixed(plan.contest))
      .flatMap((plan) =>
        plan.lines.map((line, at) => ({ contest: plan.contest, plan, line, width: plan.width, first: at * plan.width })),
      );
  }

  /** Refuses an entry of more than twice the bytes that one of its kind has in this election. */
  checkSize(kind: string, bytes: number): void {
    need(bytes <= 2 * (this.#sizes.get(kind) ?? bytes), "an entry is larger than those of its kind");
  }

  /** The contests that are added up. */
  get summed(): Plan[] {
    return this.plans.filter((plan) => isSummed(plan.contest));
  }

  /** The contests that are tallied in both ways. */
  get twice(): Plan[] {
    return this.summed.filter((plan) => isMixed(plan.contest));
  }

  /** The contests with outcome rules. */
  get ruled(): Plan[] {
    return this.plans.filter(({ contest }) => isLines(contest) && contest.rules.length > 0);
  }

  /** A trustee's index, from 1; 0 for one whom the manifest does not name. */
  trusteeIndex(id: string): number {
    return this.manifest.trustees.findIndex((trustee) => trustee.id === id) + 1;
  }
}
