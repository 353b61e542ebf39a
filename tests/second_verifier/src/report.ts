// The rules with what was checked of each, their status, and the verdict (docs/spec/rules.md).

import { Refusal } from "./bytes.ts";
import { type Election } from "./election.ts";
import { isMixed } from "./manifest.ts";

export const RULES = [
  ...["M1", "M2", "M3", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "K1", "K2", "K3", "K4", "K5"],
  ...["C1", "C2", "C3", "B1", "B2", "B3", "H1", "H2", "X1", "X2", "X3", "T1", "T2", "T3", "T4", "T5"],
] as const;
export type Rule = "M1" | "M2" | "M3" | `L${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}` | `K${1 | 2 | 3 | 4 | 5}` | `${"C" | "B" | "X"}${1 | 2 | 3}` | "H1" | "H2" | `T${1 | 2 | 3 | 4 | 5}`;

export type Status = "passed" | "failed" | "not run" | "not applicable";
export type Verdict = "verified" | "failed" | "incomplete";

export interface Report {
  verdict: Verdict;
  rules: { id: string; status: Status; checked: number; failed: number }[];
}

/** What a record is, as far as the statuses depend on it. */
export interface Facts {
  election: Election | null;
  announced: boolean;
  pinned: boolean;
  cosigners: boolean;
  phase: string;
  ended: boolean;
  ballots: number;
  challenges: number;
  complaints: number;
}

export class Findings {
  readonly #checked = new Map<string, number>();
  readonly #failed = new Map<string, number>();
  /** What failed, in words. */
  readonly words: string[] = [];

  pass(rule: Rule, count = 1): void {
    this.#checked.set(rule, this.checked(rule) + count);
  }

  fail(rule: Rule, item: string, why: unknown, count = 1): void {
    this.pass(rule, Math.max(1, count));
    this.#failed.set(rule, this.failed(rule) + 1);
    // Whatever broke a check, it has not passed.
    const reason = why instanceof Refusal ? why.message : `the check broke down: ${String(why)}`;
    if (this.words.length < 1000) this.words.push(`${rule}: ${item}: ${reason}`);
  }

  /** Whether the check passed. */
  run(rule: Rule, item: string, check: () => void, count = 1): boolean {
    try {
      check();
    } catch (error) {
      this.fail(rule, item, error, count);
      return false;
    }
    this.pass(rule, count);
    return true;
  }

  checked(rule: string): number {
    return this.#checked.get(rule) ?? 0;
  }

  failed(rule: string): number {
    return this.#failed.get(rule) ?? 0;
  }

  report(facts: Facts): Report {
    const rules = RULES.map((id) => ({
      id,
      status: this.#status(id, facts),
      checked: this.checked(id),
      failed: this.failed(id),
    }));
    const has = (status: Status): boolean => rules.some((rule) => rule.status === status);
    return { verdict: has("failed") ? "failed" : has("not run") ? "incomplete" : "verified", rules };
  }

  #status(rule: Rule, facts: Facts): Status {
    if (this.failed(rule) > 0) return "failed";
    if (this.checked(rule) === 0) return unchecked(rule, facts);
    const inSetup = facts.phase === "setup" && facts.election !== null && ["K1", "K2", "K3"].includes(rule);
    return inSetup && this.checked(rule) < facts.election!.manifest.trustees.length ? "not run" : "passed";
  }
}

/** The status of a rule without items. */
function unchecked(rule: Rule, { election, announced, pinned, cosigners, ended, ballots, challenges, complaints }: Facts): Status {
  const among = (...rules: Rule[]): boolean => rules.includes(rule);
  if (among("M3") && !announced) return "not applicable";
  if (among("L6") && !pinned) return "not applicable";
  if (among("L7") && !cosigners) return "not applicable";
  if (election === null || !ended) return "not run";
  const absent =
    (among("X1", "X2", "X3") && !election.manifest.contests.some(isMixed)) ||
    (among("T5") && election.twice.length === 0) ||
    (among("T4") && election.ruled.length === 0) ||
    (among("T1") && election.summed.length === 0) ||
    (among("K5") && complaints === 0) ||
    (among("H1", "H2") && challenges === 0) ||
    (among("B2") && ballots + challenges === 0) ||
    (among("C1", "C2", "C3", "B1", "B3", "T1", "T5", "X1", "X2", "X3") && ballots === 0);
  return absent ? "not applicable" : "not run";
}
