import type { ConversationRecord, MessageRecord } from './record.ts'

/** Where conversations are kept between visits. */
export interface Shelf {
  /** False when this browser keeps nothing, and a reload loses everything. */
  readonly lasting: boolean
  /** Newest first, without their messages. */
  conversations(): Promise<ConversationRecord[]>
  messages(conversation: string): Promise<MessageRecord[]>
  /** Moves messages up to where a damaged one was left out. Only for whoever writes the conversation. */
  mend(conversation: string): Promise<void>
  keep(conversation: ConversationRecord): Promise<void>
  put(conversation: string, position: number, message: MessageRecord): Promise<void>
  /** Puts messages in the place of all from a position on: all of it happens, or nothing. */
  replace(conversation: string, from: number, messages: readonly MessageRecord[]): Promise<void>
  /** A conversation and its messages at once, or nothing of it. */
  add(conversation: ConversationRecord, messages: readonly MessageRecord[]): Promise<void>
  /** Changes what is kept of a conversation, whatever another tab does to it; undefined leaves it as it is. */
  amend(id: string, how: (kept: ConversationRecord) => ConversationRecord | undefined): Promise<void>
  /** Removes a conversation and its messages at once, if that is still right when its turn comes. */
  purge(id: string, when: (kept: ConversationRecord) => boolean): Promise<void>
}

/** The same shelf, and word of every change in the list of conversations. */
export function telling(shelf: Shelf, tell: (id: string) => void): Shelf {
  const told = async (id: string, act: Promise<void>) => {
    await act
    tell(id)
  }
  return {
    ...shelf,
    keep: (conversation) => told(conversation.id, shelf.keep(conversation)),
    add: (conversation, messages) => told(conversation.id, shelf.add(conversation, messages)),
    amend: (id, how) => told(id, shelf.amend(id, how)),
    purge: (id, when) => told(id, shelf.purge(id, when)),
  }
}
