/**
 * The address without the key, or undefined when there is none in it. The name is compared decoded: `?%6bey=` is
 * the same parameter.
 */
export function withoutKey(href: string): string | undefined {
  const url = new URL(href)
  if (!url.searchParams.has('key')) return undefined
  const kept = [...url.searchParams].filter(([name]) => name !== 'key')
  url.search = new URLSearchParams(kept).toString()
  return url.href
}
