import { memoryShelf } from './memoryshelf.ts'
import { type ConversationRecord, type MessageRecord, readConversation, readMessage } from './record.ts'
import { isRecord } from './said.ts'
import type { Shelf } from './shelf.ts'

const NAME = 'ghost'
const VERSION = 1
const OPEN_MS = 3_000
const BOTH = ['conversations', 'messages']

/** What the browser keeps, or the page's own memory where it keeps nothing. */
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

const from = (conversation: string, position = 0) =>
  IDBKeyRange.bound([conversation, position], [conversation, Number.MAX_SAFE_INTEGER])

const readMessages = (rows: readonly unknown[]): MessageRecord[] =>
  rows
    .map((row) => (isRecord(row) ? readMessage(row.message) : undefined))
    .filter((message) => message !== undefined)

function putAll(store: IDBObjectStore, conversation: string, at: number, messages: readonly MessageRecord[]) {
  for (const [index, message] of messages.entries())
    store.put({ conversation, position: at + index, message })
}

function diskShelf(database: IDBDatabase): Shelf {
  const read = (name: string) => database.transaction(name, 'readonly').objectStore(name)
  // What throws at once, as a database does that the browser has closed, is refused like all else.
  const change = async (
    names: string | string[],
    how: (transaction: IDBTransaction) => void,
  ): Promise<void> => {
    const transaction = database.transaction(names, 'readwrite')
    how(transaction)
    return written(transaction)
  }
  /** Reads and writes in one transaction, so that no other tab gets in between. */
  const judge = (
    transaction: IDBTransaction,
    id: string,
    act: (kept: ConversationRecord, store: IDBObjectStore) => void,
  ) => {
    const store = transaction.objectStore('conversations')
    const request = store.get(id)
    request.onsuccess = () => {
      const kept = readConversation(request.result)
      if (kept) act(kept, store)
    }
  }
  return {
    lasting: true,
    async conversations() {
      const rows: unknown[] = await done(read('conversations').getAll())
      return rows
        .map(readConversation)
        .filter((row) => row !== undefined)
        .sort((a, b) => b.updatedAt - a.updatedAt)
    },
    messages: async (conversation) => readMessages(await done(read('messages').getAll(from(conversation)))),
    mend: (conversation) =>
      change('messages', (transaction) => {
        const store = transaction.objectStore('messages')
        const request = store.getAll(from(conversation))
        request.onsuccess = () => {
          const messages = readMessages(request.result)
          // A message's place is its name. With a damaged one left out, the others have to move up.
          if (messages.length === request.result.length) return
          store.delete(from(conversation))
          putAll(store, conversation, 0, messages)
        }
      }),
    keep: (conversation) =>
      change('conversations', (it) => it.objectStore('conversations').put(conversation)),
    put: (conversation, position, message) =>
      change('messages', (it) => putAll(it.objectStore('messages'), conversation, position, [message])),
    replace: (conversation, position, messages) =>
      change('messages', (it) => {
        const store = it.objectStore('messages')
        store.delete(from(conversation, position))
        putAll(store, conversation, position, messages)
      }),
    add: (conversation, messages) =>
      change(BOTH, (it) => {
        it.objectStore('conversations').put(conversation)
        putAll(it.objectStore('messages'), conversation.id, 0, messages)
      }),
    amend: (id, how) =>
      change('conversations', (it) =>
        judge(it, id, (kept, store) => {
          const changed = how(kept)
          if (changed) store.put(changed)
        }),
      ),
    purge: (id, when) =>
      change(BOTH, (it) =>
        judge(it, id, (kept, store) => {
          if (!when(kept)) return
          store.delete(id)
          it.objectStore('messages').delete(from(id))
        }),
      ),
  }
}
