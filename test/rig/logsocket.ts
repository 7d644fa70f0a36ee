import type WebSocket from 'ws'
import type { LogBatch, LogLine, LogMessage } from '../../src/protocol.ts'
import { eventually, within } from './wait.ts'

/** What a socket of the log has told so far, as lines, whichever of the two forms it speaks. */
export interface LogReader {
  readonly lines: LogLine[]
  /** The messages as they came. */
  readonly messages: (LogMessage | LogBatch)[]
  readonly closed: Promise<number>
  /** Resolves with all lines so far once one has this content. */
  until(content: string): Promise<readonly LogLine[]>
}

export async function readLog(socket: WebSocket): Promise<LogReader> {
  const lines: LogLine[] = []
  const messages: (LogMessage | LogBatch)[] = []
  socket.on('message', (bytes: Buffer, isBinary: boolean) => {
    if (isBinary) throw new Error('a binary message on the socket of the log')
    const message = JSON.parse(bytes.toString('utf8')) as LogMessage | LogBatch
    messages.push(message)
    if (message.type === 'logs') lines.push(...message.lines)
    else lines.push({ content: message.content, is_error: message.is_error })
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  await within('a socket of the log', opened)
  return {
    lines,
    messages,
    closed,
    async until(content) {
      await eventually(`the line ${JSON.stringify(content)}`, () =>
        lines.some((line) => line.content === content),
      )
      return lines
    },
  }
}
