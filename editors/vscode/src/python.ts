/** Finds the Python from which the server's environment is made. Nothing here knows the editor. */

/** Runs a program to its end and returns what it printed; rejects if it cannot run. */
export type Ask = (program: string, args: string[]) => Promise<string>;

/** The server and its dependencies have wheels for these minor versions of Python 3. */
const OLDEST = 10;
const NEWEST = 14;
/** This program prints the version of Python, and a second line where environments cannot be made. */
const CHECK = `
import sys
print(*sys.version_info[:2], sep='.')
try:
    import ensurepip, venv
except ImportError:
    print('no venv')
`;

/** Return the Python that the setting names, else the first on PATH that serves; throw an error that says what was found and what to do. */
export async function findPython(named: string, ask: Ask): Promise<string> {
  const versions = Array.from({ length: NEWEST - OLDEST + 1 }, (_, index) => `python3.${NEWEST - index}`);
  const problems: string[] = [];
  for (const program of named === '' ? ['python3', 'python', ...versions, 'py'] : [named]) {
    // Isolated mode (-I) imports nothing of the folder that it runs in.
    const printed = await ask(program, ['-I', '-c', CHECK]).catch(() => undefined);
    const problem = printed === undefined ? undefined : problemOf(printed.trim().split(/\r?\n/));
    if (printed !== undefined && problem === undefined) {
      return program;
    }
    if (problem !== undefined) {
      problems.push(`${program} ${problem}`);
    } else if (named !== '') {
      problems.push(`${named} does not run`);
    }
  }
  const seen = problems.length === 0 ? '' : ` (${problems.join('; ')})`;
  throw new Error(`it needs Python 3.${OLDEST} to 3.${NEWEST}, and none was found${seen}. Install one, or name it in seed.server.python`);
}

function problemOf([version = '', ...more]: string[]): string | undefined {
  const match = /^3\.(\d+)$/.exec(version);
  const minor = Number(match?.[1] ?? 0);
  if (minor < OLDEST || minor > NEWEST) {
    return `is Python ${version}`;
  }
  return more.length > 0 ? 'cannot make environments; on Debian and Ubuntu install python3-venv' : undefined;
}
