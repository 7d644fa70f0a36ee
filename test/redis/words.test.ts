import { describe, expect, test } from 'vitest'
import { addressOf } from '../../src/gateway/store/redis/address.ts'
import { doubts } from '../../src/gateway/store/redis/settings.ts'

describe('the address of a Redis', () => {
  test('has a host, and may have a port, a login, a database and TLS', () => {
    expect(addressOf('redis://localhost')).toEqual({
      host: 'localhost',
      port: 6379,
      tls: false,
      username: undefined,
      password: undefined,
      database: 0,
      shown: 'localhost:6379',
    })
    expect(addressOf('rediss://user:p%40ss@[::1]:6380/7')).toEqual({
      host: '::1',
      port: 6380,
      tls: true,
      username: 'user',
      password: 'p@ss',
      database: 7,
      shown: '[::1]:6380/7',
    })
    expect(addressOf('redis://:only@cache/').password).toBe('only')
  })

  test('is refused in words that do not repeat it', () => {
    const wrong = [
      'http://user:s3cret@host',
      'redis:s3cret',
      'redis://user:s3cret@',
      'redis://user:s3cret@host:port',
      'redis://user:s3cret@host/name',
      'redis://user:s3cret@host/1/2',
      'redis://user:s3cret%@host',
      'redis://user:s3cret@host?prefix=x',
      'redis://user:s3cret@host#x',
      's3cret',
      '',
    ]
    for (const url of wrong) {
      expect(() => addressOf(url), url).toThrow(/address of Redis/)
      expect(() => addressOf(url), url).not.toThrow(/s3cret/)
    }
  })

  test('is shown without user and password', () => {
    for (const login of ['', 'user@', ':s3cret@', 'user:s3cret@'])
      expect(addressOf(`redis://${login}host:1/2`).shown).toBe('host:1/2')
  })
})

describe('what is said about the settings of a Redis', () => {
  const info = (more: string) =>
    `# Server\r\nredis_version:7.0.15\r\nrole:master\r\n${more}\r\naof_enabled:1\r\n`

  test('is nothing when they keep answers', () => {
    expect(doubts(info('maxmemory_policy:noeviction'))).toBeUndefined()
    expect(doubts('')).toBeUndefined()
  })

  test('names each that does not', () => {
    for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])
      expect(doubts(info(`maxmemory_policy:${policy}`))).toMatch(`maxmemory-policy is ${policy}`)
    for (const policy of ['volatile-lru', 'volatile-ttl'])
      expect(doubts(info(`maxmemory_policy:${policy}`))).toMatch(`maxmemory-policy is ${policy}`)
    expect(doubts('aof_enabled:0')).toMatch('appendonly is no')
    expect(doubts('role:slave')).toMatch('replicaof')
  })

  test('names a version that is too old, and no other', () => {
    for (const version of ['2.8.19', '5.0.14', '6.0.16'])
      expect(doubts(`redis_version:${version}`)).toMatch(version)
    for (const version of ['6.2.0', '7.0.15', '8.2.1', '10.0.0'])
      expect(doubts(`redis_version:${version}`)).toBeUndefined()
  })

  test('is one line', () => {
    expect(doubts('redis_version:5.0.0\naof_enabled:0\nmaxmemory_policy:allkeys-lru')).not.toContain('\n')
  })
})
