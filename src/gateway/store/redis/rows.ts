import type { End } from '../../../protocol.ts'
import type { TaskInfo } from '../store.ts'
import { list } from './entries.ts'
import type { Reply } from './link.ts'

/** What Redis knows of a task. */
export interface Row extends TaskInfo {
  /** Which gateway ended it. */
  readonly by: string | undefined
}

/** The rows of a reply, in the order they were asked for. Undefined: Redis does not have it. */
export const rowsOf = (reply: Reply): (Row | undefined)[] => list(reply).map(rowOf)

export const taskInfo = ({ by: _, ...info }: Row): TaskInfo => info

function rowOf(reply: Reply): Row | undefined {
  const [id, created, chunks, bytes, ended, at, by] = list(reply)
  if (typeof created !== 'string') return undefined
  const end = typeof ended === 'string' ? (JSON.parse(ended) as End) : undefined
  return {
    id: String(id),
    status: end?.reason ?? 'running',
    chunks: Number(chunks),
    bytes: Number(bytes),
    createdAt: Number(created),
    finishedAt: end && Number(at),
    end,
    by: end && String(by),
  }
}
