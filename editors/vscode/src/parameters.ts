/** Reads just enough of a signature to know what to ask about it. */

/** Return the names of the parameters that only one of two signatures has. */
export function namesChanged(before: string, after: string): { added: string[]; removed: string[] } {
  const [old, now] = [parameterNames(before), parameterNames(after)];
  return { added: now.filter((name) => !old.includes(name)), removed: old.filter((name) => !now.includes(name)) };
}

/** Read the names alone, to know what to ask; the server reads the signature properly. */
function parameterNames(signature: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let piece = '';
  let quote = '';
  for (const character of `${signature.trim().replace(/^\(|\)$/g, '')},`) {
    if (quote !== '' || character === '"' || character === "'") {
      quote = quote === '' ? character : character === quote ? '' : quote;
      continue;
    }
    if (character === ',' && depth === 0) {
      const name = /^\s*\*{0,2}\s*([\p{L}_][\p{L}\p{N}_]*)/u.exec(piece)?.[1];
      if (name !== undefined) {
        names.push(name);
      }
      piece = '';
      continue;
    }
    depth += '([{'.includes(character) ? 1 : ')]}'.includes(character) ? -1 : 0;
    piece += character;
  }
  return names;
}
