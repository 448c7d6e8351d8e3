/** The Python from which the server's environment is made. Nothing here knows the editor. */

/** Run a program to its end: what it printed, or an error where it cannot run. */
export type Ask = (program: string, args: string[]) => Promise<string>;

/** Minor versions of Python 3 that the server and its dependencies have wheels for. */
const OLDEST = 10;
const NEWEST = 14;
/** Prints the version, and a second line where environments cannot be made. */
const CHECK = `
import sys
print(*sys.version_info[:2], sep='.')
try:
    import ensurepip, venv
except ImportError:
    print('no venv')
`;

/** The Python that the setting names, else the first on PATH that serves. Throws an error that says what is there and what to do. */
export async function findPython(named: string, ask: Ask): Promise<string> {
  const versions = Array.from({ length: NEWEST - OLDEST + 1 }, (_, index) => `python3.${NEWEST - index}`);
  const problems: string[] = [];
  for (const program of named === '' ? ['python3', 'python', ...versions, 'py'] : [named]) {
    // Isolated: nothing of the folder that it runs in is imported.
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
