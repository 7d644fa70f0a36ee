/**
 * What must not be installed, each with the advisory that says so. `below`: every version under it; `exactly`: versions that
 * somebody who was not the author had published. A list that grows by hand: the build asks no server.
 */
export interface KnownBad {
  readonly name: string
  readonly why: string
  readonly below?: string
  readonly exactly?: readonly string[]
}

const below = (name: string, version: string, why: string): KnownBad => ({ name, below: version, why })
const exactly = (name: string, why: string, ...versions: string[]): KnownBad => ({
  name,
  exactly: versions,
  why,
})

export const KNOWN_BAD: readonly KnownBad[] = [
  below('ws', '8.21.0', 'CVE-2024-37890, CVE-2026-45736, CVE-2026-48779'),
  below('undici', '6.24.0', 'CVE-2026-22036, CVE-2026-1525 to 1528, CVE-2026-2229, CVE-2026-2581'),
  below('mermaid', '11.16.1', 'GHSA-6x64-9x62-f2gx (CVE-2026-50159), GHSA-3rrr-jr9j-h3q3'),
  below('dompurify', '3.4.14', 'CVE-2026-41238, CVE-2026-41240, GHSA-55q2-fjhq-7xh7'),
  below('fastify', '5.8.5', 'CVE-2025-32442, CVE-2026-25223, CVE-2026-33806, CVE-2026-3635'),
  below('@fastify/static', '9.1.1', 'CVE-2026-6414: an encoded slash passes guards'),
  below('@fastify/reply-from', '12.7.0', 'CVE-2026-33805, CVE-2026-107318: no TLS verification'),
  below('@fastify/http-proxy', '11.6.6', 'CVE-2026-120213: parameters decoded into the path'),
  below('ansi_up', '5.0.0', 'CVE-2021-3377'),
  exactly('chalk', 'taken over in September 2025', '5.6.1'),
  exactly('debug', 'taken over in September 2025', '4.4.2'),
  exactly('ansi-styles', 'taken over in September 2025', '6.2.2'),
  exactly('strip-ansi', 'taken over in September 2025', '7.1.1'),
  exactly('ansi-regex', 'taken over in September 2025', '6.2.1'),
  exactly('wrap-ansi', 'taken over in September 2025', '9.0.1'),
  exactly('color-convert', 'taken over in September 2025', '3.1.1'),
  exactly('color-name', 'taken over in September 2025', '2.0.1'),
  exactly('supports-color', 'taken over in September 2025', '10.2.1'),
  exactly('is-arrayish', 'taken over in September 2025', '0.3.3'),
  exactly('event-stream', 'taken over in November 2018', '3.3.6'),
  exactly('ua-parser-js', 'taken over in October 2021', '0.7.29', '0.8.0', '1.0.0'),
]

const parts = (version: string) => version.split('-')[0]?.split('.').map(Number) ?? []

/** Whether version `a` comes before `b`. One that is not yet released counts as the release. */
export function before(a: string, b: string): boolean {
  const [left, right] = [parts(a), parts(b)]
  for (const [i, number] of left.entries()) {
    const other = right[i] ?? 0
    if (number !== other) return number < other
  }
  return false
}

/** Why this version must not be here, if it must not. */
export const complaint = (name: string, version: string): string | undefined =>
  KNOWN_BAD.find(
    (bad) =>
      bad.name === name &&
      (bad.exactly?.includes(version) || (bad.below !== undefined && before(version, bad.below))),
  )?.why
