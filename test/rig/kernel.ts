import { readFileSync } from 'node:fs'

const ESTABLISHED = '01'

interface Connection {
  readonly localPort: number
  readonly remotePort: number
  readonly state: string
  /** Bytes that the other side has not acknowledged yet. */
  readonly unsent: number
  /** Bytes that have arrived and that nobody has read. */
  readonly unread: number
}

/** The TCP connections of this machine, as the kernel has them. */
function connections(): Connection[] {
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(([, local, remote, state = '', queues = '']) => {
      const [unsent = '', unread = ''] = queues.split(':')
      return {
        localPort: portOf(local),
        remotePort: portOf(remote),
        state,
        unsent: Number.parseInt(unsent, 16),
        unread: Number.parseInt(unread, 16),
      }
    })
}

const portOf = (address = '') => Number.parseInt(address.slice(address.indexOf(':') + 1), 16)

/** Whether the kernel holds an open connection between these two ports of this machine, seen from the first. */
export function established(localPort: number, remotePort: number | undefined): boolean {
  return connections().some(
    (it) => it.state === ESTABLISHED && it.localPort === localPort && it.remotePort === remotePort,
  )
}

/** Whether everything that was sent from the first port to the second has been read there. */
export function taken(fromPort: number | undefined, toPort: number | undefined): boolean {
  const all = connections()
  return !all.some(
    (it) =>
      (it.localPort === fromPort && it.remotePort === toPort && it.unsent > 0) ||
      (it.localPort === toPort && it.remotePort === fromPort && it.unread > 0),
  )
}
