import { readFileSync } from 'node:fs'

const ESTABLISHED = '01'

/** Whether the kernel holds an open connection between these two ports of this machine, seen from the first. */
export function established(localPort: number, remotePort: number | undefined): boolean {
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .some(
      ([, local, remote, state]) =>
        state === ESTABLISHED && portOf(local) === localPort && portOf(remote) === remotePort,
    )
}

const portOf = (address = '') => Number.parseInt(address.slice(address.indexOf(':') + 1), 16)
