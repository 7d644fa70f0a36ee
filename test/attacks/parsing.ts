import { WITH_KEY } from './place.ts'

const BODY = '{"messages":[]}'
const CHUNKED = `f\r\n${BODY}\r\n0\r\n\r\n`
const TE = 'Transfer-Encoding: chunked'

const post = (...headers: readonly string[]) =>
  ['POST /api/chat HTTP/1.1', 'Host: gateway', WITH_KEY, ...headers, '', ''].join('\r\n')
const get = (line: string, ...headers: readonly string[]) =>
  [line, 'Host: gateway', WITH_KEY, ...headers, '', ''].join('\r\n')
/** What stands behind the first request and must never be heard as a second one. */
export const SMUGGLED = get('GET /api/chat/tasks HTTP/1.1')

const lengths = (length: string) => post(`Content-Length: ${length}`) + BODY
const coding = (value: string) => post(`Transfer-Encoding: ${value}`) + CHUNKED
const chunks = (text: string) => post(TE) + text

/** Requests that two servers could read in two ways: refused, and nothing behind them is heard. */
export const AMBIGUOUS: readonly (readonly [name: string, bytes: string])[] = [
  ['A35: a length, then chunks', post('Content-Length: 15', TE) + CHUNKED],
  ['A35: chunks, then a length', post(TE, 'Content-Length: 15') + CHUNKED],
  ['A35: one length twice', post('Content-Length: 15', 'Content-Length: 15') + BODY],
  ['A35: two lengths', post('Content-Length: 15', 'Content-Length: 16') + BODY],
  ['A35: two lengths in one header', lengths('15, 15')],
  ['A35: a length with a plus', lengths('+15')],
  ['A35: a length with a minus', lengths('-1')],
  ['A35: a length in hex', lengths('0x0f')],
  ['A35: an empty length', lengths('')],
  ['A35: a length of 2^64', lengths('18446744073709551616')],
  ['A35: a length of 2^64 and 15', lengths('18446744073709551631')],
  ['A35: a space before the colon of the length', post('Content-Length : 15') + BODY],
  ['A35: chunked, but not last', coding('chunked, identity')],
  ['A35: identity', coding('identity')],
  ['A35: almost chunked', coding('xchunked')],
  ['A35: chunked twice', post(TE, TE) + CHUNKED],
  ['A35: chunked and identity', post(TE, 'Transfer-Encoding: identity') + CHUNKED],
  ['A35: a space before the colon of the coding', post('Transfer-Encoding : chunked') + CHUNKED],
  ['A35: a vertical tab before chunked', coding('\x0bchunked')],
  ['A35: a body that is longer than its length', post('Content-Length: 10') + BODY],
  ['A36: a chunk size with 0x', chunks(`0xf\r\n${BODY}\r\n0\r\n\r\n`)],
  ['A36: a chunk size with a plus', chunks(`+f\r\n${BODY}\r\n0\r\n\r\n`)],
  ['A36: a chunk size below nothing', chunks(`-1\r\n${BODY}\r\n0\r\n\r\n`)],
  ['A36: a chunk size over 2^64', chunks(`1000000000000000f\r\n${BODY}\r\n0\r\n\r\n`)],
  ['A36: chunks that end with LF alone', chunks(`f\n${BODY}\n0\n\n`)],
  ['A36: LF in a chunk extension', chunks(`f;a\nb\r\n${BODY}\r\n0\r\n\r\n`)],
  ['A36: a chunk extension of 20 kB', chunks(`f;${'a'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`)],
  ['A36: no line end behind a chunk', chunks(`f\r\n${BODY}XX0\r\n\r\n`)],
]

/** Odd request lines and hosts. `heard`: the statuses that will do; 0 is a connection closed without a word. */
export const ODD: readonly (readonly [name: string, bytes: string, heard: readonly number[]])[] = [
  ['A38: two hosts', get('GET /api/chat/tasks HTTP/1.1', 'Host: other', 'Connection: close'), [400]],
  ['A38: no host', `GET /api/chat/tasks HTTP/1.1\r\n${WITH_KEY}\r\n\r\n`, [400]],
  [
    'A38: two hosts for a socket',
    get('GET /ws HTTP/1.1', 'Host: other', 'Connection: Upgrade', 'Upgrade: websocket'),
    [400],
  ],
  ['A38: the target *', get('GET * HTTP/1.1', 'Connection: close'), [400]],
  ['A38: OPTIONS *', get('OPTIONS * HTTP/1.1', 'Connection: close'), [400, 404]],
  ['A38: a target that looks like a host', get('GET //evil.example/x HTTP/1.1', 'Connection: close'), [404]],
  ['A38: CONNECT', get('CONNECT evil.example:80 HTTP/1.1'), [0, 400, 404, 405]],
  ['A38: TRACE', get('TRACE /api/chat/tasks HTTP/1.1', 'Connection: close'), [400, 404, 405]],
  ['A38: the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['A38: QUERY', get('QUERY /api/chat/tasks HTTP/1.1', 'Connection: close'), [400, 404, 405]],
  ['A38: HTTP/1.2', get('GET /api/chat/tasks HTTP/1.2'), [400]],
  ['A38: a method in small letters', get('get /api/chat/tasks HTTP/1.1'), [400]],
  ['A38: a space in the target', get('GET /api/chat tasks HTTP/1.1'), [400]],
  ['A38: bytes beyond ASCII in the target', get('GET /\xc3\xa9 HTTP/1.1'), [400]],
  ['A38: lines that end with LF alone', get('GET /api/chat/tasks HTTP/1.1').replaceAll('\r\n', '\n'), [400]],
  ['A43: a header of 17 kB', get('GET /api/chat/tasks HTTP/1.1', `H: ${'a'.repeat(17_000)}`), [431]],
  ['A43: a target of 17 kB', get(`GET /api/chat/tasks?${'a'.repeat(17_000)} HTTP/1.1`), [431]],
  ['A43: 20,000 headers', get('GET /api/chat/tasks HTTP/1.1', ...Array<string>(20_000).fill('a:')), [431]],
]
