/** Groups the edits of a text, as the protocol has them, into hunks that a person takes or leaves. Nothing here knows the editor. */

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface TextEdit {
  range: Range;
  newText: string;
}

/** By these edits the lines `first` up to `last` (exclusive) of the text become `newLines`. */
export interface Hunk {
  first: number;
  last: number;
  oldLines: string[];
  newLines: string[];
  edits: TextEdit[];
}

/** Split a text into lines without their ends, as the protocol counts them. */
export function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/);
}

export function compare(one: Position, other: Position): number {
  return one.line - other.line || one.character - other.character;
}

/** Return the lines with the edits made. Edits must not overlap. */
export function applyToLines(lines: readonly string[], edits: readonly TextEdit[]): string[] {
  const result = [...lines];
  for (const { range, newText } of [...edits].sort((a, b) => compare(b.range.start, a.range.start))) {
    const head = (result[range.start.line] ?? '').slice(0, range.start.character);
    const tail = (result[range.end.line] ?? '').slice(range.end.character);
    result.splice(range.start.line, range.end.line - range.start.line + 1, ...splitLines(head + newText + tail));
  }
  return result;
}

/** Edits whose lines touch belong together; each group is a hunk, cut to the lines that differ. */
export function hunksOf(lines: readonly string[], edits: readonly TextEdit[]): Hunk[] {
  const groups: TextEdit[][] = [];
  let end = -2;
  for (const edit of [...edits].sort((a, b) => compare(a.range.start, b.range.start))) {
    const last = groups.at(-1);
    if (last !== undefined && edit.range.start.line <= end + 1) {
      last.push(edit);
    } else {
      groups.push([edit]);
    }
    end = Math.max(end, edit.range.end.line);
  }
  return groups.map((group) => hunkOf(lines, group));
}

function hunkOf(lines: readonly string[], edits: TextEdit[]): Hunk {
  let first = Math.min(...edits.map((edit) => edit.range.start.line));
  let last = Math.min(lines.length, Math.max(...edits.map((edit) => edit.range.end.line)) + 1);
  const moved = edits.map((edit) => ({ ...edit, range: shifted(edit.range, -first) }));
  const oldLines = lines.slice(first, last);
  const newLines = applyToLines(oldLines, moved);
  while (oldLines.length > 0 && newLines.length > 0 && oldLines[0] === newLines[0]) {
    oldLines.shift();
    newLines.shift();
    first += 1;
  }
  while (oldLines.length > 0 && newLines.length > 0 && oldLines.at(-1) === newLines.at(-1)) {
    oldLines.pop();
    newLines.pop();
    last -= 1;
  }
  return { first, last, oldLines, newLines, edits };
}

function shifted(range: Range, lines: number): Range {
  return {
    start: { line: range.start.line + lines, character: range.start.character },
    end: { line: range.end.line + lines, character: range.end.character },
  };
}

/** Return the other hunks once one is made: those behind it move by the lines that it brought. */
export function without(hunks: readonly Hunk[], made: Hunk): Hunk[] {
  const brought = made.newLines.length - made.oldLines.length;
  return hunks
    .filter((hunk) => hunk !== made)
    .map((hunk) =>
      hunk.first < made.first
        ? hunk
        : {
            ...hunk,
            first: hunk.first + brought,
            last: hunk.last + brought,
            edits: hunk.edits.map((edit) => ({ ...edit, range: shifted(edit.range, brought) })),
          },
    );
}
