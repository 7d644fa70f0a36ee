import type { AnswerRecord, Ending } from './record.ts'
import { failureOf, isRecord, type Said } from './said.ts'

/** After this long the gateway may have forgotten the key, and asking again could be asking twice. */
const ASK_AGAIN_MS = 300_000
/** What waited this long to be sent is not sent any more without being asked for. */
const WAIT_MS = 3_600_000

const INCOMPLETE: Ending = {
  kind: 'incomplete',
  type: 'Incomplete',
  message: 'the agent broke off without saying that it was done',
}

/** The ending that goes with what the gateway calls it. */
export function endingOf(type: string, message: string): Ending {
  if (type === 'BufferCapExceeded') return { kind: 'truncated', type, message }
  if (['Interrupted', 'NotDelivered', 'NotSent', 'Forgotten'].includes(type))
    return { kind: 'interrupted', type, message }
  return { kind: 'failed', type, message }
}

/** The ending of what nobody has answered for so long that it is not sent without being asked for. */
export function tooLate(record: AnswerRecord, now: number): Ending | undefined {
  if (record.task !== null) return undefined
  if (record.sentAt === null)
    return now - record.at > WAIT_MS
      ? endingOf('NotSent', 'the gateway could not be reached for an hour')
      : undefined
  return now - record.sentAt > ASK_AGAIN_MS
    ? endingOf('NotDelivered', 'the gateway did not confirm the question within 5 minutes')
    : undefined
}

/** The ending that the words themselves tell of. */
export function toldEnding(said: Said): Ending {
  return said.done || said.finish !== null ? { kind: 'done' } : INCOMPLETE
}

/**
 * How an answer ended whose stream said nothing of it. A proxy can cut a connection so that it looks like a
 * proper end, so the gateway is asked; `status` is its answer, undefined when it knows the task no longer.
 */
export function verdict(said: Said, status: unknown): Ending | 'running' {
  if (!isRecord(status)) return toldEnding(said)
  if (status.status === 'running') return 'running'
  if (status.status === 'cancelled') return { kind: 'stopped' }
  if (status.status === 'done' || status.error == null) return toldEnding(said)
  const { type, message } = failureOf(status.error)
  return endingOf(type, message)
}

/** What a refusal means for the answer; undefined when it comes from something on the way and trying again helps. */
export async function refusal(response: Response, asked: boolean): Promise<Ending | undefined> {
  const body: unknown = await response.json().catch(() => undefined)
  const code = isRecord(body) && typeof body.code === 'string' ? body.code : undefined
  if (response.status === 401) return endingOf('unauthorized', 'the gateway refused the key')
  if (response.status === 404 && !asked)
    return endingOf('Forgotten', 'the gateway no longer has the rest of this answer')
  if (response.status >= 500 && (!asked || code === undefined)) return undefined
  const message = code ? failureOf(body).message : `the gateway answered ${response.status}`
  return endingOf(code ?? 'refused', message)
}
