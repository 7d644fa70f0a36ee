import type { Socket } from 'node:net'

/**
 * A bare RST. `socket.resetAndDestroy` ends the writing side first, so that the peer sees a proper FIN before the reset,
 * which is another fault than the one a test wants.
 */
export function reset(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { _handle: { reset(done: () => void): number } | null }
  handle?.reset(() => {})
  socket.destroy()
}
