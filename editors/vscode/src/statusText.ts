/** Writes what the status item says. Nothing here knows the editor. */

/** The server sends this with `didChangeStatus`. */
export interface ServerStatus {
  busy: boolean;
  kind: 'Normal' | 'Warning' | 'Error' | 'Inactive';
  message: string;
  reason: string;
  tokensPerSecond: number;
  percent: number | null;
}

export type Life = 'absent' | 'settingUp' | 'starting' | 'running' | 'stopped';

export interface Shown {
  text: string;
  tooltip: string;
  /** The item has no colour of its own, or that of a warning or an error. */
  alarm: 'none' | 'warning' | 'error';
}

export function statusText(life: Life, status: ServerStatus | undefined, paused: boolean, model: string): Shown {
  if (life === 'absent') {
    return { text: '$(circle-slash) Seed', tooltip: 'Seed has no server yet: click to set one up', alarm: 'warning' };
  }
  if (life === 'settingUp') {
    return { text: '$(loading~spin) Seed', tooltip: 'Seed: the server is being set up', alarm: 'none' };
  }
  if (life === 'starting') {
    return { text: '$(loading~spin) Seed', tooltip: 'Seed: the server is starting', alarm: 'none' };
  }
  if (life === 'stopped') {
    return { text: '$(error) Seed', tooltip: 'Seed: the server has stopped; click to restart it', alarm: 'error' };
  }
  const lines = [status?.message || 'ready'];
  if (status?.tokensPerSecond) {
    lines.push(`${status.tokensPerSecond} tokens/s`);
  }
  if (model !== '') {
    lines.push(model);
  }
  const tooltip = `Seed: ${lines.join(' · ')}`;
  if (status?.percent != null) {
    return { text: `$(cloud-download) Seed ${status.percent} %`, tooltip, alarm: 'none' };
  }
  if (paused) {
    return { text: '$(debug-pause) Seed', tooltip: 'Seed: paused; ask for a completion to get one all the same', alarm: 'none' };
  }
  if (status?.kind === 'Error' || status?.kind === 'Warning') {
    return { text: '$(warning) Seed', tooltip, alarm: status.kind === 'Error' ? 'error' : 'warning' };
  }
  if (status?.busy) {
    return { text: '$(loading~spin) Seed', tooltip, alarm: 'none' };
  }
  return { text: status?.kind === 'Inactive' ? '$(circle-slash) Seed' : '$(sparkle) Seed', tooltip, alarm: 'none' };
}
