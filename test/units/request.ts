import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What the guard looks at of a request. */
export interface Asked {
  readonly url?: string
  readonly headers?: IncomingHttpHeaders
  readonly from?: string
  readonly tls?: boolean
}

/** A request that never was on a wire: the guard reads its head and the peer's address, nothing else. */
export const request = ({ url = '/', headers = {}, from = '192.0.2.1', tls = false }: Asked = {}) =>
  ({
    url,
    headers,
    socket: { remoteAddress: from, ...(tls && { encrypted: true }) },
  }) as unknown as IncomingMessage

/** The code of the fault that a call throws; undefined when it throws none. */
export function faultOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
  return undefined
}
