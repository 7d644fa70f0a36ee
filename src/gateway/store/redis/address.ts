/** Where a Redis is and how to log in. `shown` is what may be printed: it has neither user nor password. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly shown: string
}

const FORM = 'redis://[user:password@]host[:port][/database], or rediss:// for TLS'

/** @throws Error that says what is wrong and never what was given, since that has the password */
export function addressOf(url: string): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^rediss?:$/.test(parsed.protocol) || !parsed.hostname)
    throw new Error(`the address of Redis must have the form ${FORM}`)
  const { hostname, port, pathname, search, hash } = parsed
  if (search || hash) throw new Error('the address of Redis must have neither a query nor a fragment')
  const database = /^\/?(\d{0,5})$/.exec(pathname)?.[1]
  if (database === undefined) throw new Error('the database in the address of Redis must be a number')
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const at = { host, port: Number(port || 6379), database: Number(database || 0) }
  return {
    ...at,
    tls: parsed.protocol === 'rediss:',
    username: plain(parsed.username),
    password: plain(parsed.password),
    shown: `${hostname}:${at.port}${at.database > 0 ? `/${at.database}` : ''}`,
  }
}

function plain(encoded: string): string | undefined {
  if (encoded === '') return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw new Error('user and password in the address of Redis must be percent-encoded where they have a %')
  }
}
