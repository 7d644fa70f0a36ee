import { createClient, RESP_TYPES } from '@redis/client'
import { Fault } from '../../fault.ts'
import type { Address } from './address.ts'
import { Rest } from './rest.ts'
import type { Script } from './scripts.ts'

export type Argument = string | Buffer
export type Reply = string | Buffer | number | null | readonly Reply[]

export interface LinkOptions {
  readonly address: Address
  /** What Redis calls the connection in CLIENT LIST. */
  readonly name: string
  /** How long whoever asks something waits for the answer. */
  readonly callMs: number
  /** 0 to 1. */
  chance(): number
  onUp(): void
  onDown(): void
}

/** TCP, TLS and login together. A Redis that is stopped takes connections and says nothing. */
const CONNECT_MS = 2_000
const FIRST_RETRY_MS = 100
/** Well below the grace of the lease: who was cut off together with others is back before anyone judges. */
const LAST_RETRY_MS = 1_000

const BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } as const

/** The same options for every connection: for others than the last ones the library makes a new class, which takes it 20 ms. */
const newClient = ({ host, port, tls, username, password, database }: Address) =>
  createClient({
    RESP: 2,
    database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    socket: { host, port, ...(tls && { tls }), connectTimeout: CONNECT_MS, reconnectStrategy: false },
    disableOfflineQueue: true,
    // Limits are set here, where they are needed: the library's own costs a signal a command, and a blocked reader its life.
    commandOptions: { timeout: 0 },
    disableClientInfo: true,
    maintNotifications: 'disabled',
  })
type Client = ReturnType<typeof newClient>

/** One connection to Redis that comes back by itself. While it is down, every command fails at once, and with a sentence. */
export class Link {
  readonly #options: LinkOptions
  #client: Client | undefined
  #trouble: string | undefined
  #drop: (why: unknown) => void = () => {}
  readonly #rest = new Rest()
  #closed = false
  readonly #kept: Promise<void>

  constructor(options: LinkOptions) {
    this.#options = options
    this.#trouble = `Redis at ${options.address.shown} is not connected yet`
    this.#kept = this.#keep()
  }

  /** Why nothing can be sent. Undefined: all is well. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Strings come as text. @throws Fault `store_unavailable` */
  send(args: readonly Argument[]): Promise<Reply> {
    return this.#send(args)
  }

  /** Strings come as bytes. */
  sendForBytes(args: readonly Argument[]): Promise<Reply> {
    return this.#send(args, BYTES)
  }

  /** By its hash; by its text where Redis has forgotten it. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await this.#raw(['EVALSHA', script.sha, ...rest])
    } catch (error) {
      if (codeOf(error) !== 'NOSCRIPT') throw this.#fault(error)
      return this.#send(['EVAL', script.text, ...rest])
    }
  }

  /** Runs a script that has no keys, and answers in time or not at all. */
  ask(script: Script, args: readonly Argument[]): Promise<Reply> {
    return this.timely(this.run(script, [], args))
  }

  async timely<T>(reply: Promise<T>, ms = this.#options.callMs, onLate = () => {}): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        onLate()
        reject(unavailable(`Redis at ${this.#options.address.shown} does not answer`))
      }, ms)
    })
    try {
      return await Promise.race([reply, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** It does not answer: a new connection may. */
  drop(): void {
    this.#drop('no answer')
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#drop('closed')
    this.#rest.cut()
    await this.#kept
  }

  async #send(args: readonly Argument[], options?: typeof BYTES): Promise<Reply> {
    try {
      return await this.#raw(args, options)
    } catch (error) {
      throw this.#fault(error)
    }
  }

  async #raw(args: readonly Argument[], options?: typeof BYTES): Promise<Reply> {
    if (!this.#client) throw unavailable(this.#trouble ?? 'Redis is not connected')
    return (await this.#client.sendCommand(args as Argument[], options)) as Reply
  }

  #fault(error: unknown): Fault {
    return error instanceof Fault ? error : unavailable(wordsOf(error, this.#options.address))
  }

  async #keep(): Promise<void> {
    for (let tries = 0; !this.#closed; tries++) {
      const died = new Promise<unknown>((resolve) => {
        this.#drop = resolve
      })
      const client = newClient(this.#options.address)
      client.on('error', this.#drop)
      const timer = setTimeout(this.#drop, CONNECT_MS, 'no answer')
      const connected = client.connect().then(
        () => undefined,
        (error: unknown) => error,
      )
      let why = await Promise.race([connected, died])
      clearTimeout(timer)
      if (why === undefined) {
        tries = 0
        this.#client = client
        this.#trouble = undefined
        this.#send(['CLIENT', 'SETNAME', this.#options.name]).catch(() => {})
        this.#options.onUp()
        why = await died
      }
      this.#client = undefined
      this.#trouble = wordsOf(why, this.#options.address)
      client.destroy()
      this.#options.onDown()
      const ms = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries)
      if (!this.#closed) await this.#rest.take(ms * (0.5 + this.#options.chance() / 2))
    }
  }
}

export const unavailable = (sentence: string): Fault =>
  new Fault('store_unavailable', sentence, { retryAfterS: 5 })

const MEANING: Readonly<Record<string, string>> = {
  OOM: 'is full: its maxmemory is used up',
  READONLY: 'is a replica that takes no writes',
  LOADING: 'is loading its data',
  MISCONF: 'cannot save to its disk and takes no writes',
  NOAUTH: 'wants a password',
  WRONGPASS: 'refuses the user or the password',
  NOPERM: 'does not permit this user what the gateway needs',
  BUSY: 'is busy with a script',
  NOREPLICAS: 'has not enough replicas to take writes',
  MASTERDOWN: 'has lost its master',
}

/** What is wrong, as one sentence that names the code of Redis or of the network, and no secret. */
export function wordsOf(error: unknown, { shown }: Pick<Address, 'shown'>): string {
  if (error instanceof Fault) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code !== undefined) return `Redis at ${shown} cannot be reached (${code})`
  const text = error instanceof Error ? error.message : String(error)
  const reply = codeOf(error)
  if (reply === undefined) return `Redis at ${shown} cannot be reached (${text})`
  const meaning = MEANING[reply]
  if (meaning !== undefined) return `Redis at ${shown} ${meaning} (${reply})`
  return `Redis at ${shown} refused a command (${reply}): ${text.slice(reply.length + 1)}`
}

/** The word that an error of Redis begins with. */
function codeOf(error: unknown): string | undefined {
  return /^([A-Z]{2,}) /.exec(error instanceof Error ? error.message : String(error))?.[1]
}
