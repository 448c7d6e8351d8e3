/** Makes the rows of a preview: what stays, what goes, what comes, and what may still change. */

import { type Hunk, splitLines } from './edits.ts';

export type Kind = 'same' | 'old' | 'new' | 'draft' | 'pending';

export interface Row {
  text: string;
  kind: Kind;
  /** The row begins the hunk with this index in the list. */
  hunk?: number;
}

/** So many lines around each change are shown as well. */
export const CONTEXT = 3;

/** Return each hunk with its context, old lines above new ones. What lies between two hunks is shown if it is no longer than their contexts. */
export function rowsOfHunks(lines: readonly string[], hunks: readonly Hunk[]): Row[] {
  const rows: Row[] = [];
  let shown = 0;
  hunks.forEach((hunk, i) => {
    const from = Math.max(shown, hunk.first - CONTEXT);
    if (i > 0 && from > shown) {
      rows.push({ text: '', kind: 'same' });
    }
    rows.push(...same(lines.slice(from, hunk.first)));
    const changed: Row[] = [
      ...hunk.oldLines.map((text): Row => ({ text, kind: 'old' })),
      ...hunk.newLines.map((text): Row => ({ text, kind: 'new' })),
    ];
    if (changed[0] !== undefined) {
      changed[0].hunk = i;
    }
    rows.push(...changed);
    const next = hunks[i + 1]?.first ?? lines.length;
    shown = Math.min(next, hunk.last + CONTEXT);
    rows.push(...same(lines.slice(hunk.last, shown)));
  });
  return rows;
}

/** Return the rows of a draft that writes the lines `first` up to `last` (exclusive) anew: what is certain, what may change, and the old code that waits. */
export function rowsOfDraft(lines: readonly string[], first: number, last: number, committed: string, draft: string): Row[] {
  const certain = splitLines(committed);
  const all = splitLines(committed + draft);
  const old = lines.slice(first, last);
  return [
    ...same(lines.slice(Math.max(0, first - CONTEXT), first)),
    ...all.map((text, i): Row => ({ text, kind: i < certain.length - (draft === '' ? 0 : 1) ? 'new' : 'draft' })),
    ...old.slice(all.length).map((text): Row => ({ text, kind: 'pending' })),
    ...same(lines.slice(last, last + CONTEXT)),
  ];
}

function same(lines: readonly string[]): Row[] {
  return lines.map((text) => ({ text, kind: 'same' }));
}

export function textOf(rows: readonly Row[]): string {
  return rows.map((row) => row.text).join('\n');
}

/** Return the runs of rows of one kind as [first, last], both included. */
export function runsOf(rows: readonly Row[], kind: Kind): [number, number][] {
  const runs: [number, number][] = [];
  rows.forEach((row, i) => {
    if (row.kind !== kind) {
      return;
    }
    const last = runs.at(-1);
    if (last !== undefined && last[1] === i - 1) {
      last[1] = i;
    } else {
      runs.push([i, i]);
    }
  });
  return runs;
}
