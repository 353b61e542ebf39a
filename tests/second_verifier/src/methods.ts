// How rankings are counted (docs/spec/tally.md, "Methods"). Options are their places among the contest's.

import { compare } from "./bytes.ts";
import { tagged } from "./hashing.ts";

/** How often each ranking was given. */
export type Profile = { ranking: number[]; votes: number }[];

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** What decides among options that tie. */
export class Lots {
  readonly #lots: Uint8Array[];
  #rounds: number[][] = [];

  constructor(election: Uint8Array, root: Uint8Array, contest: string, options: string[]) {
    this.#lots = options.map((option) => tagged("lot", election, root, contest, option));
  }

  begin(): void {
    this.#rounds = [];
  }

  remember(votes: number[]): void {
    this.#rounds.push(votes);
  }

  /** Who has the most, with 1 for `sign`, or the fewest, with -1; and whether the lot told. */
  choose(among: number[], votes: number[], sign: number): [number, boolean] {
    let left = among;
    for (const round of [votes, ...[...this.#rounds].reverse()]) {
      const best = Math.max(...left.map((option) => sign * round[option]));
      left = left.filter((option) => sign * round[option] === best);
    }
    const drawn = [...left].sort((one, other) => sign * compare(this.#lots[one], this.#lots[other]));
    return [drawn[0], left.length > 1];
  }
}

export function borda(profile: Profile, n: number): number[] {
  const points = new Array<number>(n).fill(0);
  for (const { ranking, votes } of profile) {
    for (let option = 0; option < n; option++) {
      const place = ranking.indexOf(option);
      points[option] += votes * (place < 0 ? n - 1 - ranking.length : 2 * (n - 1 - place));
    }
  }
  return points;
}

export interface Round {
  votes: number[];
  exhausted: number;
  excluded: number | null;
  by_lot: boolean;
}

export function irv(profile: Profile, n: number, lots: Lots): { rounds: Round[]; winner: number | null } {
  lots.begin();
  const left = new Set(Array.from({ length: n }, (_, option) => option));
  const rounds: Round[] = [];
  for (;;) {
    const votes = new Array<number>(n).fill(0);
    let exhausted = 0;
    for (const { ranking, votes: number } of profile) {
      const first = ranking.find((option) => left.has(option));
      if (first === undefined) exhausted += number;
      else votes[first] += number;
    }
    const standing = [...left];
    const total = sum(votes);
    const winner = standing.find((option) => 2 * votes[option] > total) ?? (left.size === 1 ? standing[0] : null);
    if (winner !== null || total === 0) {
      rounds.push({ votes, exhausted, excluded: null, by_lot: false });
      return { rounds, winner: total === 0 ? null : winner };
    }
    const [excluded, byLot] = lots.choose(standing, votes, -1);
    rounds.push({ votes, exhausted, excluded, by_lot: byLot });
    lots.remember(votes);
    left.delete(excluded);
  }
}

export interface Stage {
  votes: number[];
  lost: number;
  elected: number[];
  passed_on: number | null;
  excluded: boolean;
  by_lot: boolean;
}

const UNIT = 100_000;

export function stv(profile: Profile, n: number, seats: number, lots: Lots): { quota: number; stages: Stage[]; elected: number[] } {
  lots.begin();
  const voted = sum(profile.map(({ votes }) => votes));
  const quota = UNIT * (Math.floor(voted / (seats + 1)) + 1);
  const stages: Stage[] = [];
  const elected: number[] = [];
  if (voted === 0) return { quota, stages, elected };
  const left = new Set(Array.from({ length: n }, (_, option) => option));
  /** Elected, with a surplus that is not passed on. */
  const waiting = new Set<number>();
  const papers = profile.map(({ ranking, votes }) => ({ ranking, number: votes, value: UNIT, holder: ranking[0] as number | null }));
  for (;;) {
    const votes = Array.from({ length: n }, (_, option) =>
      elected.includes(option) && !waiting.has(option)
        ? quota
        : sum(papers.filter((paper) => paper.holder === option).map((paper) => paper.number * paper.value)),
    );
    const byVotes = (one: number, other: number): number => votes[other] - votes[one] || one - other;
    const now = [...left].filter((option) => votes[option] >= quota).sort(byVotes);
    for (const option of now) {
      left.delete(option);
      waiting.add(option);
    }
    elected.push(...now);
    if (left.size <= seats - elected.length) {
      const rest = [...left].sort(byVotes);
      left.clear();
      elected.push(...rest);
      now.push(...rest);
    }
    const lost = UNIT * voted - sum(votes);
    if (elected.length >= seats || left.size === 0) {
      stages.push({ votes, lost, elected: now, passed_on: null, excluded: false, by_lot: false });
      return { quota, stages, elected };
    }
    const excluded = waiting.size === 0;
    const [option, byLot] = lots.choose([...(excluded ? left : waiting)], votes, excluded ? -1 : 1);
    stages.push({ votes, lost, elected: now, passed_on: option, excluded, by_lot: byLot });
    lots.remember(votes);
    left.delete(option);
    waiting.delete(option);
    for (const paper of papers.filter(({ holder }) => holder === option)) {
      // The product can be above 2^53.
      if (!excluded) paper.value = Number((BigInt(votes[option] - quota) * BigInt(paper.value)) / BigInt(votes[option]));
      paper.holder = paper.ranking.find((each) => left.has(each)) ?? null;
    }
  }
}

export function schulze(profile: Profile, n: number): { above: number[][]; order: number[][]; winner: number | null } {
  const options = Array.from({ length: n }, (_, option) => option);
  const place = (ranking: number[], option: number): number => (ranking.includes(option) ? ranking.indexOf(option) : n);
  const above = options.map((i) =>
    options.map((j) => sum(profile.map(({ ranking, votes }) => (place(ranking, i) < place(ranking, j) ? votes : 0)))),
  );
  const path = options.map((i) => options.map((j) => (above[i][j] > above[j][i] ? above[i][j] : 0)));
  for (const k of options) {
    for (const i of options) {
      for (const j of options) path[i][j] = Math.max(path[i][j], Math.min(path[i][k], path[k][j]));
    }
  }
  const beaten = options.map((i) => options.filter((j) => j !== i && path[j][i] > path[i][j]).length);
  const groups = [...new Set(beaten)].sort((one, other) => one - other);
  return {
    above,
    order: groups.map((group) => options.filter((option) => beaten[option] === group)),
    winner: options.find((i) => options.every((j) => i === j || above[i][j] > above[j][i])) ?? null,
  };
}
