// What follows from counts: blank, outcomes, and the results of marks (docs/spec/tally.md).

import { need } from "./bytes.ts";
import { type Election, type Plan } from "./election.ts";
import { type LineContest, type MarkContest, type OutcomeRule, choices, countNames, isLines } from "./manifest.ts";
import { checkMark, extract } from "./marks.ts";
import { type Element } from "./group.ts";
import { type Profile, Lots, borda, irv, schulze, stv } from "./methods.ts";
import { type ContestResult, type MethodResult } from "./records.ts";
import { byCodePoints, normalise } from "./texts.ts";

type LineResult = Extract<ContestResult, { kind: "lines" }>["lines"][number];

function holds(rule: OutcomeRule, count: number, collected: number, roll: number): boolean {
  const base = rule.base === "collected" ? collected : roll;
  if (base === 0) return false;
  const left = BigInt(count) * rule.threshold.denominator;
  const right = rule.threshold.numerator * BigInt(base);
  switch (rule.relation) {
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
  }
}

/** A line's result, of the counts of its choices from place 1 on. */
export function lineResult({ manifest }: Election, contest: LineContest, id: string, counted: number[], collected: number): LineResult {
  const first = counted.reduce((rest, count) => rest - count, collected);
  need(first >= 0, "there are more votes than ballots");
  const all = [first, ...counted];
  const hasBlank = choices(contest)[0] === null;
  const counts = hasBlank ? all.slice(1) : all;
  const names = countNames(contest);
  const outcomes = contest.rules.filter((rule) => holds(rule, counts[names.indexOf(rule.count_of)], collected, manifest.roll_size));
  return { id, counts, blank: hasBlank ? all[0] : 0, outcomes: outcomes.map((rule) => rule.id) };
}

/** How often each choice stands in the mixed lines, by the keys of the choices' elements; from place 1 on. */
export function countChoices(plan: Plan, keys: string[], rows: string[]): number[] {
  const counts = plan.weights.map(() => 0);
  for (const row of rows) {
    const choice = keys.indexOf(row);
    need(choice >= 0, "a mixed line is none of the choices");
    counts[choice] += 1;
  }
  return counts.slice(1);
}

/** The lines of a contest of marks, read. */
function read(contest: MarkContest, rows: Element[][]): { marks: Uint8Array[]; blank: number; invalid: number[] } {
  const marks: Uint8Array[] = [];
  const invalid: number[] = [];
  let blank = 0;
  rows.forEach((row, at) => {
    try {
      const mark = extract(row);
      checkMark(contest, mark);
      if (mark.length === 0) blank += 1;
      else marks.push(mark);
    } catch {
      invalid.push(at);
    }
  });
  return { marks, blank, invalid };
}

function texts(marks: Uint8Array[]): { text: string; count: number }[] {
  const forms = new Map<string, Map<string, number>>();
  for (const mark of marks) {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(mark);
    const same = forms.get(normalise(text)) ?? new Map<string, number>();
    forms.set(normalise(text), same.set(text, (same.get(text) ?? 0) + 1));
  }
  const most = (one: [string, number], other: [string, number]): number => other[1] - one[1] || byCodePoints(one[0], other[0]);
  const counted = [...forms.values()].map((same): [string, number] => {
    const [text] = [...same].sort(most)[0];
    return [text, [...same.values()].reduce((total, count) => total + count, 0)];
  });
  return counted.sort(most).map(([text, count]) => ({ text, count }));
}

function profileOf(marks: Uint8Array[]): Profile {
  const votes = new Map<string, number>();
  for (const mark of marks) votes.set(mark.join(), (votes.get(mark.join()) ?? 0) + 1);
  return [...votes].map(([ranking, count]) => ({ ranking: ranking.split(",").map(Number), votes: count }));
}

function methodResult(name: MethodResult["method"], profile: Profile, ids: string[], seats: number, lots: Lots): MethodResult {
  const named = (option: number | null): string | null => (option === null ? null : ids[option]);
  const all = (options: number[]): string[] => options.map((option) => ids[option]);
  switch (name) {
    case "borda":
      return { method: name, half_points: borda(profile, ids.length) };
    case "irv": {
      const { rounds, winner } = irv(profile, ids.length, lots);
      return { method: name, rounds: rounds.map((round) => ({ ...round, excluded: named(round.excluded) })), winner: named(winner) };
    }
    case "stv": {
      const { quota, stages, elected } = stv(profile, ids.length, seats, lots);
      const written = stages.map((stage) => ({ ...stage, elected: all(stage.elected), passed_on: named(stage.passed_on) }));
      return { method: name, quota, stages: written, elected: all(elected) };
    }
    case "schulze": {
      const { above, order, winner } = schulze(profile, ids.length);
      return { method: name, above, order: order.map(all), condorcet_winner: named(winner) };
    }
  }
}

/** The result of a contest of marks, from its decrypted lines. */
export function markResult(election: Election, root: Uint8Array, contest: MarkContest, rows: Element[][]): ContestResult {
  need(!isLines(contest), "a contest of marks");
  const { marks, blank, invalid } = read(contest, rows);
  const lines = invalid.slice(0, 100).map((line) => ({ line, reason: "invalid" }));
  const common = { id: contest.id, valid: marks.length, blank, invalid: invalid.length, invalid_lines: lines };
  if (contest.kind === "write_in") {
    const counted = texts(marks);
    const others = counted.slice(1000).reduce((total, { count }) => total + count, 0);
    return { kind: "write_in", ...common, texts: counted.slice(0, 1000), others };
  }
  const ids = contest.options.map((option) => option.id);
  const lots = new Lots(election.id, root, contest.id, ids);
  const profile = profileOf(marks);
  const methods = contest.methods.map((name) => methodResult(name, profile, ids, contest.seats, lots));
  return { kind: "ranking", ...common, methods };
}
