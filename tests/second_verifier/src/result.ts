// The result that follows from ballots and shares, and how a published one compares with it (docs/spec/tally.md; T2 to T5).

import { need, refuse } from "./bytes.ts";
import { type Election, type Plan } from "./election.ts";
import { type LineContest, isLines } from "./manifest.ts";
import { type Mixing, key } from "./mixing.ts";
import { countChoices, lineResult, markResult } from "./outcomes.ts";
import { type ContestResult, type Result } from "./records.ts";
import { ofG } from "./sigma.ts";
import { type Tally, lambdas } from "./tally.ts";

export class Counting {
  readonly #election: Election;
  readonly #sealed: Tally | null;
  readonly #mixed: Mixing | null;
  readonly #published: Result;
  #expected: ContestResult[] | null = null;

  /** `tally` and `mixing` are null where the ballots were not sealed, and `mixing` where there is no election key. */
  constructor(election: Election, tally: Tally | null, mixing: Mixing | null, published: Result) {
    this.#election = election;
    this.#sealed = tally;
    this.#mixed = mixing;
    this.#published = published;
  }

  get #tally(): Tally {
    return this.#sealed ?? refuse("the ballots were not sealed");
  }

  get #mixing(): Mixing {
    return this.#mixed ?? refuse("the ballots were not sealed, or there is no election key");
  }

  /** T2. */
  checkQuorum(): void {
    const { quorum } = this.#election.manifest;
    need(!this.#tally.isNeeded || this.#tally.shares.size >= quorum, "there are fewer shares of the sums than a quorum");
    need(this.#mixing.needed === 0 || this.#mixing.shares.size >= quorum, "there are fewer shares of the lines than a quorum");
  }

  /** The result of a contest by its mixed lines. */
  #byLines(plan: Plan): ContestResult {
    const lambda = lambdas([...this.#mixing.shares.keys()].slice(0, this.#election.manifest.quorum));
    const { contest } = plan;
    const first = this.#election.batches.findIndex((batch) => batch.plan === plan);
    const rows = (at: number) => this.#mixing.decrypt(first + at, lambda);
    if (!isLines(contest)) return markResult(this.#election, this.#tally.root, contest, rows(0));
    const keys = plan.weights.map((weights) => key(weights.map(ofG)));
    return this.#lines(contest, plan.lines.map((_, at) => countChoices(plan, keys, rows(at).map(key))));
  }

  #lines(contest: LineContest, counts: number[][]): ContestResult {
    const ids = this.#election.plans.find((plan) => plan.contest === contest)!.lines;
    const lines = ids.map((id, at) => lineResult(this.#election, contest, id, counts[at], this.#tally.collected));
    return { kind: "lines", id: contest.id, lines };
  }

  #compute(): ContestResult[] {
    if (this.#expected === null) {
      this.checkQuorum();
      const sums = this.#tally.counts(this.#published.contests);
      // One contest whose lines cannot be counted leaves none that is only mixed with counts.
      if (this.#election.plans.length > sums.size) this.#election.twice.forEach((plan) => this.#byLines(plan));
      this.#expected = this.#election.plans.map((plan) => {
        const counts = sums.get(plan);
        return counts === undefined ? this.#byLines(plan) : this.#lines(plan.contest as LineContest, counts);
      });
    }
    return this.#expected;
  }

  /** T3. */
  checkCounts(): void {
    const { manifest } = this.#election;
    const expected = this.#compute();
    const { collected, roll, below_minimum_group: below, contests } = this.#published;
    need(collected === this.#tally.collected && roll === manifest.roll_size, "another number of ballots counts");
    need(below === collected < manifest.minimum_group, "below_minimum_group is wrong");
    need(JSON.stringify(contests.map(counted)) === JSON.stringify(expected.map(counted)), "the counts are others");
  }

  /** T4. */
  checkOutcomes(): void {
    if (this.#election.ruled.length === 0) {
      need(this.#published.contests.map(outcomes).every((lines) => lines.every((line) => line.length === 0)), "an outcome has no rule");
      return;
    }
    const expected = this.#compute().map(outcomes);
    need(JSON.stringify(this.#published.contests.map(outcomes)) === JSON.stringify(expected), "an outcome does not follow");
  }

  /** T5. */
  checkBothWays(): void {
    const sums = this.#compute();
    for (const plan of this.#election.twice) {
      const one = sums[this.#election.plans.indexOf(plan)];
      need(JSON.stringify(one) === JSON.stringify(this.#byLines(plan)), "sums and mixed lines give different counts");
    }
  }

  /** The items of T3, T4 and T5, where so many ballots count. */
  items(collected: number): { T3: number; T4: number; T5: number } {
    const lines = (among: Plan[]): number =>
      this.#published.contests
        .filter((contest) => among.some((plan) => plan.contest.id === contest.id))
        .reduce((total, contest) => total + (contest.kind === "lines" ? contest.lines.length : 0), 0);
    const all = this.#published.contests.map((contest) => (contest.kind === "lines" ? contest.lines.length : collected));
    return {
      T3: Math.max(1, all.reduce((total, each) => total + each, 0)),
      T4: lines(this.#election.ruled),
      T5: collected > 0 ? lines(this.#election.twice) : 0,
    };
  }
}

/** A contest without what follows from its counts, and without words. */
function counted(contest: ContestResult): unknown {
  if (contest.kind === "lines") {
    return { ...contest, lines: contest.lines.map(({ id, counts, blank }) => ({ id, counts, blank })) };
  }
  return { ...contest, invalid_lines: contest.invalid_lines.map(({ line }) => line) };
}

function outcomes(contest: ContestResult): string[][] {
  return contest.kind === "lines" ? contest.lines.map((line) => line.outcomes) : [];
}
