import { type ConversationRecord, type MessageRecord, readConversation, readMessage } from './record.ts'

/** Where conversations are kept between visits. */
export interface Shelf {
  /** False when this browser keeps nothing, and a reload loses everything. */
  readonly lasting: boolean
  /** Newest first. */
  conversations(): Promise<ConversationRecord[]>
  messages(conversation: string): Promise<MessageRecord[]>
  keep(conversation: ConversationRecord): Promise<void>
  put(conversation: string, position: number, message: MessageRecord): Promise<void>
  /** Puts messages in the place of all from a position on: all of it happens, or nothing. */
  replace(conversation: string, from: number, messages: readonly MessageRecord[]): Promise<void>
}

const NAME = 'ghost'
const VERSION = 1
const OPEN_MS = 3_000

export async function openShelf(): Promise<Shelf> {
  try {
    return diskShelf(await openDatabase())
  } catch {
    return memoryShelf()
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const { promise, resolve, reject } = Promise.withResolvers<IDBDatabase>()
  const request = indexedDB.open(NAME, VERSION)
  request.onupgradeneeded = () => {
    const database = request.result
    if (!database.objectStoreNames.contains('conversations'))
      database.createObjectStore('conversations', { keyPath: 'id' })
    if (!database.objectStoreNames.contains('messages'))
      database.createObjectStore('messages', { keyPath: ['conversation', 'position'] })
  }
  request.onsuccess = () => {
    // Another tab with a newer page wants to change the shape; it must not wait for this one.
    request.result.onversionchange = () => request.result.close()
    resolve(request.result)
  }
  request.onerror = () => reject(request.error)
  setTimeout(() => reject(new Error('the database does not open')), OPEN_MS)
  return promise
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  request.onsuccess = () => resolve(request.result)
  request.onerror = () => reject(request.error)
  return promise
}

/** Waits for the transaction, not for the request: only then is it on the disk. */
function written(transaction: IDBTransaction): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  transaction.oncomplete = () => resolve()
  transaction.onabort = () => reject(transaction.error)
  return promise
}

function diskShelf(database: IDBDatabase): Shelf {
  const store = (name: string, mode: IDBTransactionMode) => database.transaction(name, mode).objectStore(name)
  const all = (conversation: string) =>
    IDBKeyRange.bound([conversation, 0], [conversation, Number.MAX_SAFE_INTEGER])
  const change = (name: string, how: (store: IDBObjectStore) => void) => {
    const it = store(name, 'readwrite')
    how(it)
    return written(it.transaction)
  }
  return {
    lasting: true,
    async conversations() {
      const rows: unknown[] = await done(store('conversations', 'readonly').getAll())
      return rows
        .map(readConversation)
        .filter((row) => row !== undefined)
        .sort((a, b) => b.updatedAt - a.updatedAt)
    },
    async messages(conversation) {
      const rows: unknown[] = await done(store('messages', 'readonly').getAll(all(conversation)))
      const messages = rows
        .map((row) => readMessage((row as { message?: unknown }).message))
        .filter((message) => message !== undefined)
      // A message's place is its name. With a damaged one left out, the others have to move up.
      if (messages.length < rows.length)
        await change('messages', (it) => {
          it.delete(all(conversation))
          for (const [position, message] of messages.entries()) it.put({ conversation, position, message })
        })
      return messages
    },
    keep: (conversation) => change('conversations', (it) => it.put(conversation)),
    put: (conversation, position, message) =>
      change('messages', (it) => it.put({ conversation, position, message })),
    replace: (conversation, from, messages) =>
      change('messages', (it) => {
        it.delete(IDBKeyRange.bound([conversation, from], [conversation, Number.MAX_SAFE_INTEGER]))
        for (const [at, message] of messages.entries()) it.put({ conversation, position: from + at, message })
      }),
  }
}

function memoryShelf(): Shelf {
  const conversations = new Map<string, ConversationRecord>()
  const messages = new Map<string, MessageRecord[]>()
  const of = (id: string) => messages.get(id) ?? messages.set(id, []).get(id) ?? []
  return {
    lasting: false,
    conversations: async () => [...conversations.values()].sort((a, b) => b.updatedAt - a.updatedAt),
    messages: async (id) => [...of(id)],
    keep: async (conversation) => void conversations.set(conversation.id, conversation),
    put: async (id, position, message) => void of(id).splice(position, 1, message),
    replace: async (id, from, records) => void of(id).splice(from, Number.POSITIVE_INFINITY, ...records),
  }
}
