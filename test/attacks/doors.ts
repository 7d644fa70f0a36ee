import { KEY, WITH_KEY } from './place.ts'

/** A way of not having the key: what is sent in its place. */
export interface Pretence {
  readonly headers?: readonly string[]
  readonly query?: string
  readonly body?: string
  /** The parser refuses it before anyone asks for a key. */
  readonly malformed?: true
  /** What it does open: the page is for people, who may bring the key in the address. */
  readonly opensPage?: true
}

const many = (count: number) => Array.from({ length: count }, (_, n) => `H${n}:`)
const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
const encoded = encodeURIComponent(KEY)
const base64 = Buffer.from(KEY).toString('base64')

export const PRETENCES: readonly (readonly [name: string, how: Pretence])[] = [
  ['A1: nothing at all', {}],
  ['A2: an empty key', { headers: ['X-Ghost-Key:'] }],
  ['A2: a space', { headers: ['X-Ghost-Key:  '] }],
  ['A2: the beginning of the key', { headers: [`X-Ghost-Key: ${KEY.slice(0, -1)}`] }],
  ['A2: the key and a letter', { headers: [`X-Ghost-Key: ${KEY}x`] }],
  ['A2: the key in capitals', { headers: [`X-Ghost-Key: ${KEY.toUpperCase()}`] }],
  ['A2: the key encoded for an address', { headers: [`X-Ghost-Key: ${encoded}`] }],
  ['A2: the key in base64', { headers: [`X-Ghost-Key: ${base64}`] }],
  ['A2: a key of 12 kB', { headers: [`X-Ghost-Key: ${KEY.repeat(340)}`] }],
  ['A4: the key twice', { headers: [WITH_KEY, WITH_KEY] }],
  ['A4: a wrong key and the right one', { headers: ['X-Ghost-Key: wrong', WITH_KEY] }],
  ['A4: the right key and a wrong one', { headers: [WITH_KEY, 'x-ghost-key: wrong'] }],
  ['A4: the key and an empty one', { headers: [WITH_KEY, 'X-GHOST-KEY:'] }],
  ['A5: a key in UTF-8', { headers: [`X-Ghost-Key: ${bytes('kéy-ключ-鍵')}`] }],
  ['A5: a key in Latin-1', { headers: [`X-Ghost-Key: ${'é'.repeat(KEY.length)}`] }],
  ['A5: the key behind a byte order mark', { headers: [`X-Ghost-Key: ${bytes('\ufeff')}${KEY}`] }],
  [
    'A7: a folded header',
    { headers: [`X-Ghost-Key: ${KEY.slice(0, 9)}`, ` ${KEY.slice(9)}`], malformed: true },
  ],
  ['A7: NUL behind the key', { headers: [`X-Ghost-Key: ${KEY}\0`], malformed: true }],
  ['A7: a lone CR behind the key', { headers: [`X-Ghost-Key: ${KEY}\rX: y`], malformed: true }],
  ['A7: a space before the colon', { headers: [`X-Ghost-Key : ${KEY}`], malformed: true }],
  // Node hands on the first thousand and forgets the rest.
  ['A8: two thousand headers before the key', { headers: [...many(2_000), WITH_KEY] }],
  ['A9: the key as a bearer token', { headers: [`Authorization: Bearer ${KEY}`] }],
  [
    'A9: the key as a password',
    { headers: [`Authorization: Basic ${Buffer.from(`x:${KEY}`).toString('base64')}`] },
  ],
  ['A9: the key under other names', { headers: [`X-Api-Key: ${KEY}`, `Ghost-Key: ${KEY}`, `X-Key: ${KEY}`] }],
  ['A9: the key in the query', { query: `key=${encoded}`, opensPage: true }],
  [
    'A9: the key in the query under its other name',
    { query: `X-Ghost-Key=${encoded}&x-ghost-key=${encoded}` },
  ],
  ['A9: the key in a cookie', { headers: [`Cookie: ghost_page=${KEY}; key=${KEY}; x-ghost-key=${KEY}`] }],
  [
    'A9: the key in the body',
    { headers: ['Content-Type: application/json'], body: JSON.stringify({ key: KEY }) },
  ],
  ['A10: an underscored name', { headers: [`X_Ghost_Key: ${KEY}`] }],
  [
    'A10: what a proxy would say',
    {
      headers: [
        'X-Original-URL: /healthz',
        'X-Rewrite-URL: /healthz',
        'X-Forwarded-For: 127.0.0.1',
        'X-Real-IP: 127.0.0.1',
        'Forwarded: for=127.0.0.1;host=localhost',
        'X-Forwarded-Host: localhost',
        'X-Forwarded-User: admin',
      ],
    },
  ],
  [
    'A22: a token that is merely there',
    { headers: ['Sec-WebSocket-Protocol: token, xxx', 'Authorization: x'] },
  ],
]
