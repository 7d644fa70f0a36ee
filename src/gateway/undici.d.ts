/** The pool alone: undici's front door also loads fetch, cookies, caches and Node's own copy of itself, 30 ms of every start. */
declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici'

  const pool: typeof Pool
  // biome-ignore lint/style/noDefaultExport: CommonJS, so this is how it is imported
  export default pool
}

declare module 'undici/lib/core/connect.js' {
  import type { buildConnector } from 'undici'

  const build: typeof buildConnector
  // biome-ignore lint/style/noDefaultExport: CommonJS, so this is how it is imported
  export default build
}
