/** Decides which server is started. Nothing here knows the editor. */

import * as path from 'node:path';

export interface Found {
  command: string;
  origin: 'setting' | 'own' | 'path';
}

export interface Places {
  /** The setting `seed.server.path`, which is empty where it says nothing. */
  explicit: string;
  /** The folder of the environment that the extension made. It is undefined where there is no whole one. */
  environment: string | undefined;
  /** The folders of PATH, where `uv tool install` and `pipx` put the server. */
  path: readonly string[];
  /** Programs in these folders are not taken from PATH: they are the workspace's, or those of a project's active environment. */
  foreign: readonly string[];
  home: string;
  exists: (file: string) => boolean;
  windows: boolean;
}

export type Located = Found | { missing: string };

/** Find the server. An explicit path is taken or nothing is, since another server than the one named would be a surprise. */
export function locate(places: Places): Located {
  if (places.explicit !== '') {
    const command = places.explicit.replace(/^~(?=$|[\\/])/, places.home);
    return places.exists(command)
      ? { command, origin: 'setting' }
      : { missing: `seed.server.path is ${command}, and there is no such file` };
  }
  if (places.environment !== undefined) {
    return { command: serverIn(places.environment, places.windows), origin: 'own' };
  }
  for (const folder of places.path) {
    const command = path.join(folder, programName(places.windows));
    const foreign = places.foreign.some((other) => isWithin(folder, other));
    if (path.isAbsolute(folder) && !foreign && places.exists(command)) {
      return { command, origin: 'path' };
    }
  }
  return { missing: '' };
}

/** Tell whether a path is the folder, or lies in it. */
export function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || (!path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..');
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
