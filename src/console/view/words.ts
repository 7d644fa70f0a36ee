import type { Ending } from '../record.ts'

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

export function timeOf(at: number): string {
  return TIME.format(at)
}

export function spanOf(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 1) return 'a moment'
  if (seconds < 60) return `${seconds} s`
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

export interface EndingWords {
  readonly tone: 'quiet' | 'warning' | 'failure'
  readonly text: string
}

/** What is said under an answer about its end; nothing, when it ended as it should. */
export function wordsOf(ending: Ending, finish: string | null, isEmpty: boolean): EndingWords | undefined {
  switch (ending.kind) {
    case 'done':
      if (finish === 'length')
        return { tone: 'warning', text: 'cut short: the model reached its limit of words' }
      if (finish === 'content_filter') return { tone: 'warning', text: 'withheld by a content filter' }
      return isEmpty ? { tone: 'warning', text: 'the agent ended without a word' } : undefined
    case 'stopped':
      return {
        tone: 'quiet',
        text: ending.agentWentOn ? 'stopped here, but the agent says it could not stop' : 'stopped',
      }
    case 'truncated':
      return { tone: 'warning', text: `cut off: ${ending.message}` }
    case 'interrupted':
      if (ending.type === 'NotSent') return { tone: 'warning', text: `not sent: ${ending.message}` }
      if (ending.type === 'NotDelivered')
        return { tone: 'warning', text: `perhaps not delivered: ${ending.message}` }
      return { tone: 'warning', text: `interrupted: ${ending.message}` }
    case 'incomplete':
      return { tone: 'warning', text: `incomplete: ${ending.message}` }
    case 'failed':
      return { tone: 'failure', text: `failed: ${ending.message}` }
  }
}
