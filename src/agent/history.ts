import type { ModelMessage, UserContent } from 'ai'
import { type Message, textOf } from './delta.ts'
import { Refusal } from './refusal.ts'

const INSTRUCTIONS = `You are the agent behind Ghost Interface, a private console for one person.
You have a workspace of files. Look before you claim what is in it; use the tools, and say what you changed.
Answer in Markdown. The console also renders fenced blocks tagged mermaid, csv, chart (Chart.js JSON), html and svg.`

export interface History {
  readonly system: string
  readonly messages: ModelMessage[]
}

/**
 * The caller's messages as the model gets them: words and images of the person, words of the assistant, and the caller's own
 * instructions after ours. Earlier tool traffic is left out, since only its outcome still matters.
 * @throws Refusal invalid_request when nobody has said anything
 */
export function readHistory(messages: readonly Message[]): History {
  const instructions = messages.filter(({ role }) => role === 'system' || role === 'developer').map(textOf)
  const talk: ModelMessage[] = []
  for (const message of messages) {
    if (message.role === 'user') talk.push({ role: 'user', content: userContent(message) })
    else if (message.role === 'assistant') {
      const text = textOf(message)
      if (text) talk.push({ role: 'assistant', content: text })
    }
  }
  if (talk.length === 0) throw new Refusal('invalid_request', 'there is no message of a person to answer')
  return { system: [INSTRUCTIONS, ...instructions].filter(Boolean).join('\n\n'), messages: talk }
}

function userContent(message: Message): UserContent {
  if (!Array.isArray(message.content)) return textOf(message)
  return message.content.flatMap((part: unknown): Exclude<UserContent, string> => {
    const url = imageUrl(part)
    if (url === undefined)
      return textOf({ content: [part] }) ? [{ type: 'text', text: textOf({ content: [part] }) }] : []
    // A remote image would be fetched from here, by whoever asks for it and from wherever they say.
    const data = /^data:(image\/[a-z0-9.+-]+);base64,([a-z0-9+/=\s]+)$/i.exec(url)
    return data?.[1] && data[2]
      ? [{ type: 'image', image: data[2], mediaType: data[1] }]
      : [{ type: 'text', text: '[an image by its address, which is not fetched]' }]
  })
}

function imageUrl(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null || !('image_url' in part)) return undefined
  const image = part.image_url
  const url = typeof image === 'object' && image !== null && 'url' in image ? image.url : image
  return typeof url === 'string' ? url : undefined
}
