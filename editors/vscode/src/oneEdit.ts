/** Cuts a next edit to what changes, and says what the Tab key does about it. Nothing here knows the editor. */

import { type Position, type Range, type TextEdit, splitLines } from './edits.ts';

/** A change is the part of an edit that differs: `removed` at `range` becomes `inserted`. */
export interface Change {
  range: Range;
  removed: string;
  inserted: string;
}

/** Cut an edit to what differs from `old`, the text at its range. No character of several code units is cut in two. */
export function changeOf(edit: TextEdit, old: string): Change {
  const [a, b] = [Array.from(old), Array.from(edit.newText)];
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) {
    head += 1;
  }
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) {
    tail += 1;
  }
  const removed = a.slice(head, a.length - tail).join('');
  const start = moved(edit.range.start, a.slice(0, head).join(''));
  return { range: { start, end: moved(start, removed) }, removed, inserted: b.slice(head, b.length - tail).join('') };
}

/** Return the position behind a piece of text. */
export function moved(position: Position, text: string): Position {
  const lines = splitLines(text);
  const last = lines.at(-1) ?? '';
  return lines.length === 1
    ? { line: position.line, character: position.character + last.length }
    : { line: position.line + lines.length - 1, character: last.length };
}

/** Tab goes there first, unless the cursor is on a line of the change already. */
export function isAt(change: Change, cursor: Position): boolean {
  return cursor.line >= change.range.start.line && cursor.line <= change.range.end.line;
}

/** In the white space that a line begins with, Tab indents. */
export function indents(line: string, character: number): boolean {
  return line.slice(0, character).trim() === '';
}
