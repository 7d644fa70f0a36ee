import type { ConversationRecord, MessageRecord } from './record.ts'
import type { Shelf } from './shelf.ts'

/** For a browser that keeps nothing: all is well until the page ends. */
export function memoryShelf(): Shelf {
  const conversations = new Map<string, ConversationRecord>()
  const messages = new Map<string, MessageRecord[]>()
  const of = (id: string) => messages.get(id) ?? messages.set(id, []).get(id) ?? []
  return {
    lasting: false,
    conversations: async () => [...conversations.values()].sort((a, b) => b.updatedAt - a.updatedAt),
    messages: async (id) => [...of(id)],
    mend: async () => {},
    keep: async (conversation) => void conversations.set(conversation.id, conversation),
    put: async (id, position, message) => void of(id).splice(position, 1, message),
    replace: async (id, from, records) => void of(id).splice(from, Number.POSITIVE_INFINITY, ...records),
    add: async (conversation, records) => {
      conversations.set(conversation.id, conversation)
      messages.set(conversation.id, [...records])
    },
    amend: async (id, how) => {
      const kept = conversations.get(id)
      const changed = kept && how(kept)
      if (changed) conversations.set(id, changed)
    },
    purge: async (id, when) => {
      const kept = conversations.get(id)
      if (!kept || !when(kept)) return
      conversations.delete(id)
      messages.delete(id)
    },
  }
}
