import { save } from './artefact/save.ts'
import { takeApart } from './prose.ts'
import type { MessageRecord } from './record.ts'

/** A conversation as a file for people: who said what, in order, without the way to it. */
export function exportMarkdown(title: string, messages: readonly MessageRecord[]): void {
  save(markdownOf(title, messages), `${title.trim() || 'conversation'}.md`)
}

export function markdownOf(title: string, messages: readonly MessageRecord[]): string {
  const parts = messages.map((message) => {
    if (message.role === 'user') return `## You\n\n${message.text.trim()}`
    const text = takeApart(message.said.content, false).text.trim()
    const { ending } = message
    const end = ending === null ? 'still running' : ending.kind === 'done' ? '' : ending.kind
    return [`## Agent`, text, end && `*${end}*`].filter((part) => part !== '').join('\n\n')
  })
  return `${[`# ${title.trim() || 'Conversation'}`, ...parts].join('\n\n')}\n`
}
