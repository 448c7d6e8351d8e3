/** Which server is started. Nothing here knows the editor. */

import * as path from 'node:path';

export interface Found {
  command: string;
  origin: 'setting' | 'interpreter' | 'managed';
}

export interface Places {
  /** The setting; empty: none. */
  explicit: string;
  /** The selected interpreter, where there is one. It may be part of the workspace, so it counts only in a trusted one. */
  interpreter: string | undefined;
  trusted: boolean;
  /** The environment that the extension makes. */
  managed: string;
  home: string;
  exists: (file: string) => boolean;
  windows: boolean;
}

export type Located = Found | { missing: string };

/** An explicit path is taken or nothing is: another server than the one named would be a surprise. */
export function locate(places: Places): Located {
  if (places.explicit !== '') {
    const command = places.explicit.replace(/^~(?=$|[\\/])/, places.home);
    return places.exists(command)
      ? { command, origin: 'setting' }
      : { missing: `seed.server.path is ${command}, and there is no such file` };
  }
  if (places.trusted && places.interpreter !== undefined) {
    const command = path.join(path.dirname(places.interpreter), programName(places.windows));
    if (places.exists(command)) {
      return { command, origin: 'interpreter' };
    }
  }
  const command = serverIn(places.managed, places.windows);
  return places.exists(command) ? { command, origin: 'managed' } : { missing: '' };
}

export function serverIn(environment: string, windows: boolean): string {
  return path.join(environment, windows ? 'Scripts' : 'bin', programName(windows));
}

export function pythonIn(environment: string, windows: boolean): string {
  return path.join(environment, windows ? 'Scripts' : 'bin', windows ? 'python.exe' : 'python');
}

function programName(windows: boolean): string {
  return windows ? 'seed-lsp.exe' : 'seed-lsp';
}
