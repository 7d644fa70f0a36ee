import { createContext } from 'svelte'
import type { Api } from '../api.ts'
import { typeOf } from './bytes.ts'

const MOST_BYTES = 100_000_000

/** The agent's files: a link cannot bring the key, so they are fetched and shown from memory. */
export class AgentFiles {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  /** A picture or a PDF by its bytes, never by its name. Anything else would run as part of this page. */
  async shown(path: string, wanted: 'image' | 'pdf', signal: AbortSignal): Promise<Blob> {
    const bytes = await this.#bytes(path, signal)
    const type = typeOf(new Uint8Array(await bytes.slice(0, 16).arrayBuffer()))
    if (!type?.includes(wanted)) throw new Error(`its bytes are those of no ${wanted}`)
    return new Blob([bytes], { type })
  }

  /** Bytes to be saved, without a type that a browser would open. */
  async saved(path: string, signal: AbortSignal): Promise<Blob> {
    return new Blob([await this.#bytes(path, signal)], { type: 'application/octet-stream' })
  }

  async #bytes(path: string, signal: AbortSignal): Promise<Blob> {
    const response = await this.#api.expect(path, { signal })
    if (Number(response.headers.get('content-length')) > MOST_BYTES) {
      await response.body?.cancel()
      throw new Error('it is over 100 MB')
    }
    return response.blob()
  }
}

export const [agentFiles, setAgentFiles] = createContext<AgentFiles>()
