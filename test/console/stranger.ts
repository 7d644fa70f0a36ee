import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Another origin: it answers everything, to anyone, and remembers who came. */
export interface Stranger extends AsyncDisposable {
  readonly url: string
  /** Connections, with or without a request: one that is only opened ahead has told something already. */
  readonly visits: readonly string[]
  forget(): void
}

export async function startStranger(): Promise<Stranger> {
  const visits: string[] = []
  const server = createServer((request, response) => {
    visits.push(`${request.method} ${request.url}`)
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('content-type', 'text/html')
    response.end('<script>opener?.postMessage("stranger", "*")</script>')
  })
  server.on('connection', () => visits.push('connection'))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visits,
    forget() {
      visits.length = 0
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
