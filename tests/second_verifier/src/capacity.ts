// How large everything may become: digits, ciphertexts, ballots, entries and work (docs/spec/manifest.md, "Capacity").

import { need } from "./bytes.ts";
import { type Contest, type Manifest, type MarkContest, choices, countNames, isLines, isMixed, isSummed, lineIds } from "./manifest.ts";

const MOST_SUM = 2 ** 34;
const MOST_ENTRY = 8_388_608;

/** How many digits to the base M a ciphertext bears. */
export function digitsOf(capacity: number): number {
  let digits = 0;
  while ((capacity + 1) ** (digits + 1) <= MOST_SUM) digits += 1;
  need(digits >= 1, "the capacity is too large");
  return digits;
}

/** The digits of each ciphertext of a line. */
export function digitsOfLine(contest: Contest, capacity: number): number[] {
  if (!isLines(contest)) return [];
  const most = digitsOf(capacity);
  const needed = choices(contest).length - 1;
  const width = Math.ceil(needed / most);
  return Array.from({ length: width }, (_, at) => Math.min(most, needed - at * most));
}

export function markSize(contest: MarkContest): number {
  return contest.kind === "ranking" ? contest.maximum : contest.max_bytes;
}

/** The ciphertexts of a line, or of a mark. */
export function widthOf(contest: Contest, capacity: number): number {
  return isLines(contest) ? digitsOfLine(contest, capacity).length : Math.ceil((1 + markSize(contest)) / 30);
}

/** The numbers of options that may be approved. */
export function totals(contest: Contest): number[] {
  if (contest.kind !== "approval") return [];
  const { minimum, maximum, allow_blank: blank } = contest;
  const out = Array.from({ length: maximum - minimum + 1 }, (_, at) => minimum + at);
  return blank && minimum > 0 ? [0, ...out] : out;
}

function clause(branches: number, equations: number, scalars: number): number {
  return 32 * (branches * equations + branches - 1 + branches * scalars);
}

function contestSize(contest: Contest, capacity: number): number {
  const width = widthOf(contest, capacity);
  if (!isLines(contest)) return 128 * width;
  const line = 64 * width + clause(choices(contest).length, 2 * width, width);
  const sum = contest.kind === "approval" ? clause(totals(contest).length, 2, 1) : 0;
  return lineIds(contest).length * line + sum;
}

const blobLength = (size: number): number => Math.ceil((4 * size) / 3);
const blob = (size: number): string => "A".repeat(blobLength(size));
const length = (value: unknown): number => JSON.stringify(value).length;

/** The bytes of a signed entry around its body. */
const AROUND = 8 + 14 + 86 + 2;

function head(kind: string): Record<string, unknown> {
  return { record: `secretballot/1/${kind}`, election: blob(32) };
}

function largestOpening(contest: Contest): number[] {
  switch (contest.kind) {
    case "ranking":
      return new Array<number>(contest.maximum).fill(contest.options.length - 1);
    case "write_in":
      return new Array<number>(contest.max_bytes).fill(255);
    default:
      return lineIds(contest).map(() => choices(contest).length - 1);
  }
}

function resultSize(contest: Contest, capacity: number): number {
  if (isLines(contest)) {
    const line = {
      id: "",
      counts: countNames(contest).map(() => capacity),
      blank: capacity,
      outcomes: contest.rules.map((rule) => rule.id),
    };
    const ids = lineIds(contest);
    return length({ kind: "lines", id: contest.id, lines: [] }) + ids.reduce((size, id) => size + id.length + length(line) + 1, 0);
  }
  const size = length({ id: contest.id, lines: [] }) + 21_000;
  if (contest.kind === "write_in") return size + 1000 * (2 * contest.max_bytes + 60);
  const n = contest.options.length;
  const ids = contest.options.reduce((total, option) => total + option.id.length + 3, 0);
  const each = {
    borda: 20 * n,
    irv: n * (20 * n + 200),
    stv: 2 * (n + 1) * (20 * n + 300) + 3 * ids,
    schulze: 20 * n * n + ids,
  };
  return contest.methods.reduce((total, method) => total + 200 + each[method], size);
}

/** The bytes of the largest entry of each kind, as signed entries. */
export function entrySizes({ contests, capacity }: Manifest, moduli: number[]): Map<string, number> {
  const ciphertexts = contests.map((contest) => lineIds(contest).length * widthOf(contest, capacity));
  const ballot = JSON.stringify({
    ...head("ballot"),
    credential: { key: blob(32), signatures: moduli.map((size) => blob(32 + size)) },
    contests: contests.map(({ id }, at) => ({
      id,
      ciphertexts: blob(64 * ciphertexts[at]),
      proof: blob(contestSize(contests[at], capacity) - 64 * ciphertexts[at]),
    })),
  });
  const openings = contests.map((contest, at) => ({
    id: contest.id,
    choices: largestOpening(contest),
    randomness: blob(32 * ciphertexts[at]),
  }));
  const result = length({ ...head("result"), collected: capacity, roll: capacity, below_minimum_group: false, contests: [] });
  const sizes = new Map<string, number>();
  const reckon = (kind: string, body: number): unknown => sizes.set(kind, body + AROUND);
  reckon("ballot", ballot.length);
  reckon("challenged-ballot", length({ ...head("challenged-ballot"), ballot, openings }));
  reckon("result", contests.reduce((size, contest) => size + resultSize(contest, capacity), result + contests.length - 1));
  const summed = contests.reduce((total, contest, at) => total + (isSummed(contest) ? ciphertexts[at] : 0), 0);
  const name = "a".repeat(64);
  if (summed > 0) {
    const share = { ...head("decryption-share"), trustee: name, basis: blob(32) };
    reckon("decryption-share", length({ ...share, shares: blob(32 * summed), proof: blob(32 * (summed + 2)) }));
  }
  const batches = contests
    .filter(isMixed)
    .flatMap(({ id }, _, mixed) => lineIds(mixed.find((one) => one.id === id)!).map((line) => ({ contest: id, line })))
    .map((batch) => ({ ...batch, digest: blob(32), size: Number.MAX_SAFE_INTEGER }));
  if (batches.length > 0) {
    const round = length({ ...head("mix-round"), mixer: name, round: 255, basis: blob(32), batches });
    reckon("mix-round", round);
    reckon("line-share", round + 7);
  }
  return sizes;
}

/** Refuses a manifest whose ballots, entries, attachments or work would be too large. */
export function checkSizes(manifest: Manifest, moduli: number[]): void {
  const { contests, capacity } = manifest;
  let size = 0;
  let terms = 0;
  let outcomes = 0;
  let steps = 0;
  for (const contest of contests) {
    size += contestSize(contest, capacity);
    if (contest.kind === "approval") terms += totals(contest).length * contest.options.length;
    if (isLines(contest)) outcomes += lineIds(contest).length * contest.rules.length;
    if (isSummed(contest)) {
      const line = digitsOfLine(contest, capacity).map((digits) => Math.ceil(Math.sqrt((capacity + 1) ** digits)));
      steps += lineIds(contest).length * line.reduce((total, each) => total + each, 0);
    }
    if (isMixed(contest)) {
      const width = widthOf(contest, capacity);
      need(capacity * (64 * width + 160) + 32 * (6 + 3 * width) <= 2 ** 28, "an attachment would be too large");
    }
  }
  need(size <= 4_194_304, "a ballot would be too large");
  need(terms <= 65_536, "there are too many totals of too many options");
  need(outcomes <= 100_000, "there are too many rules for too many lines");
  need(steps <= 67_108_864, "the counts would take too long to find");
  need([...entrySizes(manifest, moduli).values()].every((each) => each <= MOST_ENTRY), "an entry would be too large");
}
