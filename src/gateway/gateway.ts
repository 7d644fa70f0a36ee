import type { Config } from './config.ts'

export interface Gateway {
  /** `http://127.0.0.1:<port>`; another host when it listens on one address only. */
  readonly url: string
  readonly port: number
  /** Ordered shutdown, once however many ask: stop accepting, drain, interrupt the rest, close. */
  close(): Promise<void>
}

export interface Embedded {
  readonly agent: boolean
}

export async function startGateway(_config: Config, _embedded: Embedded = { agent: false }): Promise<Gateway> {
  throw new Error('not built yet')
}
