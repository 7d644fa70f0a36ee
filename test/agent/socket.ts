import { createConnection } from 'node:net'

/** Sends bytes as they are and reads until the other side closes: what clients would tidy up stays untidy. */
export async function raw(url: string, request: string): Promise<string> {
  const { port } = new URL(url)
  const socket = createConnection({ host: '127.0.0.1', port: Number(port) })
  socket.write(request)
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

/** One GET of a path that is sent exactly so. */
export function rawGet(url: string, path: string, headers: readonly string[]): Promise<string> {
  return raw(
    url,
    [`GET ${path} HTTP/1.1`, 'Host: agent', 'Connection: close', ...headers, '', ''].join('\r\n'),
  )
}
