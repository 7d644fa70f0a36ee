import { isRecord } from '../said.ts'

/** What hears and what speaks behind the gateway, or how to get it, as the gateway says itself. Nothing when it says nothing. */
export async function engines(): Promise<readonly string[]> {
  const body: unknown = await fetch('/readyz', { cache: 'no-store' }).then(
    (response) => response.json().catch(() => undefined),
    () => undefined,
  )
  const voice = isRecord(body) && isRecord(body.voice) ? body.voice : {}
  if (voice.state === 'off') return ['this gateway has no voice server']
  if (voice.state === 'down') return ['the voice server does not answer']
  return [said('hears', voice.stt), said('speaks', voice.tts)].filter((it) => it !== undefined)
}

function said(what: string, direction: unknown): string | undefined {
  if (!isRecord(direction)) return undefined
  const { engine, detail } = direction
  if (typeof engine === 'string') return `${what} with ${engine}`
  return typeof detail === 'string' ? detail : undefined
}
