/** What the settings of a Redis would do to answers, in one line, from what INFO says. Undefined: nothing. */
export function doubts(info: string): string | undefined {
  const said = new Map(
    info.split(/\r?\n/).map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1)] as const
    }),
  )
  const version = said.get('redis_version')
  const policy = said.get('maxmemory_policy')
  const found = [
    version !== undefined && older(version) && `version ${version} is older than 6.2, which is needed`,
    policy?.startsWith('allkeys') &&
      `maxmemory-policy is ${policy}, which throws away answers that run; set it to noeviction`,
    policy?.startsWith('volatile') &&
      `maxmemory-policy is ${policy}, which throws away answers before their time; set it to noeviction`,
    said.get('aof_enabled') === '0' && 'appendonly is no, so that its restart loses answers; set it to yes',
    said.get('role') === 'slave' && 'it is a replica (replicaof is set), which takes no writes',
  ].filter(Boolean)
  return found.length > 0 ? found.join('; ') : undefined
}

function older(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 6 || (major === 6 && minor < 2)
}
