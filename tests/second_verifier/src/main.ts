// node src/main.ts [options] RECORD…: verifies the election records in these directories. See README.md.

import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { concat, unhex } from "./bytes.ts";
import { type Attachments } from "./mixing.ts";
import { Pins } from "./pins.ts";
import { type Verdict } from "./report.ts";
import { Verifier } from "./verifier.ts";

const CODES: Record<Verdict, number> = { verified: 0, failed: 1, incomplete: 4 };
const USAGE = 2;
const UNREADABLE = 3;
/** An entry's most bytes, and one: what is longer is refused, and need not be kept. */
const MOST = 8_388_609;

/** A checkpoint's most bytes, and one. */
const MOST_NOTE = 1_000_001;

/** Opens a file of a record. A pipe or a device, which might never end, is none. */
function open(path: string): number {
  if (!statSync(path).isFile()) throw new Error(`${path} is no file`);
  return openSync(path, "r");
}

/** The first bytes of a file, of which more are not looked at. */
function firstBytes(path: string, most: number): Uint8Array {
  const file = open(path);
  try {
    const data = new Uint8Array(most);
    let size = 0;
    for (let count = -1; count !== 0 && size < most; size += count) count = readSync(file, data, size, most - size, null);
    return data.subarray(0, size);
  } finally {
    closeSync(file);
  }
}

/** The lines of a file, without their line feeds. Bytes behind the last are a line that cannot be an entry. */
function* lines(path: string): Generator<Uint8Array> {
  const file = open(path);
  try {
    let parts: Uint8Array[] = [];
    let size = 0;
    const keep = (part: Uint8Array): void => {
      if (size < MOST) parts.push(part.slice(0, MOST - size));
      size += part.length;
    };
    const buffer = new Uint8Array(1 << 20);
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
      let from = 0;
      for (let end = buffer.indexOf(0x0a); end >= 0 && end < count; end = buffer.indexOf(0x0a, from)) {
        keep(buffer.subarray(from, end));
        yield concat(...parts);
        parts = [];
        size = 0;
        from = end + 1;
      }
      keep(buffer.subarray(from, count));
    }
    // 0xff is in no UTF-8.
    if (size > 0) yield concat(...parts, Uint8Array.of(0xff));
  } finally {
    closeSync(file);
  }
}

function attachmentsOf(record: string): Attachments {
  return (digest, size) => {
    const path = join(record, "attachments", digest);
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() && found.size === size ? firstBytes(path, size) : null;
  };
}

/** Verifies one record, prints what came of it as a line of JSON, and returns the exit code. */
function verify(record: string, pins: Pins, verbose: boolean): number {
  const verifier = new Verifier(attachmentsOf(record), pins);
  let checkpoint: Uint8Array;
  try {
    checkpoint = firstBytes(join(record, "checkpoint"), MOST_NOTE);
    for (const line of lines(join(record, "entries.jsonl"))) verifier.entry(line);
  } catch (error) {
    console.error(`${record}: cannot be read: ${String(error)}`);
    console.log(JSON.stringify({ record, verdict: null, rules: [] }));
    return UNREADABLE;
  }
  verifier.checkpoint(checkpoint);
  const report = verifier.report();
  if (verbose) for (const words of verifier.findings.words) console.error(words);
  console.log(JSON.stringify({ record, ...report }));
  return CODES[report.verdict];
}

function usage(why: string): never {
  console.error(`${why}\nusage: main [--election HEX] [--checkpoint FILE] [--cosigner VKEY]… [--cosigners-needed N] [--verbose] RECORD…`);
  process.exit(USAGE);
}

function readArguments(): { records: string[]; pins: Pins; verbose: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        election: { type: "string" },
        checkpoint: { type: "string" },
        cosigner: { type: "string", multiple: true },
        "cosigners-needed": { type: "string" },
        verbose: { type: "boolean" },
      },
    });
    const needed = values["cosigners-needed"];
    if (positionals.length === 0) usage("a record is needed");
    if (needed !== undefined && !/^[0-9]{1,9}$/.test(needed)) usage("the number of cosigners is a number");
    const pins = new Pins(
      values.election === undefined ? null : unhex(values.election.toLowerCase()),
      values.checkpoint === undefined ? null : new Uint8Array(readFileSync(values.checkpoint)),
      values.cosigner ?? [],
      needed === undefined ? null : Number(needed),
    );
    return { records: positionals, pins, verbose: values.verbose ?? false };
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

const { records, pins, verbose } = readArguments();
// The code of the first record that is not verified.
process.exitCode = records.map((record) => verify(record, pins, verbose)).find((code) => code !== 0) ?? 0;
